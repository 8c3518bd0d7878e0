"""Turns what a file, the environment or code has into the type that a setting asks for.

Types are read by msgspec (https://jcristharif.com/msgspec/converters.html).
"""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ivrkit.flow.run.sandbox import PLUGIN_ERRORS
from ivrkit.settings.load import FromText


def converted(value: Any, annotation: Any) -> Any:
    """Return a value in the form that an annotation asks for.

    :param value: as a file, code, or the environment has it; of the last, a text that is read as what is asked for.
    :param annotation: the type.
    :raises ValueError: when it is none of that type.
    """
    if not isinstance(value, FromText):
        _refuse_unknown(value, annotation)
        return _read(_plain(value), annotation, strict=not _has_texts(value))
    text = str(value)
    for read in (_as_toml, _as_scalar, _as_list):
        try:
            return read(text, annotation)
        except ValueError:
            continue
    raise ValueError(text)


def schema_of(annotation: Any, ref_template: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the JSON Schema of a type, and those of the tables that it refers to, by their names.

    :param ref_template: how it refers to them: ``#/definitions/{name}``.
    """
    try:
        (found,), parts = msgspec.json.schema_components(
            [annotation], schema_hook=_schema_of_path, ref_template=ref_template
        )
    except PLUGIN_ERRORS:  # it can't be read either: nothing can be said of it
        return {}, {}
    return _draft_7(found), {name: _draft_7(part) for name, part in parts.items()}


#: Where names stand that are no words of a schema.
_NAMED = ("properties", "patternProperties")
#: Where there are values, and no schemas.
_VALUES = ("default", "enum", "const", "examples")


def _draft_7(schema: Any) -> Any:
    """Return a schema of msgspec's as draft-07 has it: a file has no null, and may name a member of a set twice."""
    if isinstance(schema, list):
        return [_draft_7(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    left_out = (("uniqueItems", True), ("default", None))
    kept = {key: value for key, value in schema.items() if (key, value) not in left_out}
    if "prefixItems" in kept:
        kept |= {"items": kept.pop("prefixItems"), "additionalItems": kept["items"]}
    for key, value in kept.items():
        if key in _NAMED:
            kept[key] = {name: _draft_7(each) for name, each in value.items()}
        elif key not in _VALUES:
            kept[key] = _draft_7(value)
    return kept


def _schema_of_path(kind: type) -> dict[str, Any]:
    """Return the schema of what msgspec does not know of itself: a path.

    :raises NotImplementedError: for any other thing.
    """
    if kind is Path:
        return {"type": "string"}
    raise NotImplementedError


def _read(value: Any, annotation: Any, *, strict: bool = True) -> Any:
    """Return what msgspec makes of a value.

    :raises ValueError: when it is none of that type: older versions of msgspec raise what is no ValueError.
    """
    try:
        return msgspec.convert(value, annotation, strict=strict, dec_hook=_other_type)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def _refuse_unknown(value: Any, annotation: Any) -> None:
    """Refuse a key that a dataclass in a table does not have; msgspec would pass it over."""
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        for kind in arguments:
            _refuse_unknown(value, kind)
        return
    if isinstance(value, list | tuple):
        for each, kind in itertools.product(value, arguments):
            _refuse_unknown(each, kind)
        return
    for each in value.values() if isinstance(value, Mapping) and arguments else ():
        _refuse_unknown(each, arguments[-1])
    if not (inspect.isclass(annotation) and dataclasses.is_dataclass(annotation) and isinstance(value, Mapping)):
        return
    hints = typing.get_type_hints(annotation, include_extras=True)
    for key, each in value.items():
        if key not in hints:
            raise ValueError(key)
        _refuse_unknown(each, hints[key])


def _has_texts(value: Any) -> bool:
    """Return whether the environment put something into a table, which has nothing but texts for numbers and flags."""
    return isinstance(value, dict) and any(isinstance(each, FromText) or _has_texts(each) for each in value.values())


def _plain(value: Any) -> Any:
    """Return a value with what the environment put into a table of it read as TOML would have it."""
    if isinstance(value, dict):
        return {key: str(each) if isinstance(each, FromText) else _plain(each) for key, each in value.items()}
    return value


def _as_toml(text: str, annotation: Any) -> Any:
    if not _is_toml(text):
        raise ValueError(text)
    value = tomllib.loads(f"it = {text}")["it"]
    _refuse_unknown(value, annotation)
    return _read(value, annotation)


def _as_scalar(text: str, annotation: Any) -> Any:
    if annotation is bool:
        text = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower(), text)
    return _read(text, annotation, strict=False)


def _is_toml(text: str) -> bool:
    return text.lstrip().startswith(("[", "{"))


def _as_list(text: str, annotation: Any) -> Any:
    if _is_toml(text):
        raise ValueError(text)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return _read(parts, annotation, strict=False)


def _other_type(kind: type, value: Any) -> Any:
    """Return what msgspec does not know of itself: a path."""
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(value)
