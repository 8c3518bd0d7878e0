"""The conversion of single values, such as numbers and texts, and the parsing of environment variables."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ivrkit.settings.setting_type import limits_in
from ivrkit.settings.type_structure import is_dataclass_type, is_list, is_mapping

#: The types of values that are lists.
LISTS = (list, tuple, set, frozenset)
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class EnvironmentText(str):
    """The text of an environment variable. It is converted by other rules than a text from a file."""

    __slots__ = ()


def check_metadata(value: Any, metadata: tuple[Any, ...]) -> Any:
    """Return a value after the checks in the metadata of its type. A check may change the value.

    :raises ValueError: if a check refuses the value.
    """
    if value is None:
        return None
    for each in metadata:
        check = getattr(each, "check", None)
        if check is not None:
            value = check(value)
    limits = limits_in(metadata)
    if limits and isinstance(value, LISTS):
        _convert_by_msgspec(list(value), typing.Annotated[(list, *limits)])
    elif limits:
        _convert_by_msgspec(value, typing.Annotated[(dict if isinstance(value, Mapping) else type(value), *limits)])
    return value


def parse_environment(value: Any, *, split: bool = False) -> Any:
    """Return the list or the table that an environment variable contains as TOML. Return any other value unchanged.

    :param split: whether to split the text of a variable at its commas if the text is not TOML. The result is then a
        list of texts.
    """
    if not isinstance(value, EnvironmentText):
        return value
    if value.lstrip().startswith(("[", "{")):
        import tomllib

        try:
            return tomllib.loads(f"it = {value}")["it"]
        except ValueError:  # a text that only begins like TOML
            pass
    return [EnvironmentText(each.strip()) for each in value.split(",") if each.strip()] if split else value


def is_scalar(base: Any) -> bool:
    """Return whether a type without metadata is neither a list nor a table."""
    return not (is_dataclass_type(base) or is_mapping(base) or is_list(base))


def _typed(value: Any) -> tuple[type, Any]:
    return type(value), value  # True equals 1, but is not the literal 1


def convert_scalar(value: Any, base: Any) -> Any:
    """Convert a value to a type that is neither a list nor a table, such as ``int`` or ``str``.

    :raises ValueError: if the value does not have this type.
    """
    # Importing msgspec takes 30 ms. Values that have the exact type do not need it.
    if type(value) is base and base in (str, int, float, bool):
        return value
    if typing.get_origin(base) is typing.Literal and (type(value), value) in map(_typed, typing.get_args(base)):
        return value
    if not isinstance(value, EnvironmentText):
        return _convert_by_msgspec(value, base)
    if base is str:
        return str(value)
    text = parse_environment(value)
    if not isinstance(text, str):
        return _convert_by_msgspec(text, base)
    text = str(text).strip()
    if base is bool:
        if text.lower() not in (*_TRUE, *_FALSE):
            raise ValueError(text)
        return text.lower() in _TRUE
    return _convert_by_msgspec(text, base, strict=False)


def _convert_by_msgspec(value: Any, annotation: Any, *, strict: bool = True) -> Any:
    """Convert a value with msgspec.

    :raises ValueError: if the value does not have the type.
    """
    import msgspec

    try:
        return msgspec.convert(value, annotation, strict=strict, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _path(annotation: type, value: Any) -> Any:
    """Return a text as a ``Path``. msgspec calls this function for types that msgspec does not know.

    :raises ValueError: if the type is not ``Path`` or the value is not a text.
    """
    if annotation is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(value)
