"""The JSON Schema of setting types, in draft-07, which editors read (https://json-schema.org/draft-07).

This module makes the schemas of lists, tables and dataclasses. msgspec makes the schemas of the other types.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping
from pathlib import Path
from types import NoneType
from typing import Any

from ivrkit.plugin_errors import plugin_errors
from ivrkit.settings.setting import Setting, settings_of
from ivrkit.settings.setting_type import SINGLE_ALLOWED, KeysOf, Range, SettingType, limits_in
from ivrkit.settings.type_structure import is_dataclass_type, is_list, is_mapping, union_members, without_metadata

#: The part of a schema that forbids unknown keys in a table.
NO_OTHER_KEYS: Mapping[str, Any] = {"additionalProperties": False}
_SCALARS: Mapping[Any, Mapping[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Path: {"type": "string"},
}


class SchemaMaker:
    """Maker of the JSON Schemas of setting types.

    :param definitions: name -> schema of a dataclass. The maker adds the schema of each dataclass that it needs.
    :param prefix: the prefix of all names in ``definitions``.
    """

    def __init__(self, definitions: dict[str, Any], prefix: str) -> None:
        self._definitions = definitions
        self._prefix = prefix
        self._names: dict[type, str] = {}

    def of_setting(self, setting: Setting) -> dict[str, Any]:
        """Return the schema of a setting, with the description and the default. A secret default is left out."""
        schema: dict[str, Any] = {"description": plain_text(setting.description)} if setting.description else {}
        if setting.is_secret:
            schema["writeOnly"] = True
        elif isinstance(setting.default, bool | int | str):
            schema["default"] = setting.default
        return self.described(schema, setting.annotation)

    def described(self, description: Mapping[str, Any], annotation: Any) -> dict[str, Any]:
        """Return the schema of a type, with additional JSON Schema keys.

        :param description: the additional keys and their values, such as ``description`` and ``default``.
        :param annotation: the type.
        """
        return {**description, **self.of(annotation)}

    def of_table(self, settings_class: type) -> dict[str, Any]:
        """Return the schema of a TOML table whose keys are the settings of a dataclass.

        A secret setting is never a required key, because the setting may be set in the environment.
        """
        settings = settings_of(settings_class).values()
        return {
            "type": "object",
            "properties": {each.name: self.of_setting(each) for each in settings},
            "required": sorted(each.name for each in settings if each.is_required and not each.is_secret),
            **NO_OTHER_KEYS,
        }

    def of(self, annotation: Any) -> dict[str, Any]:
        """Return the schema of a type, or ``{}`` if a file cannot contain values of the type."""
        try:
            return self._of(annotation)
        except plugin_errors():  # the type cannot be read either: the loader reports that
            return {}

    def _of(self, annotation: Any) -> dict[str, Any]:
        base, metadata = without_metadata(annotation)
        if SINGLE_ALLOWED in metadata:
            item = self._of(typing.get_args(base)[0])
            return {"anyOf": [item, {"type": "array", "items": item}]}
        for each in metadata:
            base = getattr(each, "written_as", None) or base
            if isinstance(each, KeysOf):
                base = each.settings_class
        schema = self._of_base(base)
        if "$ref" in schema:
            schema = {"allOf": [schema]}  # an editor reads nothing beside a $ref
        limits = limits_in(metadata)
        if limits:
            limited = list if is_list(base) else dict if is_mapping(base) else base
            schema = {**_of_msgspec(typing.Annotated[(limited, *limits)]), **schema}
        for each in metadata:
            if isinstance(each, SettingType) and each.schema:
                schema |= each.schema
            elif isinstance(each, Range):
                schema |= {} if each.at_least is None else {"minimum": each.at_least}
                schema |= {} if each.at_most is None else {"maximum": each.at_most}
        return schema

    def _of_base(self, base: Any) -> dict[str, Any]:
        members = [each for each in union_members(base) if each is not NoneType]  # a file has no null
        if len(members) > 1:
            return {"anyOf": [self._of(each) for each in members]}
        if members != [base]:
            return self._of(members[0])
        if base is Any or base is object:
            return {}
        if is_dataclass_type(base):
            return self._reference(base)
        if is_mapping(base):
            return self._mapping(typing.get_args(base))
        if is_list(base):
            return self._list(base, typing.get_args(base))
        return dict(_SCALARS[base]) if base in _SCALARS else _of_msgspec(base)

    def _reference(self, base: type) -> dict[str, Any]:
        """Return a JSON Schema ``$ref`` to the schema of a dataclass. The dataclass may have fields of its own type."""
        if base not in self._names:
            same = [each for each in self._names if each.__name__ == base.__name__]
            self._names[base] = f"{self._prefix}.{base.__name__}{len(same) + 1 if same else ''}"
            self._definitions[self._names[base]] = self.of_table(base)
        return {"$ref": f"#/definitions/{self._names[base]}"}

    def _mapping(self, arguments: tuple[Any, ...]) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object"}
        if not arguments:
            return schema
        keys = {name: each for name, each in self._of(arguments[0]).items() if name in ("pattern", "enum")}
        if keys:
            schema["propertyNames"] = keys
        values = self._of(arguments[1])
        return {**schema, "additionalProperties": values} if values else schema

    def _list(self, base: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "array"}
        if not arguments:
            return schema
        if typing.get_origin(base) is tuple and arguments[1:] != (...,):
            items = [self._of(each) for each in arguments]
            return {**schema, "items": items, "minItems": len(items), "maxItems": len(items), "additionalItems": False}
        return {**schema, "items": self._of(arguments[0])}


def plain_text(description: str) -> str:
    """Return a description without the double backquotes of reStructuredText."""
    return description.replace("``", "")


def _of_msgspec(annotation: Any) -> dict[str, Any]:
    """Return the schema that msgspec makes of a type, or ``{}`` if the schema consists of several definitions."""
    import msgspec

    (schema,), parts = msgspec.json.schema_components([annotation], ref_template="{name}")
    name = schema.get("$ref")
    if name in parts and len(parts) == 1:
        return dict(parts[name])
    return {} if parts else dict(schema)  # tables of tables of another library's types
