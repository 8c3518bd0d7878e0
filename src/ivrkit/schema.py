"""JSON Schema of ``ivrkit.toml`` and of ``*.flow.toml``, made of the tree that is installed: for editors and checks.

It is draft-07 (https://json-schema.org/draft-07), which editors read. It says what a file may hold, and nothing of what
only the whole tree can tell: whether a state is there, whether two options have one key.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from ivrkit.flow.model.text import KEY_NAMES, Texts
from ivrkit.plugins.loaded import InstalledPlugins
from ivrkit.plugins.plugin_settings import PluginSettings, descriptions_of
from ivrkit.plugins.state_kinds import COMMON_KEYS, Parameter, ParameterType, StateKind
from ivrkit.settings.convert import schema_of
from ivrkit.settings.core import SETTING_TYPES, Settings
from ivrkit.settings.tables import KIND, STATE_SETTING_TYPES, StateSettings

DRAFT = "http://json-schema.org/draft-07/schema#"
_NO_MORE = {"additionalProperties": False}
_STRING: Mapping[str, Any] = {"type": "string"}
_MOVES = ("HOME", "BACK", "SAME", "HANG UP")
#: What stands in every schema once, and is referred to.
_SHARED: Mapping[str, Any] = {
    "word": {
        "anyOf": [
            _STRING,
            {"type": "object", "properties": {"play": _STRING}, "required": ["play"], **_NO_MORE},
            {"type": "object", "properties": {"pause": {"type": "integer"}}, "required": ["pause"], **_NO_MORE},
            {
                "type": "object",
                "properties": {"say": _STRING, "voice": _STRING, "language": _STRING},
                "required": ["say"],
                **_NO_MORE,
            },
        ]
    },
    "words": {"anyOf": [{"$ref": "#/definitions/word"}, {"type": "array", "items": {"$ref": "#/definitions/word"}}]},
    "target": {
        "anyOf": [
            {"type": "string", "pattern": r"\S", "examples": [*_MOVES]},
            {
                "type": "object",
                "properties": {
                    "to": {"type": "string", "examples": [*_MOVES]},
                    "say": {"$ref": "#/definitions/words"},
                    "language": _STRING,
                },
                "required": ["to"],
                **_NO_MORE,
            },
        ]
    },
}
#: The definitions of parameters of these types.
_DEFINITIONS = {ParameterType.PROMPTS: "words", ParameterType.TARGET: "target"}
_OPTION: Mapping[str, Any] = {
    "key": {"type": "string", "pattern": "^[0-9*#]+$"},
    "label": {"type": "string", "pattern": r"\S"},
    "sentence": {"type": "string", "pattern": r"\S"},
    "phrases": {"anyOf": [_STRING, {"type": "array", "items": _STRING}]},
    "menu": {"type": "string", "pattern": r"\S"},
}


def schema_of_settings(found: InstalledPlugins) -> dict[str, Any]:
    """Return the schema of ``ivrkit.toml``.

    :param found: what is installed.
    """
    definitions: dict[str, Any] = {**_SHARED}
    definitions["state"] = _state(found, definitions, decided=True)
    described = descriptions_of(Settings)
    properties: dict[str, Any] = {}
    plain = Settings()
    for name, kind in SETTING_TYPES.items():
        if name not in ("texts", "texts_in", "states", "plugin_settings"):
            told = {"description": _plain(described[name]), **kind.schema}
            default = getattr(plain, name)
            if isinstance(default, bool | int | str):
                told["default"] = default
            properties[name] = told
    properties["texts"] = _texts()
    properties["states"] = _states(
        "What you decide about single states; and states of your own, with a kind.", found.state_names
    )
    properties["plugins"] = {
        "type": "object",
        "description": _plain(described["plugin_settings"]),
        "properties": {each.owner.plugin: _plugin(each, definitions) for each in found.settings},
        "additionalProperties": {"type": "object"},
    }
    return _whole("ivrkit.toml", "The settings of a phone tree on ivrkit.", properties, definitions)


def schema_of_flow(found: InstalledPlugins) -> dict[str, Any]:
    """Return the schema of ``*.flow.toml``.

    :param found: what is installed.
    """
    definitions: dict[str, Any] = {**_SHARED}
    definitions["state"] = _state(found, definitions, decided=False)
    properties = {"states": _states("States by their names.", ())}
    return _whole("*.flow.toml", "States of a phone tree on ivrkit, without code.", properties, definitions)


def _whole(
    title: str, description: str, properties: Mapping[str, Any], definitions: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "$schema": DRAFT,
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        **_NO_MORE,
        "definitions": definitions,
    }


def _texts() -> dict[str, Any]:
    """Return the schema of the core's sentences, in the flow's own language and in others."""
    keys = {"type": "object", "properties": dict.fromkeys(KEY_NAMES, _STRING), **_NO_MORE}
    sentences: dict[str, Any] = {
        each.name: {**_STRING, "default": each.default, "description": _of_places(each.metadata["placeholders"])}
        for each in fields(Texts)
        if each.name != "keys"
    }
    of_language = {"type": "object", "properties": {**sentences, "keys": keys}, **_NO_MORE}
    return {
        "type": "object",
        "description": "The core's own sentences; in another language as [texts.es].",
        "properties": {**sentences, "keys": keys},
        "additionalProperties": of_language,
    }


def _of_places(places: tuple[str, ...]) -> str:
    named = " and ".join("{" + place + "}" for place in places)
    return f"It may hold {named}." if named else "It holds no places in braces."


def _states(described: str, known: Iterable[str]) -> dict[str, Any]:
    """Return the schema of the tables ``[states.NAME]``; an editor proposes the names that are known."""
    state = {"$ref": "#/definitions/state"}
    properties = dict.fromkeys(known, state)
    return {"type": "object", "description": described, "properties": properties, "additionalProperties": state}


def _state(found: InstalledPlugins, definitions: dict[str, Any], *, decided: bool) -> dict[str, Any]:
    """Return the schema of one table ``[states.NAME]``; what it refers to is added to the definitions.

    :param decided: whether a table without a kind decides about a state of a plugin.
    """
    kinds = [_kind(kind, definitions, decided=decided) for kind in found.kinds.values()]
    made = {"type": "object", "properties": {KIND: {"enum": [*found.kinds]}}, "required": [KIND], "allOf": kinds}
    if not decided:
        return made
    return {
        "if": {"required": [KIND]},
        "then": made,
        "else": {"type": "object", "properties": _decisions(), **_NO_MORE},
    }


def _decisions() -> dict[str, Any]:
    described = descriptions_of(StateSettings)
    return {name: {"description": _plain(described[name]), **kind.schema} for name, kind in STATE_SETTING_TYPES.items()}


def _kind(kind: StateKind, definitions: dict[str, Any], *, decided: bool) -> dict[str, Any]:
    """Return the schema of the tables of a kind, for those tables alone."""
    more = {name: each for name, each in _decisions().items() if decided or name in ("texts", "voice", "language")}
    of_all = {name: {"description": told, **_of_every_state(name)} for name, told in COMMON_KEYS.items()}
    own = {key: _parameter(each, f"kind.{kind.name}", definitions) for key, each in kind.parameters.items()}
    return {
        "if": {"properties": {KIND: {"const": kind.name}}},
        "then": {
            "description": f"{kind.description} Offered by {kind.owner}.",
            "properties": {**more, **of_all, **own},
            "required": [KIND, *(key for key, each in kind.parameters.items() if each.required)],
            **_NO_MORE,
        },
    }


def _of_every_state(name: str) -> Mapping[str, Any]:
    if name == "options":
        option = {"type": "object", "properties": {**_OPTION}, "required": ["key"], **_NO_MORE}
        return {"type": "array", "items": option}
    if name == "language":
        return STATE_SETTING_TYPES[name].schema
    found: Mapping[str, Any] = _OPTION.get(name, _STRING)
    return found


def _parameter(parameter: Parameter, prefix: str, definitions: dict[str, Any]) -> dict[str, Any]:
    told = _told(parameter.description)
    if isinstance(parameter.default, bool | int | str):
        told["default"] = parameter.default
    if parameter.type in _DEFINITIONS:
        return {**told, "allOf": [{"$ref": f"#/definitions/{_DEFINITIONS[parameter.type]}"}]}
    if parameter.type == ParameterType.TARGETS:
        return {**told, "type": "object", "additionalProperties": {"$ref": "#/definitions/target"}}
    return _of_type(told, parameter.annotation, prefix, definitions)


def _plugin(plugin: PluginSettings, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a plugin's settings; what it refers to is added to the definitions."""
    if not plugin.settings and plugin.values is None:  # it can't be used, which the loader tells
        return {"type": "object", "description": f"Settings of {plugin.owner}."}
    hints = typing.get_type_hints(plugin.kind, include_extras=True)
    required = {each.name for each in dataclasses.fields(plugin.kind) if _is_required(each)}
    properties: dict[str, Any] = {}
    for each in plugin.settings:
        told = _told(each.description)
        if each.secret:
            told["writeOnly"] = True
        elif isinstance(each.default, bool | int | str):
            told["default"] = each.default
        properties[each.name] = _of_type(told, hints[each.name], plugin.owner.plugin, definitions)
    secrets = {each.name for each in plugin.settings if each.secret}  # they are set in the environment
    return {
        "type": "object",
        "description": f"Settings of {plugin.owner}.",
        "properties": properties,
        "required": sorted(required - secrets),
        **_NO_MORE,
    }


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _told(description: str) -> dict[str, Any]:
    return {"description": _plain(description)} if description else {}


