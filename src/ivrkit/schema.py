"""The JSON Schema of ``ivrkit.toml`` and of ``*.flow.toml`` files, for editors and checks.

The schemas are made from the core's settings and from the settings and state kinds of all installed plugins. The
schemas are in draft-07, which editors can read (https://json-schema.org/draft-07).

A schema describes the valid contents of one file. Rules about the whole phone tree are not in the schema: for example
that a target exists, or that two menu options have different keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from ivrkit.flow.model.outcomes import KEY_SEQUENCE
from ivrkit.flow.model.text import KEY_NAMES, SENTENCES, Texts
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
#: The definitions of every schema.
_SHARED: Mapping[str, Any] = {
    "prompt": {
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
    "prompts": {
        "anyOf": [{"$ref": "#/definitions/prompt"}, {"type": "array", "items": {"$ref": "#/definitions/prompt"}}]
    },
    "target": {
        "anyOf": [
            {"type": "string", "pattern": r"\S", "examples": [*_MOVES]},
            {
                "type": "object",
                "properties": {
                    "to": {"type": "string", "examples": [*_MOVES]},
                    "say": {"$ref": "#/definitions/prompts"},
                    "language": _STRING,
                },
                "required": ["to"],
                **NO_OTHER_KEYS,
            },
        ]
    },
}
#: Type of a parameter -> its definition. Other types have no shared definition.
_DEFINITIONS = {ParameterType.PROMPTS: "prompts", ParameterType.TARGET: "target"}


def schema_of_settings(installed: InstalledPlugins) -> dict[str, Any]:
    """Return the schema of ``ivrkit.toml``.

    :param installed: the installed plugins.
    """
    definitions: dict[str, Any] = {**_SHARED}
    definitions["state"] = _state(installed, definitions, in_settings=True)
    properties: dict[str, Any] = {}
    maker = SchemaMaker(definitions, "ivrkit")
    for name, setting in SETTINGS.items():
        if name not in ("texts", "texts_in", "states", "plugin_settings"):
            properties[name] = maker.of_setting(setting)
    properties["texts"] = _texts()
    properties["states"] = _states(
        "Your decisions about the states of plugins, and your own states with a kind.", installed.state_names
    )
    properties["plugins"] = {
        "type": "object",
        "description": plain_text(SETTINGS["plugin_settings"].description),
        "properties": {each.owner.plugin: _plugin(each, definitions) for each in installed.settings},
        "additionalProperties": {"type": "object"},
    }
    return _document("ivrkit.toml", "The settings of an ivrkit phone tree.", properties, definitions)


def schema_of_flow(installed: InstalledPlugins) -> dict[str, Any]:
    """Return the schema of ``*.flow.toml`` files.

    :param installed: the installed plugins.
    """
    definitions: dict[str, Any] = {**_SHARED}
    definitions["state"] = _state(installed, definitions, in_settings=False)
    properties = {"states": _states("The states by their names.", ())}
    return _document("*.flow.toml", "States of an ivrkit phone tree, without code.", properties, definitions)


def _document(
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
    """Return the schema of the table ``[texts]``: the core's sentences, and a table for each additional language."""
    keys = {"type": "object", "properties": dict.fromkeys(KEY_NAMES, _STRING), **NO_OTHER_KEYS}
    sentences: dict[str, Any] = {
        each.name: {**_STRING, "default": each.default, "description": _describe(each.metadata["placeholders"])}
        for each in fields(Texts)
        if each.name in SENTENCES
    }
    spoken = {"type": "object", "patternProperties": {f"^{KEY_SEQUENCE.pattern}$": _STRING}, **NO_OTHER_KEYS}
    properties = {**sentences, "keys": keys, "spoken_keys": spoken}
    language = {"type": "object", "properties": properties, **NO_OTHER_KEYS}
    return {
        "type": "object",
        "description": "The core's own sentences. A table such as [texts.es] has the sentences of another language.",
        "properties": properties,
        "additionalProperties": language,
    }


