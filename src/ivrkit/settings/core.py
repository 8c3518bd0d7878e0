"""The core's settings: what they are and what each expects. How they are read is in ``load_settings``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ivrkit.errors import SettingsError
from ivrkit.flow.compile.flow_config import DEFAULT_CONNECTION_OVERRIDES, FlowConfig
from ivrkit.flow.model.routes import Goto
from ivrkit.flow.model.text import Texts
from ivrkit.settings import types
from ivrkit.settings.tables import STARTS, STATES, StartSettings, StateSettings
from ivrkit.settings.types import SettingType, normal_name


def _plugins(value: Any) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(value, Mapping) and all(isinstance(each, Mapping) for each in value.values()):
        return MappingProxyType({normal_name(str(name)): dict(each) for name, each in value.items()})
    raise ValueError(value)


def _texts_in(value: Any) -> Mapping[str, Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        raise ValueError(value)
    for texts in value.values():
        _texts(texts)
    return MappingProxyType({types.text(language): dict(texts) for language, texts in value.items()})


def _texts(value: Any) -> Texts:
    if isinstance(value, Texts):
        return value
    if isinstance(value, Mapping) and all(isinstance(each, str | Mapping) for each in value.values()):
        return Texts(**value)
    raise ValueError(value)


_PUBLIC_URL = {"type": "string", "pattern": "^https?://[^?#@]+$"}
_PREFIX = {"type": "string", "pattern": "^(/[A-Za-z0-9._~-]+)*$"}
_ACCOUNTS = {
    "type": "object",
    "propertyNames": {"pattern": "^AC[0-9a-fA-F]{32}$"},
    "additionalProperties": types.one_or_more(types.NOT_BLANK),
}
#: How many bytes the ``data`` of a call may have as JSON where calls are kept in their cookies alone.
MOST_DATA_IN_COOKIE = 2_048


def setting(default: Any, kind: SettingType, *, secret: bool = False) -> Any:
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
    :param numbers: where the calls to single numbers begin: the tables ``[numbers."+15550100"]``.
    :param callers: where the calls of single callers begin, whatever they called: ``[callers."+15550100"]``.
    :param operator: where a caller goes who cannot be helped; left out: the state with key 0 in the start menu.
    :param tries: failures of a kind that a state takes, where it does not say itself.
    :param max_failures: failures in a row, in whatever states, before the operator.
    :param max_turns: webhooks of one call, of whatever kind, before the operator.
    :param language: of every ``Say`` without voice and language, and of speech recognition.
    :param languages: the further languages that calls can be held in.
    :param voice: of every ``Say`` without voice and language; left out: the account's.
    :param voices: language -> the voice of calls in it, where it is another than ``voice``: the table ``[voices]``.
    :param timezone: IANA name of the zone of ``call.now``.
    :param session_url: where calls are kept between webhooks: ``sqlite:///`` and a file, ``redis://`` and a server,
        ``postgresql://`` and a database, ``cookie:`` for nothing on the server, or what a plugin offers.
    :param session_hours: how long after its last webhook a call is kept.
    :param strict: whether one faulty plugin keeps the host from starting.
    :param block: plugins that are left out, by the names of their distributions or files.
    :param plugins_dir: a folder whose files are plugins: each ``*.py``, and each ``*.flow.toml``.
    :param flows: files of states that are written without code, or patterns of their names.
    :param dev: for development: no token needed from loopback, and answers name state and owner.
    :param log_format: how the server writes its logs: ``text``, or ``json``, an object a line.
    :param mask_numbers: whether logs have only the last four digits of numbers.
    :param public_url: the base URL under which Twilio reaches the app, when the app itself cannot know it.
    :param trusted_proxies: how many proxies in front of the app set the ``X-Forwarded-`` headers.
    :param url_prefix: a path in front of ``/webhook``, such as ``/phone``.
    :param connection_overrides: how Twilio asks for what the tree has it ask for: how long, and how often.
    :param auth_token: Twilio's token; several while one is rotated. ``TWILIO_AUTH_TOKEN`` in the environment.
    :param accounts: AccountSid -> token or tokens, for sub-accounts. ``TWILIO_AUTH_TOKEN_AC...`` in the environment.
    :param plugin_settings: the settings of plugins, each by the plugin's name: the tables ``[plugins.NAME]``. They are
        read when the plugin is loaded.
    :param texts: the core's own sentences: the table ``[texts]``.
    :param texts_in: language -> the core's own sentences in it: the tables ``[texts.es]``.
    :param states: what the team decides about single states: the tables ``[states.NAME]``.
    :param origins: where settings come from, each by its key with dots; no setting itself.
    :param folder: where ``plugins_dir`` and ``flows`` begin, the folder of the settings file; the working folder
        when left out; no setting itself.
    :raises SettingsError: for a value that its setting cannot take.
    """

    company: str = setting("our company", types.TEXT)
    start: str = setting("greeting", types.STATE_NAME)
    numbers: Mapping[str, StartSettings] = setting(dict, STARTS)
    callers: Mapping[str, StartSettings] = setting(dict, STARTS)
    operator: str | None = setting(None, types.optional(types.STATE_NAME))
    tries: int = setting(3, types.number_from(1))
    max_failures: int = setting(6, types.number_from(1))
    max_turns: int = setting(100, types.number_from(2))
    language: str = setting("en-US", SettingType("a language such as 'en-US'", types.language, types.SCHEMA_OF_TAG))
    languages: tuple[str, ...] = setting(
        (),
        SettingType("a list of languages such as ['es-MX']", types.languages, types.one_or_more(types.SCHEMA_OF_TAG)),
    )
    voice: str | None = setting(
        None, types.optional(SettingType("a voice such as 'Polly.Joanna'", types.text, types.NOT_BLANK))
    )
    voices: Mapping[str, str] = setting(
        dict, SettingType("a table of languages with their voices", types.voices, types.table_of(types.NOT_BLANK))
    )
    timezone: str = setting(
        "UTC", SettingType("the IANA name of a time zone, such as 'Europe/Vienna'", types.zone, types.NOT_BLANK)
    )
    session_url: str = setting(
        "sqlite:///ivrkit-sessions.sqlite3",
        SettingType("a URL such as 'sqlite:///calls.sqlite3'", types.text, types.NOT_BLANK),
    )
    session_hours: int = setting(25, types.number_from(1))
    strict: bool = setting(True, types.FLAG)
    block: tuple[str, ...] = setting(
        (), SettingType("a list of the names of plugins", types.several, types.one_or_more(types.NOT_BLANK))
    )
    plugins_dir: str | None = setting(
        None, types.optional(SettingType("the path of a folder", types.text, types.NOT_BLANK))
    )
    flows: tuple[str, ...] = setting(
        ("*.flow.toml",),
        SettingType("a list of paths, or of patterns", types.several, types.one_or_more(types.NOT_BLANK)),
    )
    dev: bool = setting(False, types.FLAG)
    log_format: str = setting(
        "text", SettingType("'text' or 'json'", types.one_of("text", "json"), {"enum": ["text", "json"]})
    )
    mask_numbers: bool = setting(True, types.FLAG)
    public_url: str | None = setting(
        None, types.optional(SettingType("a URL such as 'https://ivr.example.com'", types.public_url, _PUBLIC_URL))
    )
    trusted_proxies: int = setting(0, types.number_from(0))
    url_prefix: str = setting("", SettingType("a path such as '/phone', or nothing", types.prefix, _PREFIX))
    connection_overrides: str = setting(DEFAULT_CONNECTION_OVERRIDES, types.OVERRIDES)
    auth_token: tuple[str, ...] = setting((), types.TOKENS, secret=True)
    accounts: Mapping[str, tuple[str, ...]] = setting(
        dict,
        SettingType("a table of AccountSids (AC and 32 digits) with their tokens", types.accounts, _ACCOUNTS),
        secret=True,
    )
    plugin_settings: Mapping[str, Mapping[str, Any]] = setting(
        dict, SettingType("a table of plugins", _plugins), secret=True
    )
    texts: Texts = setting(Texts, SettingType("a table of texts", _texts))
    texts_in: Mapping[str, Mapping[str, Any]] = setting(
        dict, SettingType("a table of languages with their texts", _texts_in)
    )
    states: Mapping[str, StateSettings] = setting(dict, STATES)

    origins: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)
    folder: Path | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check every value, and keep it in its own form."""
        for name in SETTING_TYPES:
            object.__setattr__(self, name, read_value(name, getattr(self, name), "Settings"))

    def origin(self, *keys: str) -> str:
        """Return where a setting comes from: ``default`` where nothing is known of it."""
        return str(self.origins.get(".".join(keys), "default"))

    def location(self, *keys: str) -> str:
        """Return the origin of a setting as the location of a problem: ``""`` for a default."""
        origin = self.origin(*keys)
        return "" if origin == "default" else origin

    def flow_config(self) -> FlowConfig:
        """Return the settings that the call flow obeys."""
        given = {name: getattr(self, name) for name in _OF_THE_FLOW}
        max_data_bytes = MOST_DATA_IN_COOKIE if self.session_url.startswith("cookie:") else None
        callers, numbers = self._exits(self.callers), self._exits(self.numbers)
        return FlowConfig(**given, callers=callers, numbers=numbers, max_data_bytes=max_data_bytes)

    def _exits(self, starts: Mapping[str, StartSettings]) -> dict[str, Goto]:
        return {number: Goto(each.start or self.start, language=each.language) for number, each in starts.items()}


_OF_THE_FLOW = (
    "start",
    "operator",
    "tries",
    "max_failures",
    "max_turns",
    "language",
    "voice",
    "texts",
    "connection_overrides",
)


#: The settings by name, with what each expects.
SETTING_TYPES: Mapping[str, SettingType] = {
    each.name: each.metadata["kind"] for each in fields(Settings) if each.metadata
}


#: The settings that are never shown.
SECRETS = tuple(each.name for each in fields(Settings) if each.metadata and not each.repr)


def read_value(name: str, value: Any, origin: str, key: str = "") -> Any:
    """Return a setting's value in its own form.

    :param name: the setting.
    :param value: as it was written.
    :param origin: where it was written: a file, ``environment`` or ``Settings``.
    :param key: its name there, where it has another.
    :raises SettingsError: with the origin, the name and what is expected.
    """
    try:
        return SETTING_TYPES[name].read(value)
    except SettingsError as error:
        raise SettingsError(f"{origin}: {key or name}: {error.message}", hint=error.hint) from None
    except (ValueError, TypeError, LookupError, OSError):
        shown = "a value that is kept secret" if name in SECRETS else repr(value)
        raise SettingsError(
            f"{origin}: {key or name} is {shown}", hint=f"it takes {SETTING_TYPES[name].expects}"
        ) from None
