"""The security policy: it is complete, and its links lead to pages of the documentation."""

import re
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
POLICY = (CHECKOUT / "SECURITY.md").read_text(encoding="utf-8")


def test_the_policy_says_how_to_report_and_what_is_promised():
    """SECURITY.md has a private way to report, the promises, and what is not promised."""
    assert re.findall(r"^## (.+)$", POLICY, flags=re.MULTILINE) == [
        "Report a vulnerability",
        "What is promised",
        "What is not promised",
    ]
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"{project['urls']['Source']}/security/advisories/new" in POLICY
    assert project["urls"]["Security"].endswith("/SECURITY.md")


def test_the_policy_links_to_a_page_that_exists():
    """The link to the documentation is the address of a page in ``docs``."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (page,) = re.findall(re.escape(project["urls"]["Documentation"]) + r"/en/latest/(\S+)\.html", POLICY)
    assert (CHECKOUT / "docs" / f"{page}.md").exists()
