"""A TOML file whose keys have line numbers."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivrkit.settings.toml_errors import not_toml, undecodable, unreadable


class TomlFile:
    """A TOML file.

    :param path: the path of the file.
    :param hide_values: whether the values in the file may be secret, so that error messages must not show the values.
    :raises SettingsError: if the file cannot be read or is not a TOML file. The error has the number of the invalid
        line.
    """

    def __init__(self, path: Path, *, hide_values: bool = False) -> None:
        import tomllib

        self.name = path.name
        try:
            text = path.read_bytes().decode("utf-8-sig")  # some editors write a byte order mark
        except UnicodeDecodeError as error:
            raise undecodable(path, error) from error
        except OSError as error:
            raise unreadable(path, error) from error
        self._text = text.replace("\r\n", "\n")
        try:
            self.table: dict[str, Any] = tomllib.loads(self._text)
        except (ValueError, RecursionError) as error:
            raise not_toml(path, self._text, error, hide_values=hide_values) from error

    def location(self, *keys: str) -> Location:
        """Return the location of a key in the file.

        :param keys: the path to the key, such as ``"states", "sales", "key"``.
        """
        return Location(self, keys)

    def line(self, *keys: str) -> int:
        """Return the line number of a key, from 1. If the file lacks the key, return the line of the table around it.

        :param keys: the path to the key.
        """
        while keys and keys not in self._lines:
            keys = keys[:-1]
        return self._lines.get(keys, 1)

    @functools.cached_property
    def _lines(self) -> Mapping[tuple[str, ...], int]:
        """Return the path of each key -> the number of the line on which the key is written.

        Each statement is parsed alone, because the time to parse all lines again and again would grow with the square
        of their number. As long as the lines of a statement are not valid TOML, the statement continues on the next
        line. The keys of a statement get the line number of its beginning.
        """
        import tomllib

        found: dict[tuple[str, ...], int] = {}
        heading: tuple[str, ...] = ()
        statement: list[str] = []
        for number, line in enumerate(self._text.split("\n"), 1):
            statement.append(line)
            try:
                table = tomllib.loads("\n".join(statement))
            except tomllib.TOMLDecodeError:
                continue
            is_heading = statement[0].lstrip().startswith("[")
            paths = [(*(() if is_heading else heading), *keys) for keys in keys_of(table)]
            for keys in paths:
                found.setdefault(keys, number + 1 - len(statement))
            heading = paths[-1] if is_heading else heading  # the longest path: a heading has one key for each table
            statement = []
        return found


@dataclass(frozen=True, slots=True)
class Location:
    """The location of a key in a file. The line number is only looked up when the location is printed.

    :param file: the file.
    :param keys: the path to the key, such as ``("states", "sales", "key")``.
    """

    file: TomlFile
    keys: tuple[str, ...]

    def __str__(self) -> str:
        """Return the location as text, such as ``ivrkit.toml:3``."""
        return f"{self.file.name}:{self.file.line(*self.keys)}"


def keys_of(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path to each key of a table, including the keys of tables inside the table.

    :param table: the table.
    :param above: the path to the table itself. The path to each key begins with it.
    """
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from keys_of(value, (*above, key))
