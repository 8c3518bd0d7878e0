"""The core's settings, with the type, the default and the description of each setting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from ivrkit.errors import Problem, SettingsError
from ivrkit.flow.compile.flow_config import DEFAULT_CONNECTION_OVERRIDES, FlowConfig
from ivrkit.flow.model.attempts import ATTEMPT_MINUTES, MAX_ATTEMPTS
from ivrkit.flow.model.routes import Goto
from ivrkit.flow.model.state import MAX_DEADLINE, MIN_DEADLINE
from ivrkit.flow.model.text import Text, Texts
from ivrkit.settings.caller_ids import CalledId, CallerId, DialledNumber
from ivrkit.settings.check import check_fields
from ivrkit.settings.convert import convert_setting
from ivrkit.settings.names import normal_name
from ivrkit.settings.redaction import repr_without_passwords
from ivrkit.settings.setting import Setting, not_a_setting, settings_of
from ivrkit.settings.setting_type import KeysOf, Range, SettingType
from ivrkit.settings.state_settings import Start, StartSettings, StateSettings
from ivrkit.settings.types import (
    AccountSid,
    BaseUrl,
    ConnectionOverrides,
    LanguageTag,
    NonEmptyText,
    OneOrMore,
    PluginName,
    SharedKeyId,
    StateName,
    TimeZone,
    Token,
    UrlPath,
    Voice,
    non_empty,
)

#: The largest ``data`` of a call in bytes of JSON, if calls are kept only in their cookies.
MAX_DATA_IN_COOKIE = 2_048


def _by_normal_name(tables: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    return MappingProxyType({normal_name(name): dict(table) for name, table in tables.items()})


SessionUrl = Annotated[str, non_empty("a URL such as 'sqlite:///calls.sqlite3'", "sqlite:///calls.sqlite3")]
FolderPath = Annotated[str, non_empty("the path of a folder", "states")]
FilePattern = Annotated[str, non_empty("a path or a pattern of paths", "*.flow.toml")]


#: The settings of plugins, by the normalized names of the plugins.
PluginTables = Annotated[
    Mapping[str, Mapping[str, Any]],
    SettingType("a table of plugins", _by_normal_name, example={"acme-states": {"reception_rings": 20}}),
]
Accounts = Annotated[
    Mapping[AccountSid, OneOrMore[Token]],
    SettingType("a table of AccountSids with their tokens"),
]
SharedKeys = Annotated[
    Mapping[SharedKeyId, Token],
    SettingType("a table of shared key ids (letters, digits, _ and -) with their secrets"),
]
_STARTS = SettingType("a table of phone numbers, each with start or language", example={"+15550100": {"start": "menu"}})
NumberStarts = Annotated[Mapping[CalledId, Start], _STARTS]
CallerStarts = Annotated[Mapping[CallerId, Start], _STARTS]
#: The core's sentences in one language.
LanguageTexts = Annotated[Mapping[str, Any], KeysOf(Texts), SettingType("a table of texts")]
Voices = Annotated[
    Mapping[NonEmptyText, Voice],
    SettingType("a table of languages with their voices", example={"es-MX": "Polly.Mia"}),
]
TextTables = Annotated[
    Mapping[NonEmptyText, LanguageTexts],
    SettingType("a table of languages with their texts", example={"es": {"goodbye": "Adiós."}}),
]
StateTables = Annotated[Mapping[str, StateSettings], SettingType("a table of states", example={"sales": {"key": "4"}})]
CoreTexts = Annotated[Texts, SettingType("a table of texts", example={"goodbye": "Bye."})]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The core's settings. Set them in ``ivrkit.toml``, in the environment as ``IVRKIT_`` and the name, or in code.

    :param company: the name of the company in the greeting.
    :param start: the state in which a call begins.
    :param numbers: called number -> start and language of the calls to this number, from the tables
        ``[numbers."+15550100"]``.
    :param callers: number of a caller -> start and language of the calls from this number, from the tables
        ``[callers."+15550100"]``. The setting ``callers`` has priority over the setting ``numbers``.
    :param operator: the state for a caller who failed too often. The default is the state with key 0 in the start menu.
    :param operator_number: the number of a person, which is dialled in safe mode if the state ``operator`` is of a
        plugin, and in the file of ``ivrkit export-fallback``.
    :param tries: the number of silences, or of invalid keys, at which a state gives the caller up. A state may set its
        own ``tries``.
    :param max_failures: the number of silences and invalid keys in a row at which a call goes to the operator.
    :param max_turns: the number of webhooks of one call at which the call goes to the operator.
    :param quarantine_failures: the number of failures and missed deadlines after which a state is put in quarantine, so
        that callers are not sent to it for a while. With 0, only the command ``ivrkit quarantine add`` does this.
    :param quarantine_seconds: the number of seconds in which these failures must happen.
    :param quarantine_retry: the number of seconds after which a state in quarantine is tried again, with one call at a
        time.
    :param max_dials: the number of times that the states of one call may dial. If a state dials once more, the caller
        hears that the call cannot be connected again, and goes to the ``on_error`` of the state, else HOME.
    :param dial_time_limit: the longest talk after a ``Dial``, in seconds. A ``Dial`` with a ``timeLimit`` of its own
        keeps it.
    :param max_queue_minutes: the number of minutes after which a caller leaves a queue with the ``music`` of its state.
    :param max_calls_per_hour: the number of calls from one phone number in an hour. The next calls end at once, with
        words. With 0, the number of calls has no limit.
    :param max_attempts: the number of wrong answers at which ``call.attempts`` locks a key, over all calls.
    :param attempt_minutes: the number of minutes for which a wrong answer of ``call.attempts`` counts.
    :param uninterruptible_reprompts: whether the sentence after an invalid key or silence, such as "Sorry, that is not
        one of the choices.", is always said in full. By default, the caller can interrupt the sentence with a key.
    :param language: the language of every ``Say`` without voice and language, and of speech recognition.
    :param languages: more languages in which calls can be held.
    :param voice: the voice of every ``Say`` without voice and language. The default is the voice of the Twilio account.
    :param voices: language -> voice in calls in this language, from the table ``[voices]``.
    :param timezone: the time zone of ``call.now``, as an IANA name.
    :param session_url: the URL of the session store: ``sqlite:///`` and a file, ``redis://`` and a server,
        ``postgresql://`` and a database, ``cookie:`` for cookies only, or the URL of a plugin's store.
    :param session_hours: the number of hours for which a session is kept after the last webhook of its call.
    :param strict: whether a single problem of a plugin prevents the start of the app.
    :param safe: whether safe mode is on. The app then loads no plugin, and serves only the core's states and the
        operator.
    :param block: the plugins to leave out, by the names of their distributions or files.
    :param allow: the installed plugins to load, by the names of their distributions. By default, all installed plugins
        are loaded. This setting never leaves out ivrkit itself or plugin files.
    :param plugins_dir: a folder whose ``*.py`` and ``*.flow.toml`` files are plugins.
    :param flows: the files with TOML states, as paths or as patterns such as ``*.flow.toml``.
    :param dev: whether the app is in development mode. If no auth token is set, the app then starts, but it answers
        only requests from the same machine. Each response names the state and the plugin of the state.
    :param log_format: the format of the log: ``text``, or ``json`` with one object per line.
    :param worker_timeout: the number of seconds after which ``ivrkit serve`` replaces a worker in which no Python code
        runs, because some code holds Python's global lock. 0 means never.
    :param trace: whether the log has a line for each function of a plugin that runs, with its time and its result.
    :param mask_numbers: whether logs show only the last four digits of phone numbers.
    :param public_url: the base URL at which Twilio reaches the app. Set it if the app itself sees another URL.
    :param hosts: the host names at which Twilio reaches the app, if ``public_url`` is not set. Signatures for other
        hosts are refused. By default, every host name is accepted.
    :param trusted_proxies: the number of proxies in front of the app that set the ``X-Forwarded-`` headers.
    :param deadline: the number of seconds that the code of a plugin may run in one webhook. After this time, the caller
        hears an apology and goes to the state's ``on_error``. A state may set its own ``deadline``.
    :param threads: the largest number of threads in which a process answers webhooks.
    :param max_calls_in_state: the largest number of calls that are in the functions of one state at the same time, in
        each process.
    :param max_calls_in_plugin: the largest number of calls that are in the code of one plugin at the same time, in each
        process.
    :param max_body_bytes: the largest body of a request that is read, in bytes. Twilio's forms are far smaller.
    :param max_parameters: the largest number of parameters in a form or query that is read.
    :param url_prefix: a path in front of ``/webhook``, such as ``/phone``.
    :param connection_overrides: Twilio's connection overrides for webhooks, such as ``rc=1&rp=ct``. They say how long
        Twilio waits for a response, and how often Twilio repeats a failed request.
    :param auth_token: the token of the Twilio account, or several tokens while you rotate the token. The environment
        variable is ``TWILIO_AUTH_TOKEN``.
    :param accounts: AccountSid of a subaccount -> auth token or tokens of the subaccount. The environment variables
        are named ``TWILIO_AUTH_TOKEN_AC...``.
    :param shared_keys: id of a shared key with which Twilio signs webhooks -> secret of the key. The environment
        variables are named ``IVRKIT_SHARED_KEYS__`` and the id.
    :param plugin_settings: name of a plugin -> settings of the plugin, from the tables ``[plugins.NAME]``. The settings
        are checked when the plugin is loaded.
    :param texts: the core's own sentences, from the table ``[texts]``.
    :param texts_in: language -> the core's own sentences in this language, from the tables such as ``[texts.es]``.
    :param states: name of a state -> settings of the state, such as its menu key, label, voice and targets, from the
        tables ``[states.NAME]``.
    :param origins: dotted key of a setting, such as ``states.sales.key`` -> origin of its value, such as
        ``ivrkit.toml:3`` or ``argument``. This field is not a setting.
    :param folder: the folder of the settings file, or ``None`` for the working folder. The paths in ``plugins_dir`` and
        ``flows`` are relative to this folder. This field is not a setting.
    :param file: the settings file that was read, or ``None`` if no file was read. This field is not a setting.
    :raises SettingsError: if a value is invalid. The error lists every invalid value.
    """

    company: NonEmptyText = "our company"
    start: StateName = "greeting"
    numbers: NumberStarts = field(default_factory=dict)
    callers: CallerStarts = field(default_factory=dict)
    operator: StateName | None = None
    operator_number: DialledNumber | None = None
    tries: Annotated[int, Range(1)] = 3
    max_failures: Annotated[int, Range(1)] = 6
    max_turns: Annotated[int, Range(2)] = 100
    quarantine_failures: Annotated[int, Range(0)] = 5
    quarantine_seconds: Annotated[int, Range(1)] = 60
    quarantine_retry: Annotated[int, Range(1)] = 60
    max_dials: Annotated[int, Range(1)] = 10
    dial_time_limit: Annotated[int, Range(1)] = 7_200
    max_queue_minutes: Annotated[int, Range(1)] = 60
    max_calls_per_hour: Annotated[int, Range(0)] = 0
    max_attempts: Annotated[int, Range(1)] = MAX_ATTEMPTS
    attempt_minutes: Annotated[int, Range(1)] = ATTEMPT_MINUTES
    uninterruptible_reprompts: bool = False
    language: LanguageTag = "en-US"
    languages: OneOrMore[LanguageTag] = ()
    voice: Voice | None = None
    voices: Voices = field(default_factory=dict)
    timezone: TimeZone = "UTC"
    session_url: SessionUrl = "sqlite:///ivrkit-sessions.sqlite3"
    session_hours: Annotated[int, Range(1)] = 25
    strict: bool = True
    safe: bool = False
    block: OneOrMore[PluginName] = ()
    allow: OneOrMore[PluginName] | None = None
    plugins_dir: FolderPath | None = None
    flows: OneOrMore[FilePattern] = ("*.flow.toml",)
    dev: bool = False
    log_format: Literal["text", "json"] = "text"
    worker_timeout: Annotated[int, Range(0)] = 20
    trace: bool = False
    mask_numbers: bool = True
    public_url: BaseUrl | None = None
    hosts: OneOrMore[NonEmptyText] = ()
    trusted_proxies: Annotated[int, Range(0)] = 0
    deadline: Annotated[float, Range(MIN_DEADLINE, MAX_DEADLINE)] = 5.0
    threads: Annotated[int, Range(16)] = 64
    max_calls_in_state: Annotated[int, Range(1)] = 8
    max_calls_in_plugin: Annotated[int, Range(1)] = 24
    max_body_bytes: Annotated[int, Range(1_024)] = 65_536
    max_parameters: Annotated[int, Range(10)] = 1_000
    url_prefix: UrlPath = ""
    connection_overrides: ConnectionOverrides = DEFAULT_CONNECTION_OVERRIDES
    auth_token: OneOrMore[Token] = field(default=(), repr=False)
    accounts: Accounts = field(default_factory=dict, repr=False)
    shared_keys: SharedKeys = field(default_factory=dict, repr=False)
    plugin_settings: PluginTables = field(default_factory=dict, repr=False)
    texts: CoreTexts = field(default_factory=Texts)
    texts_in: TextTables = field(default_factory=dict)
    states: StateTables = field(default_factory=dict)

    origins: Mapping[str, object] = not_a_setting(default_factory=dict, repr=False, compare=False)
    folder: Path | None = not_a_setting(default=None, repr=False, compare=False)
    file: Path | None = not_a_setting(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the value of every setting, and store it converted to the type of the setting."""
        check_fields(self, "Settings")

    @property
    def spoken_company(self) -> str:
        """The name of the company in prompts. The default is a ``Text``, because only the default is translated."""
        return Text(self.company) if self.company == Settings.company else self.company

    def origin(self, *keys: str) -> str:
        """Return the origin of a setting's value, such as ``ivrkit.toml:3``, or ``default`` if the setting is not set.

        :param keys: the path to the setting, such as ``"states", "sales", "key"``.
        """
        return str(self.origins.get(".".join(keys), "default"))

    def location(self, *keys: str) -> str:
        """Return the location of a setting, or the location of the table around the setting if the setting is not set.

        :param keys: the path to the setting, such as ``"states", "sales", "key"``.
        :returns: the location, such as ``ivrkit.toml:3``, or ``""`` if no table around the setting is set either.
        """
        paths = (".".join(keys[:count]) for count in range(len(keys), 0, -1))
        return str(next((self.origins[path] for path in paths if path in self.origins), ""))

    def __repr__(self) -> str:
        """Return the settings without secret settings, and without passwords in URLs."""
        return repr_without_passwords(self)

    def secrets(self) -> list[str]:
        """Return all secrets with which Twilio may sign webhooks: the auth tokens, then the secrets of the shared keys.

        Sessions are encrypted with the first of these secrets. The other secrets can decrypt older sessions. The newest
        shared key comes before the older shared keys, which may be removed later.
        """
        of_accounts = [token for tokens in self.accounts.values() for token in tokens]
        return [*self.auth_token, *of_accounts, *list(self.shared_keys.values())[::-1]]

    def flow_config(self) -> FlowConfig:
        """Return the settings that the call flow needs."""
        given = {name: getattr(self, name) for name in _FLOW_SETTINGS}
        callers, numbers = self._starts(self.callers), self._starts(self.numbers)
        max_data_bytes = MAX_DATA_IN_COOKIE if self.session_url.startswith("cookie:") else None
        return FlowConfig(**given, callers=callers, numbers=numbers, max_data_bytes=max_data_bytes)

    def _starts(self, starts: Mapping[str, StartSettings]) -> dict[str, Goto]:
        return {number: Goto(each.start or self.start, language=each.language) for number, each in starts.items()}


_FLOW_SETTINGS = (
    "start",
    "operator",
    "tries",
    "max_failures",
    "max_turns",
    "max_dials",
    "dial_time_limit",
    "max_queue_minutes",
    "max_calls_per_hour",
    "uninterruptible_reprompts",
    "language",
    "voice",
    "texts",
    "connection_overrides",
)
#: The core's settings by their names.
SETTINGS: Mapping[str, Setting] = settings_of(Settings)


def read_value(name: str, value: Any, origin: str, key: str = "") -> Any:
    """Return a value converted to the type of a setting.

    :param name: the name of the setting.
    :param value: the value as it was written.
    :param origin: the source of the value, such as ``Settings`` or ``app.config``.
    :param key: the name of the setting in the source of the value, if this name differs from ``name``.
    :raises SettingsError: if the value is invalid. The error contains the origin and the key.
    """
    converted, problems = convert_setting(value, SETTINGS[name], (key or name,))
    if problems:
        raise SettingsError.of(Problem(each.message, each.hint_in_code(), location=origin) for each in problems)
    return converted
