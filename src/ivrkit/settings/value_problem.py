"""The problem of a value, with a hint for a file, for the environment and for code."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivrkit.errors import toml_key
from ivrkit.settings.describe import as_toml
from ivrkit.settings.names import dotted


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """One problem of a value.

    :param keys: the path of the value: names of keys, and numbers of items in lists.
    :param message: the key, what it must be, and what it is.
    :param hint: how to fix it, empty if an example does.
    :param example: a valid value of the last key.
    :param is_missing: whether the key has no value.
    :param is_secret: whether the value is never shown.
    """

    keys: tuple[str | int, ...]
    message: str
    hint: str = ""
    example: Any = None
    is_missing: bool = False
    is_secret: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """The path without the numbers of items in lists: only keys have lines in a file."""
        return tuple(key for key in self.keys if isinstance(key, str))

    def hint_in_toml(self) -> str:
        """Return the hint for a file."""
        if self.hint:
            return self.hint
        *above, key = self.path
        value = self.example
        while isinstance(value, Mapping) and value:
            above.append(key)
            key, value = next((str(name), each) for name, each in value.items())
        line = f"{toml_key(key)} = {as_toml(value)}"
        return (
            f"write {line}" if value is self.example else f"write a table [{dotted(above)}] with lines such as {line}"
        )

    def hint_in_environment(self, variable: str) -> str:
        """Return the hint for a variable of the environment."""
        return self.hint or f"set {variable}={shlex.quote(as_variable(self.example))}"

    def hint_in_code(self) -> str:
        """Return the hint for an argument in code."""
        if self.hint:
            return self.hint
        *above, key = self.path
        return f"write {key!r}: {self.example!r}" if above else f"write {key}={self.example!r}"


def as_variable(value: Any) -> str:
    """Return a value as a variable of the environment has it."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else as_toml(value)
