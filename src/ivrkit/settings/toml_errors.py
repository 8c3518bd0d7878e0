"""The errors of files that are not valid TOML. Each error has the line number, the line, the reason and a hint."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from ivrkit.errors import SettingsError

_GENERAL_HINT = "write it as TOML, in UTF-8: https://toml.io"
#: The longest part of a line that a message quotes.
_MAX_QUOTED = 60
#: A heading without quotes. A line that begins with ``["`` may also be a list of secret texts.
_HEADING = re.compile(r"\[+[A-Za-z0-9_. -]+\]*")
#: The position in the message of the parser.
_POSITION = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


class _Reason(NamedTuple):
    """The explanation of an error message of the TOML parser.

    :param pattern: the beginning of the parser's message.
    :param reason: the reason of the error in plain words.
    :param hint: how to fix the error.
    """

    pattern: str
    reason: str
    hint: str


#: The messages of ``tomllib``: https://github.com/python/cpython/blob/main/Lib/tomllib/_parser.py.
_REASONS = (
    _Reason("Cannot overwrite a value", "the key is written twice", "remove one of the two lines"),
    _Reason("Cannot declare", "the table is written twice", "write all keys of the table below one heading"),
    _Reason("Illegal character '\\n'", "the quote is not closed", 'close it with ", or use """ for several lines'),
    _Reason("Unterminated string", "the quote is not closed", 'close it with "'),
    _Reason("Expected \"'''\"", "the quote is not closed", "close it with '''"),
    _Reason('Expected \'"""\'', "the quote is not closed", 'close it with """'),
    _Reason('Expected "\'"', "the quote is not closed", "close it with '"),
    _Reason(
        "Found invalid character '\\n'", "the quote is not closed", "close it with ', or use ''' for several lines"
    ),
    _Reason("Unclosed array", "the list is not closed, or a comma is missing", "close it with ], and write commas"),
    _Reason(
        "Unclosed inline table", "the table is not closed, or a comma is missing", "close it with }, and write commas"
    ),
    _Reason(
        "Expected ']' at the end of a table", "the heading is not a table", "write [table], with odd names in quotes"
    ),
    _Reason("Invalid value", "the value is not valid in TOML", 'write a text in quotes, such as name = "text"'),
    _Reason("Expected '=' after a key", "the line is not a key with a value", 'write key = "text", or [table]'),
    _Reason(
        "Expected newline or end of document after a statement",
        "more text follows the value",
        "put a text in quotes, or start a new line",
    ),
    _Reason("Unescaped '\\' in a string", r"\ begins a special character", r"write \\, or use single quotes"),
)


def undecodable(path: Path, error: UnicodeDecodeError) -> SettingsError:
    """Return the error for a file whose text is not encoded in UTF-8."""
    data = error.object  # without a byte order mark
    line = data[: error.start].count(b"\n") + 1
    return SettingsError(
        f"{path.name}:{line}: the byte 0x{data[error.start]:02x} is not UTF-8", hint="save the file as UTF-8"
    )


def unreadable(path: Path, error: OSError) -> SettingsError:
    """Return the error for a file that the operating system cannot open."""
    if isinstance(error, IsADirectoryError):
        return SettingsError(f"{path.name} must be a file, not a folder", hint=f"rename the folder {path}")
    if isinstance(error, PermissionError):
        return SettingsError(
            f"{path.name} cannot be read: permission denied", hint=f"let this user read the file {path}"
        )
    return SettingsError(f"{path.name} cannot be read: {error.strerror}", hint=f"check the file {path}")


def not_toml(path: Path, text: str, error: Exception, *, hide_values: bool) -> SettingsError:
    """Return the error for a file whose text is not valid TOML. The error quotes the invalid line.

    :param path: the path of the file.
    :param text: the text of the file.
    :param error: the error of the TOML parser.
    :param hide_values: whether the values of the file may be secret. If so, only the key or the heading is quoted.
    """
    position = _POSITION.search(str(error))
    if position is None:
        return SettingsError(f"{path.name} cannot be read: {error}", hint=_GENERAL_HINT)
    lines = text.rstrip().split("\n")
    number = int(position[1]) if position[1] else len(lines)
    message = str(error)[: position.start()]
    quoted = _quoted(lines[number - 1].strip(), hide_values=hide_values)
    known = next((each for each in _REASONS if message.startswith(each.pattern)), _Reason("", message, _GENERAL_HINT))
    return SettingsError(f"{path.name}:{number}: {known.reason}: {quoted}", hint=known.hint)


def _quoted(line: str, *, hide_values: bool) -> str:
    """Return a line of a file in the form in which error messages quote it: short, and with printable characters only.

    :param line: the line.
    :param hide_values: whether to leave out everything behind the key or the heading.
    """
    if hide_values:
        line = _without_value(line)
    shown = "".join(each if each.isprintable() else "?" for each in line)
    return shown if len(shown) <= _MAX_QUOTED else f"{shown[:_MAX_QUOTED]}..."


def _without_value(line: str) -> str:
    """Return the key or the heading at the beginning of a line, with ``...`` in place of the rest."""
    # A value may also stand behind a heading, by mistake: [table] key = "value".
    key, equals, _ = line.partition("=")
    if equals:
        return f"{key}= ..."
    heading = _HEADING.match(line)
    if heading is None:
        return "..."
    return heading[0] if heading[0] == line else f"{heading[0]} ..."
