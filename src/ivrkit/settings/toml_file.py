"""A TOML file, with the line of each of its keys."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivrkit.errors import SettingsError


class TomlFile:
    """A TOML file.

    :param path: the file.
    :raises SettingsError: if the file cannot be read, or is not TOML.
    """

    def __init__(self, path: Path) -> None:
        import tomllib

        self.name = path.name
        try:
            self._text = path.read_text(encoding="utf-8-sig")  # some editors write a byte order mark
            self.table: dict[str, Any] = tomllib.loads(self._text)
        except (ValueError, RecursionError, OSError) as error:
            raise SettingsError(
                f"{path.name} cannot be read: {error}", hint="write it as TOML, in UTF-8: https://toml.io"
            ) from error

    def location(self, *keys: str) -> Location:
        """Return the location of a key."""
        return Location(self, keys)

    def line(self, *keys: str) -> int:
        """Return the line of a key, or of the innermost table above it that has one."""
        while keys and keys not in self._lines:
            keys = keys[:-1]
        return self._lines.get(keys, 1)

    @functools.cached_property
    def _lines(self) -> Mapping[tuple[str, ...], int]:
        """Return the line of each key. The parser itself is asked.

        A key is in the first statement with which the beginning of the file has the key. A beginning that ends inside
        of a value is not TOML, so a statement of several lines counts as its first line. A comment is TOML by itself.
        """
        import tomllib

        found: dict[tuple[str, ...], int] = {}
        lines, begin = self._text.split("\n"), 0
        for end in range(1, len(lines) + 1):
            try:
                table = tomllib.loads("\n".join(lines[:end]))
            except tomllib.TOMLDecodeError:
                continue
            for keys in keys_of(table):
                found.setdefault(keys, begin + 1)
            begin = end
        return found


@dataclass(frozen=True, slots=True)
class Location:
    """The location of a key in a file. Its line is looked up when it is printed.

    :param file: the file.
    :param keys: the path of the key.
    """

    file: TomlFile
    keys: tuple[str, ...]

    def __str__(self) -> str:
        """Return ``ivrkit.toml:3``."""
        return f"{self.file.name}:{self.file.line(*self.keys)}"


def keys_of(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the paths of all keys of a table, and of the tables in it."""
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from keys_of(value, (*above, key))
