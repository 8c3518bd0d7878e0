"""The architecture page is true, and the parts of Twilio's library stay where it says.

import-linter checks the floors themselves (``lint-imports``). It sees only the first name of a library, so the rules
about the submodules of ``twilio`` are checked here.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
SOURCE = CHECKOUT / "src" / "ivrkit"
PAGE = CHECKOUT / "docs" / "explanation" / "architecture.md"

# Room or module -> the submodules of twilio that it may import. `twilio.rest` takes a second to import.
ALLOWED = {
    "flow": ("twilio.twiml",),
    "states": ("twilio.twiml",),
    "web": ("twilio.request_validator",),
    "cli/twilio_account": ("twilio.rest", "twilio.http", "twilio.base"),
}


def contracts(contract_type: str) -> list[dict]:
    """Return import-linter's contracts of a type, as pyproject.toml has them."""
    with (CHECKOUT / "pyproject.toml").open("rb") as file:
        found = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    return [each for each in found if each["type"] == contract_type]


def table(heading: str) -> list[list[set[str]]]:
    """Return the rows of the table below a heading of the page, each cell as the set of its names in code style."""
    section = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [[set(re.findall(r"`([^`]+)`", cell)) for cell in row] for row in rows]


def imported_names(code: str) -> Iterator[str]:
    """Return the full name of everything that a module imports, also inside of functions."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden_imports(part: str, code: str) -> list[str]:
    """Return the imports from Twilio's library that a part of the source may not have."""
    allowed = ALLOWED.get(part, ())
    return [
        name
        for name in imported_names(code)
        if name.split(".")[0] == "twilio" and not any(f"{name}.".startswith(f"{each}.") for each in allowed)
    ]


def test_the_page_lists_the_floors_that_are_checked():
    """The table of floors has the same rooms in the same order as the contract of import-linter."""
    (floors,) = (each["layers"] for each in contracts("layers") if each["containers"] == ["ivrkit"])
    assert [row[0] for row in table("The floors")] == [set(re.findall(r"\w+", floor)) for floor in floors]


def test_every_room_of_the_source_is_on_a_floor():
    """Each folder and module of the package is in the table, and nothing else is."""
    rooms = {path.stem for path in SOURCE.glob("*.py")} | {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert set().union(*(row[0] for row in table("The floors"))) == rooms - {"__init__"}


def test_the_page_lists_the_protected_libraries():
    """The table of libraries names the same importers as the contracts of import-linter."""
    checked = [(set(each["protected_modules"]), set(each["allowed_importers"])) for each in contracts("protected")]
    assert [tuple(row) for row in table("Where a library may be imported")] == checked


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_each_part_imports_only_its_own_piece_of_twilio(path):
    """TwiML is imported by the call flow and the states, the validator by the web host, REST by the account client."""
    name = path.relative_to(SOURCE).with_suffix("").as_posix()
    part = name if name in ALLOWED else name.split("/")[0]
    assert forbidden_imports(part, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("web", "from twilio.twiml.voice_response import Say"),
        ("flow", "import twilio.rest"),
        ("flow", "from twilio import rest"),
        ("states", "def state():\n    from twilio.request_validator import RequestValidator"),
        ("cli", "import twilio"),
        ("plugins", "from twilio.twiml import TwiML"),
        ("flow", "import twilio.twimlish"),
    ],
)
def test_a_forbidden_import_is_found_in_every_form(part, code):
    """An import of the wrong part of Twilio's library is found, whichever way it is written."""
    assert len(forbidden_imports(part, code)) == 1