def _of_type(told: Mapping[str, Any], annotation: Any, prefix: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type with what is told of it; what it refers to is added to the definitions."""
    found, parts = schema_of(annotation, f"#/definitions/{prefix}.{{name}}")
    classes = dict(_classes_in(annotation)) if parts else {}
    definitions |= {f"{prefix}.{name}": _part(part, classes.get(name)) for name, part in parts.items()}
    return {**told, "allOf": [found]} if "$ref" in found else {**told, **found}  # beside a $ref nothing is read


def _classes_in(annotation: Any, seen: frozenset[type] = frozenset()) -> Iterator[tuple[str, type]]:
    """Return the dataclasses of a type, and of their own fields, by their names."""
    for each in typing.get_args(annotation):
        yield from _classes_in(each, seen)
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation) and annotation not in seen:
        yield annotation.__name__, annotation
        for each in typing.get_type_hints(annotation, include_extras=True).values():
            yield from _classes_in(each, seen | {annotation})


def _part(part: Mapping[str, Any], kind: type | None) -> dict[str, Any]:
    """Return the schema of a dataclass in a table: it has no other keys, and no default of a secret is told."""
    if "properties" not in part:
        return {**part}
    described = descriptions_of(kind)
    shown = {each.name: each.repr for each in dataclasses.fields(kind)} if kind else {}
    properties: dict[str, Any] = {}
    for name, each in part["properties"].items():
        told = {**_told(described.get(name, "")), **each}
        if not shown.get(name) or not isinstance(told.get("default"), bool | int | str):
            told.pop("default", None)
        properties[name] = told if shown.get(name, True) else {**told, "writeOnly": True}
    return {**part, "properties": properties, **_NO_MORE}


def _plain(text: str) -> str:
    return text.replace("``", "")
