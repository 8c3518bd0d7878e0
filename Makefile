# What a checkout needs, with Python 3.11 or newer and make alone: `make help` lists it.
# Whatever is installed goes into folders of this checkout: .venv (run), .venv-tox and .tox (the tests).

PORT ?= 5000

# The first Python on the PATH that runs and is new enough; `make PYTHON=/path/to/python3.12 ...` names another.
ifndef PYTHON
PYTHON := $(shell for name in python3 python python3.13 python3.12 python3.11 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
endif

TOX := .venv-tox/bin/tox
# An interpreter is what the machine has, never a download.
export UV_PYTHON_DOWNLOADS := never

# STRICT=1: what would be skipped fails. Python 3.14 alone is still run only where it is.
ifneq ($(filter-out 0,$(STRICT)),)
export STRICT
TEST_ALL = $(if $(shell .venv-tox/bin/uv python find 3.14 2>/dev/null),,TOX_SKIP_ENV='^py314-') \
	$(TOX) run-parallel --skip-missing-interpreters=false
else
unexport STRICT
TEST_ALL = $(TOX) run-parallel
endif

.PHONY: help run phone test soak coverage docs pages mutants bench clean
.DEFAULT_GOAL := help

help:  ## List these targets.
	@sed -n 's/^\([a-z]*\):[^#]*##  *\(.*\)/\1|\2/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r target text; do printf '  make %-10s %s\n' "$$target" "$$text"; done

run: .venv/.installed  ## Serve the phone tree on http://127.0.0.1:5000 with Acme's states; PORT=8000 for another port.
	.venv/bin/ivrkit serve --dev --port $(PORT)

phone: .venv/.installed  ## Call that tree from the keyboard; PHONE='--json' or a URL for more of `ivrkit phone`.
	@.venv/bin/ivrkit phone $(PHONE)

test: .venv-tox/.installed  ## Run all checks and tests on every Python found; STRICT=1 fails what it would skip.
	$(TEST_ALL) --parallel auto --parallel-no-spinner

# There is an environment for each core; with two workers each, one works while the other waits.
test: export PYTEST_XDIST_AUTO_NUM_WORKERS ?= 2

soak: .venv-tox/.installed  ## Run the tests of calls under load at full size, one by one, with their figures. Takes an hour.
	IVRKIT_CALLS=full IVRKIT_CALLS_AT_ONCE=0 $(TOX) run -e calls

coverage: .venv-tox/.installed  ## Run the tests and show each line and branch of the core that none of them ran.
	$(TOX) run -e coverage

docs: .venv-tox/.installed  ## Build the pages into docs/_build/html and run their examples.
	$(TOX) run -e docs

pages: .venv/.installed  ## Write the pages of the hooks anew, from the docstrings in src/ivrkit/hookspecs.py.
	.venv/bin/python -m docs.hook_pages

mutants: .venv-tox/.installed  ## Put small problems into the call flow and the loader: do the tests notice? Takes long.
	$(TOX) run -e mutants

bench: .venv/.installed  ## Measure what benchmarks/ measures.
	.venv/bin/python -m benchmarks
	.venv/bin/python -m benchmarks.simulator

clean:  ## Remove whatever these targets made.
	rm -rf .venv .venv-tox .tox docs/_build dist mutants htmlcov .coverage .coverage.* \
		.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each environment has a file that is as old as its last installation, so that nothing is installed twice.
.venv/.installed: pyproject.toml plugins/acme_states/pyproject.toml Makefile
	$(call new_environment,.venv,uv)
	.venv/bin/uv pip install --quiet --python .venv --editable '.[server]' --editable plugins/acme_states
	@touch $@

.venv-tox/.installed: tox.ini Makefile
	$(call new_environment,.venv-tox,tox tox-uv)
	@touch $@

# $(1) is the folder, $(2) what pip puts there. uv then does in seconds what takes pip a minute.
define new_environment
@$(or $(PYTHON),python3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "ivrkit needs Python 3.11 or newer; this one answers: $$($(or $(PYTHON),python3) --version 2>&1)"; \
	echo "  hint: install one, or name one that is not on the PATH: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; \
	exit 1; } >&2
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) cannot make environments: its modules venv and ensurepip are not there."; \
	echo "  hint: on Debian and Ubuntu they are the package python3-venv"; \
	exit 1; } >&2
@test -x $(1)/bin/pip || $(PYTHON) -m venv $(1)
$(1)/bin/pip install --quiet --disable-pip-version-check --upgrade $(2)
endef
