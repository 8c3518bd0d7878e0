"""The metadata by which an annotation becomes a setting type: description, check, schema and example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SettingType:
    """The metadata of a setting type. It stands in ``Annotated``, behind an ordinary type.

    :param words: the type in words, as they follow "must be": ``a state name such as 'menu'``.
    :param check: returns the value as it is kept. It gets a value of the annotated type. It raises ``ValueError`` for
        an invalid value, or an ``IvrkitError`` that has a message and a hint of its own.
    :param schema: JSON Schema (draft-07) of the values in a file; it extends the schema of the annotated type.
    :param example: a valid value in the form that a TOML file has. Hints show it.
    :param written_as: the type of the values in a file, if another than the annotated one.
    """

    words: str
    check: Callable[[Any], Any] | None = None
    schema: Mapping[str, Any] | None = None
    example: Any = None
    written_as: Any = None

    def __repr__(self) -> str:
        """Return the type in words. The repr of its check would have an address."""
        return f"SettingType({self.words!r})"


@dataclass(frozen=True, slots=True)
class Range:
    """The metadata of a number with limits, both included: ``Annotated[Seconds, Range(5, 600)]``.

    :param at_least: the lowest value, ``None`` for no limit.
    :param at_most: the highest value, ``None`` for no limit.
    """

    at_least: float | None = None
    at_most: float | None = None

    def check(self, value: Any) -> Any:
        """Return a number within the limits.

        :raises ValueError: for a number outside of them.
        """
        if self.at_least is not None and value < self.at_least:
            raise ValueError(value)
        if self.at_most is not None and value > self.at_most:
            raise ValueError(value)
        return value


@dataclass(frozen=True, slots=True)
class KeysOf:
    """The metadata of a mapping whose keys are fields of a dataclass.

    The mapping is checked like the dataclass, but the converted value is a mapping. It may have only some of the keys.

    :param settings_class: the dataclass.
    """

    settings_class: type


class SingleAllowed(Enum):
    """The type of :data:`SINGLE_ALLOWED`."""

    SINGLE_ALLOWED = "single allowed"


#: The metadata of a list for which a file may also have a single value.
SINGLE_ALLOWED: Final = SingleAllowed.SINGLE_ALLOWED


def limits_in(metadata: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the limits among the metadata that are a ``msgspec.Meta``.

    msgspec is not imported for that: if an annotation has one, its module is imported already.
    """
    return tuple(each for each in metadata if type(each).__module__.partition(".")[0] == "msgspec")
