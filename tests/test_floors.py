"""The fences that import-linter cannot draw, because it knows of a library only its first name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "ivrkit"

# What of Twilio's library each part may have. `twilio.rest` takes a second to import: the account alone has it.
ALLOWED = {
    "flow": ("twilio.twiml",),
    "states": ("twilio.twiml",),
    "web": ("twilio.request_validator",),
    "cli/twilio_account": ("twilio.rest", "twilio.http", "twilio.base"),
}


def imported_names(code: str) -> Iterator[str]:
    """Give the full name of everything that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def strangers(part: str, code: str) -> list[str]:
    """List what a module of a part imports of Twilio's library and may not."""
    allowed = ALLOWED.get(part, ())
    return [
        name
        for name in imported_names(code)
        if name.split(".")[0] == "twilio" and not any(f"{name}.".startswith(f"{fence}.") for fence in allowed)
    ]


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_each_part_knows_its_own_piece_of_twilio(path):
    """TwiML is for the call flow and the states, the signature for the web host, REST for the account alone."""
    part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if path.relative_to(SOURCE).as_posix() == "cli/twilio_account.py":
        part = "cli/twilio_account"
    assert strangers(part, path.read_text(encoding="utf-8")) == []


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
def test_a_piece_of_twilio_in_the_wrong_part_is_seen(part, code):
    """The fence holds, whichever way an import is written."""
    assert len(strangers(part, code)) == 1
