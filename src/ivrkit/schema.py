"""JSON Schema of ``ivrkit.toml`` and of ``*.flow.toml``, made of the tree that is installed: for editors and checks.

It is draft-07 (https://json-schema.org/draft-07), which editors read. It says what a file may hold, and nothing of what
only the whole tree can tell: whether a state is there, whether two options have one key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from ivrkit.flow.model.text import KEY_NAMES, Texts
from ivrkit.plugins.loaded import InstalledPlugins
from ivrkit.plugins.plugin_settings import PluginSettings
from ivrkit.plugins.state_kinds import Parameter, ParameterType, StateKind
from ivrkit.settings import StateSettings
from ivrkit.settings.core_settings import SETTINGS
from ivrkit.settings.json_schema import NO_OTHER_KEYS, SchemaMaker, plain_text
from ivrkit.settings.state_settings import KEYS_BESIDE_KIND
from ivrkit.settings.toml_keys import COMMON_KEYS, KIND

DRAFT = "http://json-schema.org/draft-07/schema#"
_STRING: Mapping[str, Any] = {"type": "string"}
_MOVES = ("HOME", "BACK", "SAME", "HANG UP")
#: What stands in every schema once, and is referred to.
_SHARED: Mapping[str, Any] = {
    "word": {
        "anyOf": [
            _STRING,
            {"type": "object", "properties": {"play": _STRING}, "required": ["play"], **NO_OTHER_KEYS},
            {"type": "object", "properties": {"pause": {"type": "integer"}}, "required": ["pause"], **NO_OTHER_KEYS},
            {
                "type": "object",
                "properties": {"say": _STRING, "voice": _STRING, "language": _STRING},
                "required": ["say"],
                **NO_OTHER_KEYS,
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
                **NO_OTHER_KEYS,
            },
        ]
    },
}


#: The definitions of parameters of these types.
_DEFINITIONS = {ParameterType.PROMPTS: "words", ParameterType.TARGET: "target"}


def schema_of_settings(found: InstalledPlugins) -> dict[str, Any]:
    """Return the schema of ``ivrkit.toml``.

    :param found: what is installed.
    """
    definitions: dict[str, Any] = {**_SHARED}
    definitions["state"] = _state(found, definitions, decided=True)
    properties: dict[str, Any] = {}
    maker = SchemaMaker(definitions, "ivrkit")
    for name, setting in SETTINGS.items():
        if name not in ("texts", "texts_in", "states", "plugin_settings"):
            properties[name] = maker.of_setting(setting)
    properties["texts"] = _texts()
    properties["states"] = _states(
        "What you decide about single states; and states of your own, with a kind.", found.state_names
    )
    properties["plugins"] = {
        "type": "object",
        "description": plain_text(SETTINGS["plugin_settings"].description),
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
        **NO_OTHER_KEYS,
        "definitions": definitions,
    }


def _texts() -> dict[str, Any]:
    """Return the schema of the core's sentences, in the flow's own language and in others."""
    keys = {"type": "object", "properties": dict.fromkeys(KEY_NAMES, _STRING), **NO_OTHER_KEYS}
    sentences: dict[str, Any] = {
        each.name: {**_STRING, "default": each.default, "description": _of_places(each.metadata["placeholders"])}
        for each in fields(Texts)
        if each.name != "keys"
    }
    of_language = {"type": "object", "properties": {**sentences, "keys": keys}, **NO_OTHER_KEYS}
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
        "else": {
            "type": "object",
            "properties": SchemaMaker(definitions, "ivrkit").of_table(StateSettings)["properties"],
            **NO_OTHER_KEYS,
        },
    }


def _kind(kind: StateKind, definitions: dict[str, Any], *, decided: bool) -> dict[str, Any]:
    """Return the schema of the tables of a kind, for those tables alone."""
    maker = SchemaMaker(definitions, "ivrkit")
    decisions = maker.of_table(StateSettings)["properties"]
    more = {name: decisions[name] for name in (KEYS_BESIDE_KIND if decided else ("texts",))}
    of_all = {name: maker.of_setting(each) for name, each in COMMON_KEYS.items()}
    own = {key: _parameter(each, f"kind.{kind.name}", definitions) for key, each in kind.parameters.items()}
    return {
        "if": {"properties": {KIND: {"const": kind.name}}},
        "then": {
            "description": f"{kind.description} Offered by {kind.owner}.",
            "properties": {**more, **of_all, **own},
            "required": [KIND, *(key for key, each in kind.parameters.items() if each.required)],
            **NO_OTHER_KEYS,
        },
    }


def _parameter(parameter: Parameter, prefix: str, definitions: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"description": plain_text(parameter.description)} if parameter.description else {}
    if isinstance(parameter.default, bool | int | str):
        told["default"] = parameter.default
    if parameter.type in _DEFINITIONS:
        return {**told, "allOf": [{"$ref": f"#/definitions/{_DEFINITIONS[parameter.type]}"}]}
    if parameter.type == ParameterType.TARGETS:
        return {**told, "type": "object", "additionalProperties": {"$ref": "#/definitions/target"}}
    return SchemaMaker(definitions, prefix).described(told, parameter.annotation_of_key())


def _plugin(plugin: PluginSettings, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a plugin's settings, and add its dataclasses to the definitions."""
    description = f"Settings of {plugin.owner}."
    if not plugin.settings and plugin.values is None:  # the dataclass cannot be used, which the loader reports
        return {"type": "object", "description": description}
    table = SchemaMaker(definitions, plugin.owner.plugin).of_table(plugin.settings_class)
    return {"description": description, **table}
