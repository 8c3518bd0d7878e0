"""Descriptions and examples of setting types, for errors, tables and documentation pages."""

from __future__ import annotations

import datetime
import enum
import json
import typing
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from ivrkit.errors import toml_key
from ivrkit.settings.setting_type import SINGLE_ALLOWED, Range, SettingType, limits_in
from ivrkit.settings.type_structure import is_dataclass_type, is_list, is_mapping, union_members, without_metadata

_WORDS: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    datetime.time: "a time such as 09:00:00",
    datetime.date: "a date such as 2026-12-24",
    datetime.datetime: "a date and time such as 2026-12-24T09:00:00",
    Path: "a path",
}
_EXAMPLES: Mapping[Any, Any] = {
    str: "text",
    int: 1,
    float: 0.5,
    bool: True,
    datetime.time: "09:00:00",
    datetime.date: "2026-12-24",
    datetime.datetime: "2026-12-24T09:00:00",
    Path: "path/to/file",
}


def in_words(annotation: Any) -> str:
    """Return a description of a type that can follow "must be" in a message, such as ``a whole number``."""
    base, metadata = without_metadata(annotation)
    if SINGLE_ALLOWED in metadata:
        return f"{in_words(typing.get_args(base)[0])}, or a list of these"
    words = next((each.words for each in reversed(metadata) if isinstance(each, SettingType)), None)
    return _with_limits(words or _of_base(base), metadata)


def _of_base(base: Any) -> str:
    if isinstance(base, type) and base in _WORDS:
        return _WORDS[base]
    arguments = typing.get_args(base)
    if typing.get_origin(base) is typing.Literal:
        return f"one of {', '.join(map(repr, arguments))}"
    members = union_members(base)
    if len(members) > 1:
        return " or ".join(in_words(each) for each in members if each is not type(None))
    if is_list(base):
        return f"a list, each {in_words(arguments[0])}" if arguments else "a list"
    if is_mapping(base):
        return f"a table, each {in_words(arguments[1])}" if arguments else "a table"
    if isinstance(base, type) and issubclass(base, enum.Enum):
        return f"one of {', '.join(repr(each.value) for each in base)}"
    if is_dataclass_type(base):
        return "a table"
    return getattr(base, "__name__", str(base))


def _with_limits(words: str, metadata: tuple[Any, ...]) -> str:
    """Return the description of a type with the limits that a :class:`Range` or a ``msgspec.Meta`` sets.

    :param words: the description without limits.
    :param metadata: the metadata of the type.
    """
    lowest = highest = None
    more: list[str] = []
    for each in metadata:
        if isinstance(each, Range):
            lowest, highest = _first(each.at_least, lowest), _first(each.at_most, highest)
    for each in limits_in(metadata):
        lowest, highest = _first(each.ge, lowest), _first(each.le, highest)
        more += _in_words_of_meta(each)
    joint = " of" if words in _WORDS.values() else ","  # a whole number of at least 1; a number of seconds, at least 1
    if lowest is not None and highest is not None:
        words = f"{words} from {lowest} to {highest}"
    elif lowest is not None:
        words = f"{words}{joint} at least {lowest}"
    elif highest is not None:
        words = f"{words}{joint} at most {highest}"
    return ", ".join([words, *more])


def _first(value: Any, other: Any) -> Any:
    return other if value is None else value


def _in_words_of_meta(meta: Any) -> Iterable[str]:
    """Return descriptions of limits of a ``msgspec.Meta`` for which :class:`Range` has no parameter, such as ``gt``."""
    limits = (
        ("more than {}", meta.gt),
        ("less than {}", meta.lt),
        ("a multiple of {}", meta.multiple_of),
        ("of length {} or more", meta.min_length),
        ("of length {} or less", meta.max_length),
        ("matching {}", meta.pattern),
    )
    return [words.format(limit) for words, limit in limits if limit is not None]


def example_of(annotation: Any) -> Any:
    """Return a valid value of a type for a TOML file, or ``"..."`` if no example is known."""
    base, metadata = without_metadata(annotation)
    known = [each.example for each in metadata if isinstance(each, SettingType) and each.example is not None]
    if known:
        return known[-1]
    lowest = [each.at_least for each in metadata if isinstance(each, Range) and each.at_least is not None]
    if lowest:
        return lowest[-1]
    if isinstance(base, type) and base in _EXAMPLES:
        return _EXAMPLES[base]
    return _example_of_base(base)


def _example_of_base(base: Any) -> Any:
    arguments = typing.get_args(base)
    if typing.get_origin(base) is typing.Literal:
        return arguments[0]
    members = [each for each in union_members(base) if each is not type(None)]
    if members != [base]:
        return example_of(members[0])
    if is_list(base):
        return [example_of(arguments[0])] if arguments else []
    if is_mapping(base):
        return {_example_of_key(arguments[0]): example_of(arguments[1])} if arguments else {}
    if isinstance(base, type) and issubclass(base, enum.Enum):
        return next(each.value for each in base)
    if is_dataclass_type(base):
        first = next((each.name for each in fields(base) if each.init), "")
        return {first: example_of(typing.get_type_hints(base, include_extras=True)[first])} if first else {}
    return "..."


def _example_of_key(annotation: Any) -> Any:
    key = example_of(annotation)
    return "name" if key == _EXAMPLES[str] else key


def as_toml(value: Any) -> str:
    """Return a value as it is written in a TOML file."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(str(key))} = {as_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(as_toml, value))}]"
    return json.dumps(str(getattr(value, "value", value)) if value is not None else "", ensure_ascii=False)
