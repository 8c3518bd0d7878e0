"""The conversion of values to the types of settings, with every problem and where in the value it is.

A value comes from a file, from code, or from the environment, which has texts only. Lists, tables and dataclasses are
taken apart here, so that each problem names its own key. The types of their items are read by msgspec
(https://jcristharif.com/msgspec/converters.html).
"""

from __future__ import annotations

import shlex
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Any, Final

from ivrkit.errors import IvrkitError, nearest, toml_key
from ivrkit.flow.run.sandbox import PLUGIN_ERRORS
from ivrkit.settings.describe import as_toml, example_of, in_words
from ivrkit.settings.names import dotted, use_one_of
from ivrkit.settings.setting import Setting, settings_of
from ivrkit.settings.setting_type import SINGLE_ALLOWED, KeysOf, limits_in
from ivrkit.settings.type_structure import (
    is_dataclass_type,
    is_list,
    is_mapping,
    is_table,
    item_types,
    union_members,
    without_metadata,
)

_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")
_LISTS = (list, tuple, set, frozenset)


class EnvironmentText(str):
    """A value from the environment. It is read as the type that the setting has."""

    __slots__ = ()


class Invalid(Enum):
    """The type of :data:`INVALID`."""

    INVALID = "invalid"


#: The result of a conversion of an invalid value.
INVALID: Final = Invalid.INVALID


