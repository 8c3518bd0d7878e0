"""TOML files that cannot be read or parsed: file, line, the line's text, the reason and the fix."""

import time
from pathlib import Path

import pytest

from ivrkit import SettingsError
from ivrkit.settings.toml_file import TomlFile


def error_of(path: Path, *, hide_values: bool = False) -> tuple[str, str]:
    """Return the message and the hint of the error for a file."""
    with pytest.raises(SettingsError) as caught:
        TomlFile(path, hide_values=hide_values)
    return caught.value.message, caught.value.hint


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that does not exist."""
    return tmp_path / "a.flow.toml"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("a = 1\na = 2", "2: the key is written twice: a = 2", "remove one of the two lines"),
        ("[a]\nb = 1\n[a]", "3: the table is written twice: [a]", "write all keys of the table below one heading"),
        ('a = "b\nc = 1', '1: the quote is not closed: a = "b', 'close it with ", or use """ for several lines'),
        ('a = "', '1: the quote is not closed: a = "', 'close it with "'),
        ("a = '", "1: the quote is not closed: a = '", "close it with '"),
        ("a = 'b\nc'", "1: the quote is not closed: a = 'b", "close it with ', or use ''' for several lines"),
        ("a = '''\nb", "2: the quote is not closed: b", "close it with '''"),
        ("a = [1,\n2\n\n", "2: the list is not closed, or a comma is missing: 2", "close it with ], and write commas"),
        ("a={b=1", "1: the table is not closed, or a comma is missing: a={b=1", "close it with }, and write commas"),
        ("[a", "1: the heading is not a table: [a", "write [table], with odd names in quotes"),
        ("a = b", "1: the value is not valid in TOML: a = b", 'write a text in quotes, such as name = "text"'),
        ("a b", "1: the line is not a key with a value: a b", 'write key = "text", or [table]'),
        ("a = 1 b", "1: more text follows the value: a = 1 b", "put a text in quotes, or start a new line"),
        ('a = "\\d"', '1: \\ begins a special character: a = "\\d"', "write \\\\, or use single quotes"),
        ("= 3", "1: Invalid statement: = 3", "write it as TOML, in UTF-8: https://toml.io"),
        ("\n\ta = '\x01'", "2: Found invalid character '\\x01': a = '?'", "write it as TOML, in UTF-8: https://toml.io"),
        (f"= {'b' * 99}", f"1: Invalid statement: = {'b' * 58}...", "write it as TOML, in UTF-8: https://toml.io"),
    ],
)  # fmt: skip
def test_a_syntax_error_has_its_line(path, text, message, hint):
    """The error of the parser becomes the line, the reason in plain words, the text of the line and the fix."""
    path.write_text(text, encoding="utf-8")
    assert error_of(path) == (f"a.flow.toml:{message}", hint)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('token = "secret', "the quote is not closed: token = ..."),
        ('token = [\n"secret', "the quote is not closed: ..."),
        ('token = [\n["secret', "the quote is not closed: ..."),
        ('[tokens] a = "secret"', "more text follows the value: [tokens] a = ..."),
        ('[tokens] "secret"', "more text follows the value: [tokens] ..."),
        ("[tokens", "the heading is not a table: [tokens"),
        ("[token", "the heading is not a table: [token"),
    ],
)
def test_a_value_can_be_hidden(path, text, shown):
    """With ``hide_values``, the quoted line has only its key, and a line without a key is not quoted."""
    path.write_text(text, encoding="utf-8")
    assert error_of(path, hide_values=True)[0].endswith(f": {shown}")


@pytest.mark.parametrize("data", [b"a = 1\nb = '\xff'\n", b"\xef\xbb\xbfa = 1\r\nb = '\xff'\r\n"])
def test_another_encoding_has_its_line(path, data):
    """A file that is not UTF-8 is an error with the line of the first invalid byte."""
    path.write_bytes(data)
    assert error_of(path) == ("a.flow.toml:2: the byte 0xff is not UTF-8", "save the file as UTF-8")


def test_a_folder_is_an_error(path):
    """A folder with the name of the file is an error."""
    path.mkdir()
    assert error_of(path) == ("a.flow.toml must be a file, not a folder", f"rename the folder {path}")


def test_a_missing_file_is_an_error(path):
    """A file that disappeared is an error with the reason of the operating system."""
    assert error_of(path) == ("a.flow.toml cannot be read: No such file or directory", f"check the file {path}")


def test_a_file_without_permission_is_an_error(path, monkeypatch):
    """A file that this user must not read is an error with its path. The tests may run as root, which reads all."""

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert error_of(path) == ("a.flow.toml cannot be read: permission denied", f"let this user read the file {path}")


LINES = """\
# [comment]
top = 1
a.b = { c = 1 }
[states.menu]  # a heading
key = "1"
text = '''
[states.other]
key = "2"
'''
"odd name"."]" = [
  1,
  2,
]

[states."x.y"]
key = "3"
[[list]]
one = 1
[[list]]
one = 2
[states.menu.texts]
es = "Hola."
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("top",), 2),
        (("a", "b", "c"), 3),
        (("states",), 4),
        (("states", "menu", "key"), 5),
        (("states", "menu", "text"), 6),
        (("states", "menu", "odd name", "]"), 10),
        (("states", "menu", "missing"), 4),
        (("states", "x.y", "key"), 16),
        (("list",), 17),
        (("states", "menu", "texts", "es"), 22),
        (("states", "other"), 4),
        (("missing",), 1),
    ],
)
def test_a_key_has_the_line_of_its_statement(path, keys, line, end):
    """A key has the number of the line where its statement begins; an unknown key has that of the table around it."""
    path.write_bytes(LINES.replace("\n", end).encode())
    assert TomlFile(path).line(*keys) == line


def test_the_lines_of_a_large_file_are_found_fast(path):
    """The lines of a file with 3,000 states are found in seconds, because each statement is parsed once."""
    path.write_text("".join(f'[states.s{each}]\nkind = "message"\ntext = "Hi."\n' for each in range(3000)))
    began = time.perf_counter()
    assert TomlFile(path).line("states", "s2999", "text") == 9000
    assert time.perf_counter() - began < 10
