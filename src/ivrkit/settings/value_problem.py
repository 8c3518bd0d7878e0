"""The problem of one invalid value in the settings, with a hint for a TOML file, the environment or code."""

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
    """The problem of one invalid or missing value in the settings.

    :param keys: the path to the value: names of keys, and indexes of list items.
    :param message: the message for the user, such as ``tries must be a whole number of at least 1, not 'three'``.
    :param hint: how to fix the problem. If it is ``""``, the methods of this class make a hint from ``example``.
    :param example: a valid value for the last key in ``keys``. If ``keys`` ends with a list index, ``example`` is a
        valid value for the whole list.
    :param is_missing: whether the problem is that a required key is missing.
    :param is_secret: whether the value must not be shown.
    """

    keys: tuple[str | int, ...]
    message: str
    hint: str = ""
    example: Any = None
    is_missing: bool = False
    is_secret: bool = False

    @property
    def path(self) -> tuple[str, ...]:
        """The path to the value, without the indexes of list items, because list items have no line numbers."""
        return tuple(key for key in self.keys if isinstance(key, str))

    def hint_in_toml(self) -> str:
        """Return the hint that shows how to write the value in a TOML file."""
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
        """Return the hint that shows how to set the value in an environment variable.

        :param variable: the name of the environment variable.
        """
        return self.hint or f"set {variable}={shlex.quote(as_variable(self.example))}"

    def hint_in_code(self) -> str:
        """Return the hint that shows how to pass the value as an argument in code."""
        if self.hint:
            return self.hint
        *above, key = self.path
        return f"write {key!r}: {self.example!r}" if above else f"write {key}={self.example!r}"


def as_variable(value: Any) -> str:
    """Return a value as it is written in an environment variable. The items of a list are separated by commas."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return value if isinstance(value, str) else as_toml(value)
