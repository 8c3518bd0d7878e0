"""What a setting may expect: how each kind of value is told, and how it is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ivrkit.errors import SettingsError
from ivrkit.flow.model.outcomes import is_key_sequence

#: An AccountSid: https://www.twilio.com/docs/glossary/what-is-a-sid
ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")


_TO_15000 = "[1-9][0-9]{2,3}|1[0-4][0-9]{3}|15000"
_REASON = "(4xx|5xx|ct|rt|all)"
#: The connection overrides, with what each takes, in words and as a pattern:
#: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
_OVERRIDES: Mapping[str, tuple[str, str]] = {
    "ct": ("100 to 10000, in thousandths of a second", "[1-9][0-9]{2,3}|10000"),
    "rt": ("100 to 15000, in thousandths of a second", _TO_15000),
    "tt": ("100 to 15000, in thousandths of a second", _TO_15000),
    "rc": ("0 to 5", "[0-5]"),
    "rp": ("some of 4xx,5xx,ct,rt,all", f"{_REASON}(,{_REASON})*"),
    "sni": ("y or n", "[yn]"),
    "e": ("names of Twilio's edges, such as dublin,frankfurt", "[a-z0-9-]+(,[a-z0-9-]+)*"),
}
_OVERRIDE = f"({'|'.join(f'{key}=({pattern})' for key, (_, pattern) in _OVERRIDES.items())})"
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class SettingType(NamedTuple):
    """What a setting expects, and how it is read: ``read`` raises ``ValueError`` for anything else.

    ``schema`` says the same to an editor, as JSON Schema: https://json-schema.org/draft-07.
    """

    expects: str
    read: Callable[[Any], Any]
    schema: Mapping[str, Any] = MappingProxyType({})


#: Schemas of what several kinds take.
NOT_BLANK: Mapping[str, Any] = {"type": "string", "pattern": r"\S"}
_TAG_PATTERN = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"
SCHEMA_OF_TAG: Mapping[str, Any] = {"type": "string", "pattern": _TAG_PATTERN}


def one_or_more(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of one thing, or of a list of such things."""
    return {"anyOf": [schema, {"type": "array", "items": schema}]}


def table_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a table whose values are alike."""
    return {"type": "object", "additionalProperties": schema}


def text(value: Any) -> str:
    """Return a text that is not blank."""
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError(value)


def number_from(least: int) -> SettingType:
    """Return the kind of whole numbers from a least one on."""

    def read(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise ValueError(value)

    return SettingType(f"a whole number of at least {least}", read, {"type": "integer", "minimum": least})


def optional(kind: SettingType) -> SettingType:
    """Return a kind with ``None`` among its values."""
    return SettingType(kind.expects, lambda value: None if value is None else kind.read(value), kind.schema)


def one_of(*known: str) -> Callable[[Any], str]:
    """Return what reads one of a few words."""

    def read(value: Any) -> str:
        if value in known:
            return str(value)
        raise ValueError(value)

    return read


def several(value: Any) -> tuple[str, ...]:
    """Return texts as a tuple; one alone is one of them."""
    if isinstance(value, str):
        return (text(value),)
    if isinstance(value, list | tuple):
        return tuple(text(each) for each in value)
    raise ValueError(value)


def zone(value: Any) -> str:
    """Return the name of a time zone that there is."""
    return str(ZoneInfo(text(value)))


def language(value: Any) -> str:
    """Return the tag of a language as Twilio takes it: ``es-MX``, also where it was written ``es_MX``."""
    tag = text(value).replace("_", "-")
    if _TAG.fullmatch(tag):
        return tag
    raise ValueError(value)


def languages(value: Any) -> tuple[str, ...]:
    """Return several tags of languages."""
    return tuple(language(each) for each in several(value))


def public_url(value: Any) -> str:
    """Return the base of a public URL, without a slash at its end."""
    parts = urlsplit(text(value))
    if parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment or parts.username):
        return parts.geturl().rstrip("/")
    raise ValueError(value)


def prefix(value: Any) -> str:
    """Return a path to be put in front of others, or nothing."""
    if isinstance(value, str) and re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", value):
        return value
    raise ValueError(value)


def overrides(value: Any) -> str:
    """Return connection overrides as they stand in the fragment of a URL, or nothing.

    :raises SettingsError: for the first that can't be, with what it takes.
    """
    if not isinstance(value, str):
        raise ValueError(value)
    for part in value.split("&") if value else ():
        name, _, given = part.partition("=")
        if name not in _OVERRIDES:
            known = ", ".join(_OVERRIDES)
            raise SettingsError(f"there is no connection override {name!r}", hint=f"there are: {known}; as rc=1&rp=ct")
        takes, pattern = _OVERRIDES[name]
        if not re.fullmatch(pattern, given):
            raise SettingsError(f"the connection override {name} is {given!r}", hint=f"it takes {takes}")
    return value


def accounts(value: Any) -> Mapping[str, tuple[str, ...]]:
    """Return the tokens of accounts."""
    if isinstance(value, Mapping) and all(ACCOUNT_SID.fullmatch(str(sid)) for sid in value):
        return MappingProxyType({sid: several(tokens) for sid, tokens in value.items()})
    raise ValueError(value)


def key(value: Any) -> str:
    """Return keys of a telephone."""
    if is_key_sequence(value):
        return str(value)
    raise ValueError(value)


def table_of_texts(value: Any) -> Mapping[str, str]:
    """Return a table with nothing but texts."""
    if isinstance(value, Mapping) and all(isinstance(each, str) for words in value.items() for each in words):
        return MappingProxyType(dict(value))
    raise ValueError(value)


def voices(value: Any) -> Mapping[str, str]:
    """Return the voices of languages."""
    if not isinstance(value, Mapping):
        raise ValueError(value)
    return MappingProxyType({text(language): text(voice) for language, voice in value.items()})


def instance(kind: type) -> Callable[[Any], Any]:
    """Return what reads the instances of a class."""

    def read(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        raise ValueError(value)

    return read


TEXT = SettingType("a text", text, NOT_BLANK)
STATE_NAME = SettingType("the name of a state", text, NOT_BLANK)
OVERRIDES = SettingType(
    "connection overrides such as 'rc=1&rp=ct', or nothing",
    overrides,
    {"type": "string", "pattern": f"^({_OVERRIDE}(&{_OVERRIDE})*)?$"},
)
FLAG = SettingType("true or false", instance(bool), {"type": "boolean"})
TOKENS = SettingType("a token, or a list of tokens while one is rotated", several, one_or_more(NOT_BLANK))


def normal_name(name: str) -> str:
    """Return the name of a distribution as names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
