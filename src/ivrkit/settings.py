"""The core's settings: what they are and what each expects. How they are read is in ``load_settings``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ivrkit.errors import SettingsError
from ivrkit.flow.flow import Rules
from ivrkit.flow.outcomes import is_key
from ivrkit.flow.text import Texts

#: An AccountSid: https://www.twilio.com/docs/glossary/what-is-a-sid
ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class StateSettings:
    """What a team decides about one state: a table ``[states.NAME]``.

    :param plugin: the plugin that the state is taken from, where several offer it.
    :param key: the key of its menu options, in place of the package's own.
    """

    plugin: str | None = None
    key: str | None = None


class Kind(NamedTuple):
    """What a setting expects, and how it is read: ``read`` raises ``ValueError`` for anything else."""

    expects: str
    read: Callable[[Any], Any]


def _text(value: Any) -> str:
    if isinstance(value, str) and value.strip():
        return value
    raise ValueError(value)


def _number_from(least: int) -> Kind:
    def read(value: Any) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise ValueError(value)

    return Kind(f"a whole number of at least {least}", read)


def _optional(kind: Kind) -> Kind:
    return Kind(kind.expects, lambda value: None if value is None else kind.read(value))


def _several(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_text(value),)
    if isinstance(value, list | tuple):
        return tuple(_text(each) for each in value)
    raise ValueError(value)


def _zone(value: Any) -> str:
    return str(ZoneInfo(_text(value)))


def _public_url(value: Any) -> str:
    parts = urlsplit(_text(value))
    if parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment or parts.username):
        return parts.geturl().rstrip("/")
    raise ValueError(value)


def _prefix(value: Any) -> str:
    if isinstance(value, str) and re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", value):
        return value
    raise ValueError(value)


def _log_format(value: Any) -> str:
    if value in ("text", "json"):
        return str(value)
    raise ValueError(value)


def _accounts(value: Any) -> Mapping[str, tuple[str, ...]]:
    if isinstance(value, Mapping) and all(ACCOUNT_SID.fullmatch(str(sid)) for sid in value):
        return MappingProxyType({sid: _several(tokens) for sid, tokens in value.items()})
    raise ValueError(value)


def _states(value: Any) -> Mapping[str, StateSettings]:
    if not isinstance(value, Mapping):
        raise ValueError(value)
    states = {name: StateSettings(**each) if isinstance(each, Mapping) else each for name, each in value.items()}
    if all(_is_about_a_state(each) for each in states.values()):
        return MappingProxyType(states)
    raise ValueError(value)


def _texts(value: Any) -> Texts:
    if isinstance(value, Texts):
        return value
    if isinstance(value, Mapping) and all(isinstance(each, str | Mapping) for each in value.values()):
        return Texts(**value)
    raise ValueError(value)


def _is_about_a_state(value: Any) -> bool:
    return isinstance(value, StateSettings) and value.plugin != "" and (value.key is None or is_key(value.key))


def _instance(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        raise ValueError(value)

    return read


TEXT = Kind("a text", _text)
STATE_NAME = Kind("the name of a state", _text)
FLAG = Kind("true or false", _instance(bool))
TOKENS = Kind("a token, or a list of tokens while one is rotated", _several)


def setting(default: Any, kind: Kind, *, secret: bool = False) -> Any:
    """Return a dataclass field for a setting of a kind.

    :param default: its default, or the class that makes one.
    :param kind: what it expects.
    :param secret: whether to leave it out of the ``repr``.
    """
    if callable(default):
        return field(default_factory=default, metadata={"kind": kind}, repr=not secret)
    return field(default=default, metadata={"kind": kind}, repr=not secret)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The core's settings. Each can be set in ``ivrkit.toml``, by the environment as ``IVRKIT_`` and its name, or here.

    :param company: how the greeting names who is called.
    :param start: the state that a call begins with.
    :param way_out: where a caller goes who cannot be helped; left out: the state with key 0 in the start menu.
    :param tries: failures of a kind that a state takes, where it does not say itself.
    :param max_failures: failures in a row, in whatever states, before the way out.
    :param max_turns: webhooks of one call, of whatever kind, before the way out.
    :param language: of every ``Say`` without voice and language, and of speech recognition.
    :param voice: of every ``Say`` without voice and language; left out: the account's.
    :param timezone: IANA name of the zone of ``call.now``.
    :param session_url: where calls are kept between webhooks: ``sqlite:///`` and a file.
    :param session_hours: how long after its last webhook a call is kept.
    :param strict: whether one faulty plugin keeps the host from starting.
    :param block: plugins that are left out, by the names of their distributions.
    :param dev: for development: no token needed from loopback, and answers name state and owner.
    :param public_url: the base URL under which Twilio reaches the app, when the app itself cannot know it.
    :param trusted_proxies: how many proxies in front of the app set the ``X-Forwarded-`` headers.
    :param url_prefix: a path in front of ``/webhook``, such as ``/phone``.
    :param auth_token: Twilio's token; several while one is rotated. ``TWILIO_AUTH_TOKEN`` in the environment.
    :param accounts: AccountSid -> token or tokens, for sub-accounts. ``TWILIO_AUTH_TOKEN_AC...`` in the environment.
    :param log_format: how the log of ``ivrkit serve`` is written: ``text``, or ``json``, an object a line.
    :param mask_numbers: whether the log shows only the last four digits of telephone numbers.
    :param texts: the core's own sentences: the table ``[texts]``.
    :param states: what the team decides about single states: the tables ``[states.NAME]``.
    :raises SettingsError: for a value that its setting cannot take.
    """

    company: str = setting("our company", TEXT)
    start: str = setting("greeting", STATE_NAME)
    way_out: str | None = setting(None, _optional(STATE_NAME))
    tries: int = setting(3, _number_from(1))
    max_failures: int = setting(6, _number_from(1))
    max_turns: int = setting(100, _number_from(2))
    language: str = setting("en-US", Kind("a language such as 'en-US'", _text))
    voice: str | None = setting(None, _optional(Kind("a voice such as 'Polly.Joanna'", _text)))
    timezone: str = setting("UTC", Kind("the IANA name of a time zone, such as 'Europe/Vienna'", _zone))
    session_url: str = setting(
        "sqlite:///ivrkit-sessions.sqlite3", Kind("a URL such as 'sqlite:///calls.sqlite3'", _text)
    )
    session_hours: int = setting(25, _number_from(1))
    strict: bool = setting(True, FLAG)
    block: tuple[str, ...] = setting((), Kind("a list of the names of plugins", _several))
    dev: bool = setting(False, FLAG)
    public_url: str | None = setting(None, _optional(Kind("a URL such as 'https://ivr.example.com'", _public_url)))
    trusted_proxies: int = setting(0, _number_from(0))
    url_prefix: str = setting("", Kind("a path such as '/phone', or nothing", _prefix))
    auth_token: tuple[str, ...] = setting((), TOKENS, secret=True)
    accounts: Mapping[str, tuple[str, ...]] = setting(
        dict,
        Kind("a table of AccountSids (AC and 32 digits) with their tokens", _accounts),
        secret=True,
    )
    log_format: str = setting("text", Kind("'text' or 'json'", _log_format))
    mask_numbers: bool = setting(True, FLAG)
    texts: Texts = setting(Texts, Kind("a table of texts", _texts))
    states: Mapping[str, StateSettings] = setting(dict, Kind("a table of states", _states))

    def __post_init__(self) -> None:
        """Check every value, and keep it in its own form."""
        for each in fields(self):
            object.__setattr__(self, each.name, read_value(each.name, getattr(self, each.name), "Settings"))

    def rules(self) -> Rules:
        """Return the settings that the call flow obeys."""
        return Rules(**{each.name: getattr(self, each.name) for each in fields(Rules)})


#: The settings by name, with what each expects.
KINDS: Mapping[str, Kind] = {each.name: each.metadata["kind"] for each in fields(Settings)}


def read_value(name: str, value: Any, origin: str, key: str = "") -> Any:
    """Return a setting's value in its own form.

    :param name: the setting.
    :param value: as it was written.
    :param origin: where it was written: a file, ``environment`` or ``Settings``.
    :param key: its name there, where it has another.
    :raises SettingsError: with the origin, the name and what is expected.
    """
    try:
        return KINDS[name].read(value)
    except (ValueError, TypeError, LookupError, OSError):
        shown = "a value that is kept secret" if name in ("auth_token", "accounts") else repr(value)
        raise SettingsError(f"{origin}: {key or name} is {shown}", hint=f"it takes {KINDS[name].expects}") from None
