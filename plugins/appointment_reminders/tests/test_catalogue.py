"""The words in Spanish."""

import ast
from pathlib import Path

from babel.messages.pofile import read_po

import appointment_reminders


def test_every_sentence_has_spanish_words() -> None:
    """The host warns of texts that it knows at start; those of exit functions are compared here."""
    folder = Path(appointment_reminders.__file__).parent
    nodes = [node for path in folder.glob("*.py") for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    written = {
        node.args[0].value
        for node in nodes
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Text"
        and isinstance(node.args[0], ast.Constant)
    }
    with (folder / "locale/es/LC_MESSAGES/messages.po").open("rb") as file:
        translated = {message.id for message in read_po(file) if message.id and message.string}
    assert written == translated
