"""The Spanish translations."""

import ast
from pathlib import Path

from babel.messages.pofile import read_po

import appointment_reminders


def test_every_text_has_a_spanish_translation() -> None:
    """Each ``Text`` in the source is translated, also those of functions, which the host cannot check at start."""
    folder = Path(appointment_reminders.__file__).parent
    nodes = [node for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    texts = {
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Text"
        and isinstance(node.args[0], ast.Constant)
    }
    with (folder / "locale/es/LC_MESSAGES/messages.po").open("rb") as file:
        translated = {message.id for message in read_po(file) if message.id and message.string}
    assert texts == translated
