# Everything that a checkout needs: Python 3.11 or newer, and make. `make help` lists the targets.
# All packages are installed into folders of this checkout: .venv (run), .venv-tox and .tox (tests).

PORT ?= 5000

# The first suitable Python on the PATH; `make PYTHON=/path/to/python3.12 ...` names another one.
ifndef PYTHON
PYTHON := $(shell for name in python3 python python3.13 python3.12 python3.11 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$name && break; done)
endif

TOX := .venv-tox/bin/tox
# Use the interpreters of the machine; never download one.
export UV_PYTHON_DOWNLOADS := never

# The environments that need one Python and no server; tox.ini describes each.
ONE_PYTHON := suite,docs,type,core,plugins,package,random,lint
# A flag is on if it is set to anything but 0.
on = $(filter-out 0,$(1))
# With STRICT=1, a test that would be skipped fails, and so does a missing Python. Python 3.14 may always be missing.
ifneq ($(call on,$(STRICT)),)
export STRICT
STRICT_TOX = --skip-missing-interpreters=false
WITHOUT_314 = $(if $(shell .venv-tox/bin/uv python find 3.14 2>/dev/null),,TOX_SKIP_ENV='^py314-')
else
unexport STRICT
endif

.PHONY: help run phone test soak coverage docs pages mutants bench clean
.DEFAULT_GOAL := help

help:  ## List these targets.
	@sed -n 's/^\([a-z]*\):[^#]*##  *\(.*\)/\1|\2/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r target text; do printf '  make %-10s %s\n' "$$target" "$$text"; done

run: .venv/.installed  ## Serve the example phone tree on http://127.0.0.1:5000; PORT=8000 for another port.
	.venv/bin/ivrkit serve --dev --port $(PORT)

phone: .venv/.installed  ## Call that tree from the keyboard; PHONE='--json' passes options or a URL.
	@.venv/bin/ivrkit phone $(PHONE)

test: .venv-tox/.installed  ## Run all tests that need one Python and no server; ALL=1 for everything.
ifneq ($(call on,$(ALL)),)
	@echo "make test ALL=1: everything, on each Python that is installed: checks, the suite with Redis and PostgreSQL,"
	@echo "the files of deploy/ behind nginx and Caddy, servers under load and attack, new projects. About 20 minutes on two cores."
	$(WITHOUT_314) $(TOX) run-parallel $(STRICT_TOX) --parallel auto --parallel-no-spinner
else
	@echo "make test: style, types, docs, wheels, and the suite with $$($(PYTHON) --version). About 5 minutes on two cores."
	@echo "Not run: other Pythons, Redis, PostgreSQL, nginx, load. For everything: make test ALL=1 (about 20 minutes)."
	$(TOX) run-parallel $(STRICT_TOX) -e $(ONE_PYTHON) --parallel auto --parallel-no-spinner
endif

# tox runs one environment per core. Two pytest workers each: one works while the other waits.
test: export PYTEST_XDIST_AUTO_NUM_WORKERS ?= 2

soak: .venv-tox/.installed  ## Run load tests and attacks at full size. Takes two hours.
	IVRKIT_CALLS=full IVRKIT_CALLS_AT_ONCE=0 $(TOX) run -e calls
	IVRKIT_ATTACK=full $(TOX) run -e attack

coverage: .venv-tox/.installed  ## Run the suite and list each line and branch that no test runs.
	$(TOX) run -e coverage

docs: .venv-tox/.installed  ## Build the documentation into docs/_build/html and run its examples.
	$(TOX) run -e docs

pages: .venv/.installed  ## Rewrite the generated pages: hooks (from hookspecs.py), picture of a call.
	.venv/bin/uv pip install --quiet --python .venv rich
	.venv/bin/python -m docs.hook_pages
	.venv/bin/python -m docs.picture

mutants: .venv-tox/.installed  ## Change the core in small ways, to see if the tests notice. Takes long.
	$(TOX) run -e mutants

bench: .venv/.installed  ## Run the measurements in benchmarks/.
	.venv/bin/python -m benchmarks
	.venv/bin/python -m benchmarks.simulator
	.venv/bin/python -m benchmarks.deadlines

clean:  ## Remove everything that these targets create.
	rm -rf .venv .venv-tox .tox docs/_build dist mutants htmlcov .coverage .coverage.* ivrkit-sessions.sqlite3* \
		.pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A file in each environment is as old as its last installation, so that nothing is installed twice.
.venv/.installed: pyproject.toml plugins/acme_states/pyproject.toml Makefile
	$(call new_environment,.venv,uv)
	.venv/bin/uv pip install --quiet --python .venv --editable '.[server]' --editable plugins/acme_states
	@touch $@

.venv-tox/.installed: tox.ini Makefile
	$(call new_environment,.venv-tox,tox tox-uv)
	@touch $@

# $(1) is the folder, $(2) the packages that pip installs into it. uv then takes seconds where pip takes a minute.
define new_environment
@$(or $(PYTHON),python3) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "ivrkit needs Python 3.11 or newer, not $$($(or $(PYTHON),python3) --version 2>&1)"; \
	echo "  hint: install one, or name one that is not on the PATH: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; \
	exit 1; } >&2
@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) cannot create environments: its modules venv and ensurepip are missing."; \
	echo "  hint: on Debian and Ubuntu, install the package python3-venv"; \
	exit 1; } >&2
@test -x $(1)/bin/pip || $(PYTHON) -m venv $(1)
$(1)/bin/pip install --quiet --disable-pip-version-check --upgrade $(2)
endef
