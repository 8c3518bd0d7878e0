"""The pages about deploy/ list each file, and show it unchanged."""

import re
from pathlib import Path

import pytest
from tests.processes import DEPLOY

DOCS = DEPLOY.parent / "docs"
README = DEPLOY / "README.md"
PRODUCTION = DOCS / "how-to" / "production.md"
FILES = sorted(path.name for path in DEPLOY.iterdir() if path != README and path.is_file())


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_listed_and_shown(name: str):
    """Each file of deploy/ has a row in the README's table, and the production guide includes the file itself."""
    assert f"| `{name}` |" in README.read_text(encoding="utf-8")
    assert f"{{literalinclude}} ../../deploy/{name}\n" in PRODUCTION.read_text(encoding="utf-8")


def test_no_page_names_a_missing_file():
    """Each row of the README's table is a file of deploy/, and each file that a page includes exists."""
    rows = re.findall(r"^\| `([\w.-]+)` \| .* \| .* \|$", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(rows) == FILES
    for page in DOCS.glob("*/*.md"):
        for included in re.findall(r"\{literalinclude\} (\S+)", page.read_text(encoding="utf-8")):
            assert Path(page.parent, included).is_file(), (page, included)


def test_the_readme_and_the_production_guide_link_to_each_other():
    """A reader of either finds the other."""
    assert "(../docs/how-to/production.md)" in README.read_text(encoding="utf-8")
    assert "`deploy/README.md`" in PRODUCTION.read_text(encoding="utf-8")


def test_both_pages_list_the_variables_that_a_server_needs():
    """The README and the production guide have a row for each of the three environment variables."""
    for page in (README, PRODUCTION):
        for variable in ("TWILIO_AUTH_TOKEN", "IVRKIT_TRUSTED_PROXIES", "IVRKIT_SESSION_URL"):
            assert f"| `{variable}` |" in page.read_text(encoding="utf-8")
