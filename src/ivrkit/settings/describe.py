"""Types as they are told to whoever writes a setting."""

from __future__ import annotations

import datetime
import enum
import types
import typing
from collections import abc
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

_WORDS: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    datetime.time: "a time such as 09:00:00",
    datetime.date: "a date such as 2026-12-24",
    datetime.datetime: "a date and time such as 2026-12-24T09:00:00",
    Path: "a path",
    type(None): "nothing",
}
_LISTS = (list, tuple, set, frozenset, abc.Sequence)
_TABLES = (dict, abc.Mapping)


def in_words(annotation: Any) -> str:
    """Return a type in words: ``a list of texts`` is ``a list, each a text``."""
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return in_words(arguments[0])
    if origin is typing.Literal:
        return f"one of {', '.join(map(repr, arguments))}"
    if origin in (typing.Union, types.UnionType):
        return " or ".join(in_words(each) for each in arguments if each is not type(None))
    if origin in _LISTS or annotation in _LISTS:
        return f"a list, each {in_words(arguments[0])}" if arguments else "a list"
    if origin in _TABLES or annotation in _TABLES:
        return f"a table, each {in_words(arguments[1])}" if arguments else "a table"
    return _of_class(annotation)


def _of_class(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return f"one of {', '.join(repr(each.value) for each in annotation)}"
    if is_dataclass(annotation):
        return "a table"
    return getattr(annotation, "__name__", str(annotation))
