"""What the pages say of deploy/: each file is listed, and shown as it is."""

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
    """The table says what it is for, and the page includes the file itself, so that it cannot drift."""
    assert f"| `{name}` |" in README.read_text(encoding="utf-8")
    assert f"{{literalinclude}} ../../deploy/{name}\n" in PRODUCTION.read_text(encoding="utf-8")


def test_no_file_is_named_that_there_is_not():
    """As many rows as files, and every file that a page includes is there."""
    rows = re.findall(r"^\| `([\w.-]+)` \| .* \| .* \|$", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(rows) == FILES
    for page in DOCS.glob("*/*.md"):
        for included in re.findall(r"\{literalinclude\} (\S+)", page.read_text(encoding="utf-8")):
            assert Path(page.parent, included).is_file(), (page, included)


def test_each_page_leads_to_the_other():
    """Who finds the files finds the page, and the other way round."""
    assert "(../docs/how-to/production.md)" in README.read_text(encoding="utf-8")
    assert "`deploy/README.md`" in PRODUCTION.read_text(encoding="utf-8")


def test_both_name_the_settings_that_a_server_needs():
    """A reader of either sets the same variables."""
    for page in (README, PRODUCTION):
        for variable in ("TWILIO_AUTH_TOKEN", "IVRKIT_TRUSTED_PROXIES", "IVRKIT_SESSION_URL"):
            assert f"| `{variable}` |" in page.read_text(encoding="utf-8")
