"""The conversion of values to setting types.

A value comes from a file, from code, or from the environment. The rules:

1. Lists, tables and dataclasses are converted item by item, so that each problem has the path to the invalid item.
   msgspec converts the items (https://jcristharif.com/msgspec/converters.html).
2. A value from a file or from code must have the exact type: the text ``"3"`` is not a number. The environment has only
   strings: there, ``3`` is a number, ``yes`` is true, ``a,b`` is a list, and an empty string is ``None`` if the type
   allows ``None``.
3. The checks in the metadata of the type are applied to the converted value, in the order in which they are written.
   The limits of a ``msgspec.Meta`` are checked last. A check may change the value.
4. All problems of a value are collected. A problem of a secret value does not contain any part of the value.
5. If a table of the core's settings has problems, the valid keys of the table are kept. If a plugin's settings have
   problems, none of the plugin's values are kept, because a plugin's dataclass is only created from valid values.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import NoneType
from typing import Any, Final

from ivrkit.errors import IvrkitError, nearest
from ivrkit.plugin_errors import describe_error, hide_passwords, plugin_errors
from ivrkit.settings.describe import example_of, in_words
from ivrkit.settings.names import dotted, use_one_of
from ivrkit.settings.redaction import has_secret
from ivrkit.settings.scalars import LISTS, EnvironmentText, check_metadata, convert_scalar, is_scalar, parse_environment
from ivrkit.settings.setting import Setting, settings_of
from ivrkit.settings.setting_type import SINGLE_ALLOWED, KeysOf
from ivrkit.settings.type_structure import (
    is_dataclass_type,
    is_list,
    is_mapping,
    is_table,
    item_types,
    union_members,
    without_metadata,
)
from ivrkit.settings.value_problem import ValueProblem


class Invalid(Enum):
    """The type of :data:`INVALID`, which is the result of converting an invalid value."""

    INVALID = "invalid"


#: The result of a conversion of an invalid value.
INVALID: Final = Invalid.INVALID


def convert(
    value: Any, annotation: Any, keys: tuple[str | int, ...], *, keep_valid: bool = False, is_secret: bool = False
) -> tuple[Any, list[ValueProblem]]:
    """Convert a value to a setting type.

    :param value: the value from a file, from code or from the environment.
    :param annotation: the setting type, with its metadata.
    :param keys: the path to the value. The problems contain the path.
    :param keep_valid: whether to return the valid keys of a table that also has invalid keys. Otherwise the result for
        this table is ``INVALID``.
    :param is_secret: whether the value is secret, so that no message may show the value.
    :returns: two values: the converted value, or ``INVALID``; and a list of all problems.
    """
    converter = _Converter(keep_valid=keep_valid)
    converted = converter.value(value, annotation, _Position(keys, example_of(annotation)), is_secret=is_secret)
    return converted, converter.problems


def convert_setting(
    value: Any, setting: Setting, keys: tuple[str | int, ...], *, keep_valid: bool = False
) -> tuple[Any, list[ValueProblem]]:
    """Convert a value to the type of a setting. The arguments and the result are described at :func:`convert`."""
    converter = _Converter(keep_valid=keep_valid)
    converted = converter.value(
        value, setting.annotation, _Position(keys, setting.example), is_secret=setting.is_secret
    )
    return converted, converter.problems


@dataclass(frozen=True, slots=True)
class _Position:
    """The position of one item in the value of a setting.

    :param keys: the path to the item: names of keys, and indexes of list items.
    :param example: a valid value for the last key in the path. If the path ends with a list index, ``example`` is a
        valid value for the whole list.
    """

    keys: tuple[str | int, ...]
    example: Any

    def of_key(self, key: str, example: Any) -> _Position:
        return _Position((*self.keys, key), example)

    def of_item(self, index: int) -> _Position:
        return _Position((*self.keys, index), self.example)


class _Converter:
    """One conversion of a value. It collects the problems of the value.

    :param keep_valid: whether to return the valid keys of a table that also has invalid keys.
    """

    def __init__(self, *, keep_valid: bool) -> None:
        self.problems: list[ValueProblem] = []
        self._keep_valid = keep_valid

    def value(self, value: Any, annotation: Any, position: _Position, *, is_secret: bool = False) -> Any:
        """Return a value converted to a type, or ``INVALID`` if the value has a problem."""
        if is_secret:
            return self._secret(value, annotation, position)
        base, metadata = without_metadata(annotation)
        before = len(self.problems)
        try:
            if SINGLE_ALLOWED in metadata and not isinstance(value, (*LISTS, EnvironmentText)):
                return self._single(value, base)
            for each in metadata:
                base = getattr(each, "written_as", None) or base
                if isinstance(each, KeysOf):
                    return self._dataclass(parse_environment(value), each.settings_class, position, as_mapping=True)
            converted = self._of_base(value, base, position)
            return converted if converted is INVALID else check_metadata(converted, metadata)
        except IvrkitError as error:
            self._report(position, f"{dotted(position.keys)}: {error.message}", error.hint)
        except ValueError:
            if len(self.problems) == before:  # otherwise the check failed because invalid keys were left out
                self._report_invalid(value, annotation, position)
        return INVALID

    def _report_invalid(self, value: Any, annotation: Any, position: _Position) -> None:
        """Report a value that does not fit its type.

        If a text such as ``"4"`` was written as the number ``4``, the hint shows the number in quotes.
        """
        words, example = in_words(annotation), example_of(annotation)
        # A text whose example has only digits, such as the keys of a telephone, is easily written as a number.
        if type(value) is int and isinstance(example, str) and example.isdigit():
            converter = _Converter(keep_valid=False)
            converter.value(str(value), annotation, position)
            if not converter.problems:
                words, position = f"{words} in quotes", replace(position, example=str(value))
        self._report(position, f"{dotted(position.keys)} must be {words}, not {_shown(value, annotation)}")

    def _report(
        self, position: _Position, message: str, hint: str = "", *, is_missing: bool = False, is_secret: bool = False
    ) -> None:
        self.problems.append(ValueProblem(position.keys, message, hint, position.example, is_missing, is_secret))

    def _secret(self, value: Any, annotation: Any, position: _Position) -> Any:
        """Convert a secret value. If the value is invalid, report one problem whose message does not show the value."""
        converter = _Converter(keep_valid=False)
        converted = converter.value(value, annotation, position)
        if not converter.problems:
            return converted
        message = f"{dotted(position.keys)} must be {in_words(annotation)}; its value is secret and not shown"
        self._report(position, message, is_secret=True)
        return INVALID

    def _single(self, value: Any, base: Any) -> tuple[Any, ...]:
        """Return a single value as a tuple with one converted item, for a type that allows a value instead of a list.

        :raises ValueError: if the value is not a valid item of the list.
        """
        converter = _Converter(keep_valid=False)
        converted = converter.value(value, typing.get_args(base)[0], _Position(("",), None))
        if converter.problems:
            raise ValueError(value)
        return (converted,)

    def _of_base(self, value: Any, base: Any, position: _Position) -> Any:
        """Convert a value to a type without metadata.

        :raises ValueError: if the value does not have that type.
        """
        members = union_members(base)
        if len(members) > 1:
            return self._union(value, base, members, position)
        if base is Any or base is object:
            return value
        if is_dataclass_type(base):
            return self._dataclass(parse_environment(value), base, position)
        if is_mapping(base):
            return self._mapping(parse_environment(value), base, position)
        if is_list(base):
            return self._list(parse_environment(value, split=True), base, position)
        return convert_scalar(value, base)

    def _union(self, value: Any, base: Any, members: tuple[Any, ...], position: _Position) -> Any:
        """Convert a value to the first type of a union that the value fits.

        :raises ValueError: if the value does not fit any type of the union.
        """
        if NoneType in members and (value is None or (isinstance(value, EnvironmentText) and not value.strip())):
            return None
        known = [each for each in members if each is not NoneType]
        if isinstance(value, Mapping):
            known = [each for each in known if is_table(each)] or known
        elif isinstance(value, LISTS):
            known = [each for each in known if is_list(without_metadata(each)[0])] or known
        if len(known) == 1:
            return self.value(value, known[0], position)
        if all(without_metadata(each) == (each, ()) and is_scalar(each) for each in known):
            return convert_scalar(value, base)
        for each in known:
            converter = _Converter(keep_valid=False)
            converted = converter.value(value, each, position)
            if not converter.problems:
                return converted
        raise ValueError(value)

    def _list(self, value: Any, base: Any, position: _Position) -> Any:
        if not isinstance(value, LISTS):
            raise ValueError(value)
        pairs = zip(value, item_types(base, len(value)), strict=True)
        items = [
            self.value(item, annotation, position.of_item(index)) for index, (item, annotation) in enumerate(pairs)
        ]
        if any(each is INVALID for each in items):
            return INVALID
        origin = typing.get_origin(base) or base
        return origin(items) if origin in LISTS else items

    def _mapping(self, value: Any, base: Any, position: _Position) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(value)
        key_type, item_type = typing.get_args(base) or (Any, Any)
        converted: dict[Any, Any] = {}
        complete = True
        for name, each in value.items():
            key = self._key(name, key_type, position)
            if key in converted:
                key = self._duplicate(name, key, position)
            item = self.value(each, item_type, position.of_key(str(name), example_of(item_type)))
            if key is INVALID or item is INVALID:
                complete = False
            else:
                converted[key] = item
        return converted if complete or self._keep_valid else INVALID

    def _key(self, name: Any, key_type: Any, position: _Position) -> Any:
        converter = _Converter(keep_valid=False)
        key = converter.value(name, key_type, position)
        if not converter.problems:
            return key
        refused = converter.problems[0]
        base, _ = without_metadata(key_type)
        names = [str(each) for each in typing.get_args(base)] if typing.get_origin(base) is typing.Literal else []
        key_position = position.of_key(str(name), None)
        if names:
            message = f"unknown key {dotted(key_position.keys)!r}{nearest(str(name), names)}"
            self._report(key_position, message, use_one_of(names))
        elif refused.hint:  # the check of the type has its own message and hint
            self._report(key_position, refused.message, refused.hint)
        else:
            message = f"{dotted(position.keys)}: the key must be {in_words(key_type)}, not {name!r}"
            self._report(key_position, message, f"use a key such as {example_of(key_type)}")
        return INVALID

    def _duplicate(self, name: Any, key: Any, position: _Position) -> Any:
        """Report a table key that becomes equal to an earlier key of the same table. Return ``INVALID``."""
        key_position = position.of_key(str(name), None)
        self._report(key_position, f"{dotted(position.keys)}: {name!r} is in the table twice, as {key!r}", "remove one")
        return INVALID

    def _dataclass(self, value: Any, base: Any, position: _Position, *, as_mapping: bool = False) -> Any:
        """Convert a table to an instance of a dataclass.

        :param as_mapping: whether to return a mapping instead, with only the keys that are set in the table.
        :returns: the instance or the mapping, or ``INVALID`` if the table has problems.
        :raises ValueError: if the value is not a table.
        """
        if isinstance(value, base):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(value)
        before = len(self.problems)
        split = getattr(base, "split_table", None)
        table, arguments = split(value) if split else (value, {})
        self._report_unknown(table, base, position)
        values = self._fields(table, settings_of(base), position)
        if len(self.problems) > before and not self._keep_valid:
            return INVALID
        created, refused = self._create(base, {**arguments, **values}, position)
        kept = {name: each for name, each in values.items() if name not in refused}
        return created if created is INVALID or not as_mapping else kept

    def _report_unknown(self, table: Mapping[str, Any], base: Any, position: _Position) -> None:
        known = [*settings_of(base), *getattr(base, "OTHER_KEYS", ())]
        for name in table:
            if name not in settings_of(base):
                key_position = position.of_key(str(name), None)
                own_hint = getattr(base, "HINTS", {}).get(name, "")
                near = "" if own_hint else nearest(str(name), known)
                hint = own_hint or (use_one_of(known) if known else "remove it")
                self._report(key_position, f"unknown key {dotted(key_position.keys)!r}{near}", hint)

    def _fields(self, table: Mapping[str, Any], settings: Mapping[str, Setting], position: _Position) -> dict[str, Any]:
        """Return the converted values of a table by their keys. Report the invalid values and the missing keys."""
        values: dict[str, Any] = {}
        for name, setting in settings.items():
            key_position = position.of_key(name, setting.example)
            if name in table:
                values[name] = self.value(table[name], setting.annotation, key_position, is_secret=setting.is_secret)
            elif setting.is_required:
                message = f"{dotted(key_position.keys)} must be set to {setting.words}"
                self._report(key_position, message, is_missing=True, is_secret=setting.is_secret)
        return {name: each for name, each in values.items() if each is not INVALID}

    def _create(self, base: Any, values: Mapping[str, Any], position: _Position) -> tuple[Any, set[str]]:
        """Create an instance of a dataclass. Report the values that the ``__post_init__`` of the dataclass refuses.

        :returns: two values: the instance, or ``INVALID``; and the names of the fields with refused values.
        """
        try:
            return base(**values), set()
        except IvrkitError as error:
            refused = self._report_refused(base, values, position)
            if not refused:
                self._report(position, f"{dotted(position.keys)}: {error.message}", error.hint)
            kept = {name: each for name, each in values.items() if name not in refused}
            return base(**kept) if refused and self._keep_valid else INVALID, refused
        except plugin_errors() as error:
            message = describe_error(error).removeprefix("ValueError: ")
            self._report(position, f"{dotted(position.keys)}: {message}")
            return INVALID, set()

    def _report_refused(self, base: Any, values: Mapping[str, Any], position: _Position) -> set[str]:
        """Report and return the keys whose values a dataclass refuses.

        To find these keys, the dataclass is created once for each key, with this key alone.
        """
        refused: set[str] = set()
        for name, each in values.items():
            try:
                base(**{name: each})
            except IvrkitError as error:
                refused.add(name)
                key_position = position.of_key(name, None)
                is_named = name in error.message  # as in the messages of Texts
                message = error.message if is_named else f"{dotted(key_position.keys)}: {error.message}"
                self._report(key_position, message, error.hint)
            except TypeError:  # the dataclass has required keys, so it cannot be created with one key
                break
        return refused


def _shown(value: Any, annotation: Any) -> str:
    """Return a value as error messages show it. The items of a table or a list are not shown, as they may be secret.

    The same is true of a text in place of a table with a secret.
    """
    if isinstance(value, Mapping):
        return "a table" if value else "an empty table"
    if isinstance(value, LISTS):
        return "a list"
    if has_secret(annotation):
        return "a text" if isinstance(value, str) else "a single value"
    return hide_passwords(repr(str(value)) if isinstance(value, EnvironmentText) else repr(value))
