"""A TOML file, and in which line of it a key stands."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ivrkit.errors import SettingsError


class TomlFile:
    """A TOML file.

    :param path: the file.
    :raises SettingsError: for a file that can't be read, or is none.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self._text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
            self.table: dict[str, Any] = tomllib.loads(self._text)
        except (ValueError, RecursionError, OSError) as error:
            raise SettingsError(f"{path.name} cannot be read: {error}", hint="it is a TOML file, in UTF-8") from error

    def place(self, *keys: str) -> str:
        """Return where a key stands, as ``ivrkit.toml:3``."""
        return f"{self.name}:{self._lines[keys]}"

    @functools.cached_property
    def _lines(self) -> Mapping[tuple[str, ...], int]:
        """Return the line of every key, by asking the parser itself.

        A key stands in the first statement with which the beginning of the file has it. A beginning that ends inside of
        a value does not parse, so a statement of several lines counts by its first; a comment parses by itself.
        """
        found: dict[tuple[str, ...], int] = {}
        lines, begin = self._text.split("\n"), 0
        for end in range(1, len(lines) + 1):
            try:
                table = tomllib.loads("\n".join(lines[:end]))
            except tomllib.TOMLDecodeError:
                continue
            for keys in _keys_of(table):
                found.setdefault(keys, begin + 1)
            begin = end
        return found


def _keys_of(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _keys_of(value, (*above, key))
