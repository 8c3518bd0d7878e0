"""The structure of an annotation: the item type of a list or a table, and the metadata of ``Annotated``."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections import abc
from typing import Any

_LISTS = (list, tuple, set, frozenset, abc.Sequence, abc.Collection, abc.Set)
_TABLES = (dict, abc.Mapping, abc.MutableMapping)


def without_metadata(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return two values: the type inside an ``Annotated``, and its metadata. Any other annotation has no metadata."""
    if typing.get_origin(annotation) is typing.Annotated:
        return annotation.__origin__, annotation.__metadata__
    return annotation, ()


def union_members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union. For any other annotation, return a tuple that contains only this annotation."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def is_list(annotation: Any) -> bool:
    """Return whether a type without metadata is a list, a tuple, a set or a similar collection."""
    return annotation in _LISTS or typing.get_origin(annotation) in _LISTS


def is_mapping(annotation: Any) -> bool:
    """Return whether a type without metadata is a dictionary or another mapping."""
    return annotation in _TABLES or typing.get_origin(annotation) in _TABLES


def is_table(annotation: Any) -> bool:
    """Return whether a type is a mapping, a dataclass, or a union of such types. ``None`` in the union is ignored."""
    members = [without_metadata(each)[0] for each in union_members(without_metadata(annotation)[0])]
    known = [each for each in members if each is not type(None)]
    return all(is_mapping(each) or is_dataclass_type(each) for each in known)


def is_dataclass_type(annotation: Any) -> bool:
    """Return whether a type is a dataclass, and not an instance of one."""
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation)


def item_types(annotation: Any, count: int) -> list[Any]:
    """Return a list with the type of each item of a list.

    :param annotation: the type of the list.
    :param count: the number of items in the list.
    :raises ValueError: if the type is a tuple with a fixed number of items, and ``count`` is another number.
    """
    arguments = typing.get_args(annotation)
    if not arguments:
        return [Any] * count
    is_tuple = typing.get_origin(annotation) is tuple
    if not is_tuple or (len(arguments) == 2 and arguments[1] is ...):
        return [arguments[0]] * count
    if len(arguments) != count:
        raise ValueError(count)
    return list(arguments)