def _describe(placeholders: tuple[str, ...]) -> str:
    names = " and ".join("{" + each + "}" for each in placeholders)
    return f"It may have the placeholders {names}." if names else "It has no placeholders."


def _states(description: str, known: Iterable[str]) -> dict[str, Any]:
    """Return the schema of the tables ``[states.NAME]``.

    :param known: the names of states that editors propose for NAME.
    """
    state = {"$ref": "#/definitions/state"}
    properties = dict.fromkeys(known, state)
    return {"type": "object", "description": description, "properties": properties, "additionalProperties": state}


def _state(installed: InstalledPlugins, definitions: dict[str, Any], *, in_settings: bool) -> dict[str, Any]:
    """Return the schema of a table ``[states.NAME]``.

    :param definitions: the definitions of the whole schema. The function adds the dataclasses that the table refers to.
    :param in_settings: whether the table is in ``ivrkit.toml``. In that file, a table without the key ``kind`` is valid
        and changes a state of a plugin.
    """
    kinds = [_kind(kind, definitions, in_settings=in_settings) for kind in installed.kinds.values()]
    own_state = {
        "type": "object",
        "properties": {KIND: {"enum": [*installed.kinds]}},
        "required": [KIND],
        "allOf": kinds,
    }
    if not in_settings:
        return own_state
    return {
        "if": {"required": [KIND]},
        "then": own_state,
        "else": {
            "type": "object",
            "properties": SchemaMaker(definitions, "ivrkit").of_table(StateSettings)["properties"],
            **NO_OTHER_KEYS,
        },
    }


def _kind(kind: StateKind, definitions: dict[str, Any], *, in_settings: bool) -> dict[str, Any]:
    """Return the schema of ``[states.NAME]`` tables with one state kind. Tables with another kind are not checked.

    :param definitions: the definitions of the whole schema. The function adds the keys that all kinds share.
    """
    maker = SchemaMaker(definitions, "ivrkit")
    decisions = maker.of_table(StateSettings)["properties"]
    decisions = {name: decisions[name] for name in (KEYS_BESIDE_KIND if in_settings else ("texts",))}
    common = {name: maker.of_setting(each) for name, each in COMMON_KEYS.items()}
    # All kinds share these keys, so each has one definition, and not one for each kind.
    shared = {f"state.{name}": each for name, each in {**decisions, **common}.items()}
    definitions.update(shared)
    references = {name.removeprefix("state."): {"$ref": f"#/definitions/{name}"} for name in shared}
    own = {key: _parameter(each, f"kind.{kind.name}", definitions) for key, each in kind.parameters.items()}
    return {
        "if": {"properties": {KIND: {"const": kind.name}}},
        "then": {
            "description": f"{kind.description} Offered by {kind.owner}.",
            "properties": {**references, **own},
            "required": [KIND, *(key for key, each in kind.parameters.items() if each.required)],
            **NO_OTHER_KEYS,
        },
    }


def _parameter(parameter: Parameter, prefix: str, definitions: dict[str, Any]) -> dict[str, Any]:
    description: dict[str, Any] = {"description": plain_text(parameter.description)} if parameter.description else {}
    if isinstance(parameter.default, bool | int | str):
        description["default"] = parameter.default
    if parameter.type in _DEFINITIONS:
        return {**description, "allOf": [{"$ref": f"#/definitions/{_DEFINITIONS[parameter.type]}"}]}
    if parameter.type == ParameterType.TARGETS:
        return {**description, "type": "object", "additionalProperties": {"$ref": "#/definitions/target"}}
    return SchemaMaker(definitions, prefix).described(description, parameter.annotation_of_key())


def _plugin(plugin: PluginSettings, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a plugin's settings.

    :param definitions: the definitions of the whole schema. The function adds the dataclasses that the settings refer
        to.
    """
    description = f"Settings of {plugin.owner}."
    if not plugin.settings and plugin.values is None:  # the dataclass cannot be used, which the loader reports
        return {"type": "object", "description": description}
    table = SchemaMaker(definitions, plugin.owner.plugin).of_table(plugin.settings_class)
    return {"description": description, **table}
