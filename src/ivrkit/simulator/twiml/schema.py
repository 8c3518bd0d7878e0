"""The parts of TwiML's schema: attributes, elements, and the values that attributes accept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: Twilio's code if there is no specific one: the document does not match the schema.
SCHEMA_WARNING = 12200
_LARGEST_NUMBER = 999_999_999


@dataclass(frozen=True, slots=True)
class AttributeSchema:
    """The schema of an attribute.

    :param default: the value that is used if the attribute is missing or invalid, or ``None`` if there is no such
        value.
    :param expects: a description of the valid values, for messages.
    :param accepts: a function that returns whether a value is valid.
    :param code: Twilio's error code for an invalid value.
    :param played: whether the attribute changes the simulated call. If the attribute does not change the call, only its
        value is checked.
    :param words: the words that a valid value consists of; empty if a valid value is a number, a URL or free text.
    """

    default: str | None
    expects: str
    accepts: Callable[[str], bool]
    code: int = SCHEMA_WARNING
    played: bool = True
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ElementSchema:
    """The schema of an element.

    :param attributes: dict of attribute name -> schema of the attribute. ``None`` means that any attribute is accepted.
    :param children: names of the elements that are allowed in this element.
    :param text: whether text is allowed in this element.
    :param played: whether the simulator plays this element.
    :param child_code: Twilio's error code for a child element that is not allowed.
    """

    attributes: Mapping[str, AttributeSchema] | None = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    text: bool = False
    played: bool = True
    child_code: int = SCHEMA_WARNING


# Validators of values


def is_number(least: int, most: int = _LARGEST_NUMBER) -> Callable[[str], bool]:
    """Return a validator of whole numbers in a range."""
    # At most nine digits, so that a hostile document can't make int() work on a huge text.
    return lambda value: re.fullmatch("[0-9]{1,9}", value) is not None and least <= int(value) <= most


def matches(pattern: str) -> Callable[[str], bool]:
    """Return a validator of values that match a regular expression as a whole."""
    return lambda value: re.fullmatch(pattern, value) is not None


def is_one_of(*words: str) -> Callable[[str], bool]:
    """Return a validator of values that are one of these words."""
    return lambda value: value in words


def are_some_of(*words: str) -> Callable[[str], bool]:
    """Return a validator of values that consist of some of these words, separated by white space."""
    return lambda value: set(value.split()) <= set(words) and value.strip() != ""


def are_hints(value: str) -> bool:
    """Return whether a value is a valid list of hints: at most 500 hints of at most 100 characters."""
    hints = value.split(",")
    return len(hints) <= 500 and all(len(each.strip()) <= 100 for each in hints)


def is_anything(_value: str) -> bool:
    """Return ``True``: every value is valid."""
    return True


# Attributes that several elements have


def whole_number(
    default: str | None,
    least: int,
    code: int = SCHEMA_WARNING,
    *,
    most: int = _LARGEST_NUMBER,
    played: bool = True,
) -> AttributeSchema:
    """Return the schema of a whole number in a range."""
    limits = f"of at least {least}" if most == _LARGEST_NUMBER else f"from {least} to {most}"
    return AttributeSchema(default, f"a whole number {limits}", is_number(least, most), code, played)


def flag(default: str, code: int = SCHEMA_WARNING, *, played: bool = True) -> AttributeSchema:
    """Return the schema of an attribute that is ``true`` or ``false``."""
    return AttributeSchema(default, "true or false", is_one_of("true", "false"), code, played, ("true", "false"))


def one_of(default: str | None, *words: str, code: int = SCHEMA_WARNING, played: bool = True) -> AttributeSchema:
    """Return the schema of an attribute that is one of these words."""
    expects = f"{', '.join(words[:-1])} or {words[-1]}"
    return AttributeSchema(default, expects, is_one_of(*words), code, played, words)


def some_of(default: str | None, *words: str, code: int = SCHEMA_WARNING, played: bool = True) -> AttributeSchema:
    """Return the schema of an attribute that is one or more of these words."""
    return AttributeSchema(default, f"one or more of {', '.join(words)}", are_some_of(*words), code, played, words)


def method(code: int = SCHEMA_WARNING, *, played: bool = True) -> AttributeSchema:
    """Return the schema of an HTTP method."""
    return one_of("POST", "GET", "POST", code=code, played=played)


def url(code: int = SCHEMA_WARNING) -> AttributeSchema:
    """Return the schema of a URL. A URL is checked when it is requested."""
    return AttributeSchema(None, "a URL", is_anything, code)


def seconds_or_auto(default: str | None, code: int) -> AttributeSchema:
    """Return the schema of a number of seconds, or ``auto``."""
    return AttributeSchema(
        default,
        "a whole number of at least 1, or auto",
        matches("auto|0{0,7}[1-9][0-9]{0,8}"),
        code,
        words=("auto",),
    )


def tones(code: int = SCHEMA_WARNING) -> AttributeSchema:
    """Return the schema of the keys whose tones are played."""
    return AttributeSchema(None, "one or more of 0-9 A-D w W # *", matches("[0-9A-DwW#*]+"), code)


def language(*, played: bool = True) -> AttributeSchema:
    """Return the schema of a language tag."""
    return AttributeSchema("en-US", "a language such as en-GB", is_anything, played=played)


def recognised(description: str = "text") -> AttributeSchema:
    """Return the schema of an attribute that has no effect on a simulated call. Any value is valid."""
    return AttributeSchema(None, description, is_anything, played=False)
