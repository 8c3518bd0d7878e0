"""The metadata that makes a setting type from an annotation: a description, a check, a schema and an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SettingType:
    """The metadata of a setting type. Write it in ``Annotated``, behind an ordinary type.

    :param words: a description of the type that can follow "must be" in a message, such as ``a phone number``.
    :param check: a function that takes a value of the annotated type and returns the value to store. For an invalid
        value, the function raises a ``ValueError``, or an ``IvrkitError`` with its own message and hint.
    :param schema: more keys for the JSON Schema (draft-07) of the annotated type, such as ``pattern``.
    :param example: a valid value for a TOML file. Hints show this example.
    :param written_as: the type of the values in a file, if it differs from the annotated type.
    """

    words: str
    check: Callable[[Any], Any] | None = None
    schema: Mapping[str, Any] | None = None
    example: Any = None
    written_as: Any = None

    def __repr__(self) -> str:
        """Return a repr that contains only the description, and no memory addresses of functions."""
        return f"SettingType({self.words!r})"


@dataclass(frozen=True, slots=True)
class Range:
    """The limits of a number, as in ``Annotated[Seconds, Range(5, 600)]``. The limits themselves are valid values.

    :param at_least: the lowest valid number, or ``None`` for no lower limit.
    :param at_most: the highest valid number, or ``None`` for no upper limit.
    """

    at_least: float | None = None
    at_most: float | None = None

    def check(self, value: Any) -> Any:
        """Check that a number is within the limits, and return the number.

        :raises ValueError: if the number is outside the limits.
        """
        if self.at_least is not None and value < self.at_least:
            raise ValueError(value)
        if self.at_most is not None and value > self.at_most:
            raise ValueError(value)
        return value


@dataclass(frozen=True, slots=True)
class KeysOf:
    """The metadata of a mapping whose keys are the fields of a dataclass.

    Each value in the mapping is checked with the type of the field. The mapping contains only the keys that were set.

    :param settings_class: the dataclass.
    """

    settings_class: type


class SingleAllowed(Enum):
    """The type of :data:`SINGLE_ALLOWED`, the metadata that allows a single value instead of a list."""

    SINGLE_ALLOWED = "single allowed"


#: The metadata of a list type. A single value may be written instead of a list with one item.
SINGLE_ALLOWED: Final = SingleAllowed.SINGLE_ALLOWED


def limits_in(metadata: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return each ``msgspec.Meta`` in the metadata of a type.

    A ``Meta`` is recognised by the name of its module, because importing msgspec here would slow down every start.
    """
    return tuple(each for each in metadata if type(each).__module__.partition(".")[0] == "msgspec")