@dataclass(frozen=True, slots=True)
class ValueProblem:
    """One problem of a value.

    :param keys: the path to it, with the name of the setting first.
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
        """The path without the places in lists, which have no lines of their own."""
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


def convert(
    value: Any, annotation: Any, keys: tuple[str | int, ...], *, keep_valid: bool = False, is_secret: bool = False
) -> tuple[Any, list[ValueProblem]]:
    """Convert a value to a type.

    :param value: the value, as a file, code or the environment has it.
    :param annotation: the type, with metadata.
    :param keys: the path to the value, for its problems.
    :param keep_valid: whether invalid keys of a table are left out, and the rest is kept.
    :param is_secret: whether the value is never shown.
    :returns: the converted value, or ``INVALID``; and all problems.
    """
    converter = _Converter(keep_valid=keep_valid)
    converted = converter.value(value, annotation, _At(keys, example_of(annotation)), is_secret=is_secret)
    return converted, converter.problems


def convert_setting(
    value: Any, setting: Setting, keys: tuple[str | int, ...], *, keep_valid: bool = False
) -> tuple[Any, list[ValueProblem]]:
    """Convert a value of a setting; see :func:`convert`."""
    converter = _Converter(keep_valid=keep_valid)
    converted = converter.value(value, setting.annotation, _At(keys, setting.example), is_secret=setting.is_secret)
    return converted, converter.problems


@dataclass(frozen=True, slots=True)
class _At:
    """Where the converter is.

    :param keys: the path.
    :param example: a valid value of the last key that is a name.
    """

    keys: tuple[str | int, ...]
    example: Any

    def below(self, key: str, example: Any) -> _At:
        return _At((*self.keys, key), example)

    def item(self, index: int) -> _At:
        return _At((*self.keys, index), self.example)


class _Converter:
    """One conversion.

    :param keep_valid: whether invalid keys of a table are left out, and the rest is kept.
    """

    def __init__(self, *, keep_valid: bool) -> None:
        self.problems: list[ValueProblem] = []
        self._keep_valid = keep_valid

    def value(self, value: Any, annotation: Any, at: _At, *, is_secret: bool = False) -> Any:
        """Convert a value. Return ``INVALID`` after a problem."""
        if is_secret:
            return self._secret(value, annotation, at)
        base, metadata = without_metadata(annotation)
        before = len(self.problems)
        try:
            if SINGLE_ALLOWED in metadata and not isinstance(value, (*_LISTS, EnvironmentText)):
                return self._single(value, base)
            for each in metadata:
                base = getattr(each, "written_as", None) or base
                if isinstance(each, KeysOf):
                    return self._dataclass(_parsed(value), each.settings_class, at, as_mapping=True)
            converted = self._of_base(value, base, at)
            return converted if converted is INVALID else _checked(converted, metadata)
        except IvrkitError as error:
            self._report(at, f"{dotted(at.keys)}: {error.message}", error.hint)
        except ValueError:
            if len(self.problems) == before:  # else a table is invalid because its invalid keys are left out
                self._report(at, f"{dotted(at.keys)} must be {in_words(annotation)}, not {_shown(value)}")
        return INVALID

    def _report(
        self, at: _At, message: str, hint: str = "", *, is_missing: bool = False, is_secret: bool = False
    ) -> None:
        self.problems.append(ValueProblem(at.keys, message, hint, at.example, is_missing, is_secret))

    def _secret(self, value: Any, annotation: Any, at: _At) -> Any:
        """Convert a secret value. Its problems would show parts of it, so there is one problem without the value."""
        converter = _Converter(keep_valid=False)
        converted = converter.value(value, annotation, at)
        if not converter.problems:
            return converted
        message = f"{dotted(at.keys)} must be {in_words(annotation)}; its value is secret and not shown"
        self._report(at, message, is_secret=True)
        return INVALID

    def _single(self, value: Any, base: Any) -> tuple[Any, ...]:
        """Convert a single value that stands for a list.

        :raises ValueError: if it is not a value of the list.
        """
        converter = _Converter(keep_valid=False)
        converted = converter.value(value, typing.get_args(base)[0], _At(("",), None))
        if converter.problems:
            raise ValueError(value)
        return (converted,)

    def _of_base(self, value: Any, base: Any, at: _At) -> Any:
        """Convert a value to a type without metadata.

        :raises ValueError: if it is not of that type.
        """
        members = union_members(base)
        if len(members) > 1:
            return self._union(value, base, members, at)
        if base is Any or base is object:
            return value
        if is_dataclass_type(base):
            return self._dataclass(_parsed(value), base, at)
        if is_mapping(base):
            return self._mapping(_parsed(value), base, at)
        if is_list(base):
            return self._list(_parsed(value, split=True), base, at)
        return _scalar(value, base)

    def _union(self, value: Any, base: Any, members: tuple[Any, ...], at: _At) -> Any:
        """Convert a value to one of several types."""
        if NoneType in members and (value is None or (isinstance(value, EnvironmentText) and not value.strip())):
            return None
        known = [each for each in members if each is not NoneType]
        if isinstance(value, Mapping):
            known = [each for each in known if is_table(each)] or known
        elif isinstance(value, _LISTS):
            known = [each for each in known if is_list(without_metadata(each)[0])] or known
        if len(known) == 1:
            return self.value(value, known[0], at)
        if all(without_metadata(each) == (each, ()) and _is_scalar(each) for each in known):
            return _scalar(value, base)
        for each in known:
            converter = _Converter(keep_valid=False)
            converted = converter.value(value, each, at)
            if not converter.problems:
                return converted
        raise ValueError(value)

    def _list(self, value: Any, base: Any, at: _At) -> Any:
        if not isinstance(value, _LISTS):
            raise ValueError(value)
        pairs = zip(value, item_types(base, len(value)), strict=True)
        items = [self.value(item, annotation, at.item(index)) for index, (item, annotation) in enumerate(pairs)]
        if any(each is INVALID for each in items):
            return INVALID
        origin = typing.get_origin(base) or base
        return origin(items) if origin in _LISTS else items

    def _mapping(self, value: Any, base: Any, at: _At) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(value)
        key_type, item_type = typing.get_args(base) or (Any, Any)
        converted: dict[Any, Any] = {}
        complete = True
        for name, each in value.items():
            key = self._key(name, key_type, at)
            item = self.value(each, item_type, at.below(str(name), example_of(item_type)))
            if key is INVALID or item is INVALID:
                complete = False
            else:
                converted[key] = item
        return converted if complete or self._keep_valid else INVALID

    def _key(self, name: Any, key_type: Any, at: _At) -> Any:
        converter = _Converter(keep_valid=False)
        key = converter.value(name, key_type, at)
        if not converter.problems:
            return key
        base, _ = without_metadata(key_type)
        names = [str(each) for each in typing.get_args(base)] if typing.get_origin(base) is typing.Literal else []
        below = at.below(str(name), None)
        if names:
            message = f"unknown key {dotted(below.keys)!r}{nearest(str(name), names)}"
            self._report(below, message, use_one_of(names))
        else:
            message = f"{dotted(at.keys)}: the key must be {in_words(key_type)}, not {name!r}"
            self._report(below, message, f"use a key such as {example_of(key_type)}")
        return INVALID

    def _dataclass(self, value: Any, base: Any, at: _At, *, as_mapping: bool = False) -> Any:
        """Convert a table to a dataclass, or check it as one and return a mapping."""
        if isinstance(value, base):
            return value
        if not isinstance(value, Mapping):
            raise ValueError(value)
        before = len(self.problems)
        split = getattr(base, "split_table", None)
        table, arguments = split(value) if split else (value, {})
        self._report_unknown(table, base, at)
        given = self._fields(table, settings_of(base), at)
        if len(self.problems) > before and not self._keep_valid:
            return INVALID
        made, refused = self._made(base, {**arguments, **given}, at)
        kept = {name: each for name, each in given.items() if name not in refused}
        return made if made is INVALID or not as_mapping else kept

    def _report_unknown(self, table: Mapping[str, Any], base: Any, at: _At) -> None:
        known = [*settings_of(base), *getattr(base, "OTHER_KEYS", ())]
        for name in table:
            if name not in settings_of(base):
                below = at.below(str(name), None)
                near = nearest(str(name), known)
                self._report(
                    below, f"unknown key {dotted(below.keys)!r}{near}", use_one_of(known) if known else "remove it"
                )

    def _fields(self, table: Mapping[str, Any], settings: Mapping[str, Setting], at: _At) -> dict[str, Any]:
        """Return the valid values of a table, and report the others."""
        given: dict[str, Any] = {}
        for name, setting in settings.items():
            below = at.below(name, setting.example)
            if name in table:
                given[name] = self.value(table[name], setting.annotation, below, is_secret=setting.is_secret)
            elif setting.is_required:
                message = f"{dotted(below.keys)} must be set to {setting.words}"
                self._report(below, message, is_missing=True, is_secret=setting.is_secret)
        return {name: each for name, each in given.items() if each is not INVALID}

    def _made(self, base: Any, given: Mapping[str, Any], at: _At) -> tuple[Any, set[str]]:
        """Make a dataclass, which may check more than its types say.

        :returns: the dataclass or ``INVALID``; and the keys that it refuses.
        """
        try:
            return base(**given), set()
        except IvrkitError as error:
            refused = self._refused(base, given, at)
            if not refused:
                self._report(at, f"{dotted(at.keys)}: {error.message}", error.hint)
            kept = {name: each for name, each in given.items() if name not in refused}
            return base(**kept) if refused and self._keep_valid else INVALID, refused
        except PLUGIN_ERRORS as error:
            message = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
            self._report(at, f"{dotted(at.keys)}: {message}")
            return INVALID, set()

    def _refused(self, base: Any, given: Mapping[str, Any], at: _At) -> set[str]:
        """Report the keys that a dataclass refuses even alone, and return them."""
        refused: set[str] = set()
        for name, each in given.items():
            try:
                base(**{name: each})
            except IvrkitError as error:
                refused.add(name)
                below = at.below(name, None)
                is_named = name in error.message  # as in the messages of Texts
                message = error.message if is_named else f"{dotted(below.keys)}: {error.message}"
                self._report(below, message, error.hint)
            except TypeError:  # other keys are required
                break
        return refused


def _checked(value: Any, metadata: tuple[Any, ...]) -> Any:
    """Return a value after the checks of its metadata.

    :raises ValueError: if it is invalid.
    """
    if value is None:
        return None
    for each in metadata:
        check = getattr(each, "check", None)
        if check is not None:
            value = check(value)
    limits = limits_in(metadata)
    if limits and isinstance(value, _LISTS):
        _read(list(value), typing.Annotated[(list, *limits)])
    elif limits:
        _read(value, typing.Annotated[(dict if isinstance(value, Mapping) else type(value), *limits)])
    return value


def _shown(value: Any) -> str:
    """Return a value as an error shows it. What is in a table or a list may be secret."""
    if isinstance(value, Mapping):
        return "a table" if value else "an empty table"
    if isinstance(value, _LISTS):
        return "a list"
    return repr(str(value)) if isinstance(value, EnvironmentText) else repr(value)


def _parsed(value: Any, *, split: bool = False) -> Any:
    """Return a text of the environment as the list or table that it is in TOML; any other value as it is.

    :param split: whether a text that is not TOML is a list, separated by commas.
    """
    if not isinstance(value, EnvironmentText):
        return value
    if value.lstrip().startswith(("[", "{")):
        import tomllib

        try:
            return tomllib.loads(f"it = {value}")["it"]
        except ValueError:  # a text that only begins so
            pass
    return [EnvironmentText(each.strip()) for each in value.split(",") if each.strip()] if split else value


def _is_scalar(base: Any) -> bool:
    return not (is_dataclass_type(base) or is_mapping(base) or is_list(base))


def _typed(value: Any) -> tuple[type, Any]:
    return type(value), value  # True is 1, but it is not the literal 1


def _scalar(value: Any, base: Any) -> Any:
    """Return a value that is neither a list nor a table.

    :raises ValueError: if it is not of the type.
    """
    # For these values msgspec need not be imported, which takes 30 ms.
    if type(value) is base and base in (str, int, float, bool):
        return value
    if typing.get_origin(base) is typing.Literal and (type(value), value) in map(_typed, typing.get_args(base)):
        return value
    if not isinstance(value, EnvironmentText):
        return _read(value, base)
    if base is str:
        return str(value)
    text = _parsed(value)
    if not isinstance(text, str):
        return _read(text, base)
    text = str(text).strip()
    if base is bool:
        if text.lower() not in (*_TRUE, *_FALSE):
            raise ValueError(text)
        return text.lower() in _TRUE
    return _read(text, base, strict=False)


def _read(value: Any, annotation: Any, *, strict: bool = True) -> Any:
    """Return a value as msgspec reads it.

    :raises ValueError: if it is not of the type. Older versions of msgspec raise an error that is not a ValueError.
    """
    import msgspec

    try:
        return msgspec.convert(value, annotation, strict=strict, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _path(annotation: type, value: Any) -> Any:
    """Return a path, which msgspec cannot read itself.

    :raises ValueError: for any other type.
    """
    if annotation is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(value)
