"""The settings of a call flow, and the plugins' hook implementations that the engine calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.routes import Goto
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Texts

#: Twilio repeats a request once if the connection failed, and for no other reason: a handler that takes too long, or
#: crashes its process, is not run again.
DEFAULT_CONNECTION_OVERRIDES = "rc=1&rp=ct"


@dataclass(frozen=True, slots=True)
class FlowConfig:
    """The settings of a call flow. ``docs/reference/settings.md`` describes the settings that are not listed here.

    :param languages: the languages of calls, the default language first. If the tuple is empty, there is one language,
        made of ``language``, ``voice`` and ``texts``.
    :param callers: number of a caller -> start and language of the calls from this number.
    :param numbers: called number -> start and language of the calls to this number.
    :param max_data_bytes: the maximum size of ``call.data`` as JSON, in bytes, or ``None`` for no maximum.
    :param connection_overrides: Twilio's connection overrides, such as ``rc=1&rp=ct``, for the webhook URLs in TwiML.
    """

    start: str = "greeting"
    operator: str | None = None
    tries: int = 3
    max_failures: int = 6
    max_turns: int = 100
    language: str = "en-US"
    voice: str | None = None
    texts: Texts = field(default_factory=Texts)
    languages: tuple[Language, ...] = ()
    callers: Mapping[str, Goto] = field(default_factory=dict)
    numbers: Mapping[str, Goto] = field(default_factory=dict)
    max_data_bytes: int | None = None
    uninterruptible_reprompts: bool = False
    connection_overrides: str = DEFAULT_CONNECTION_OVERRIDES
    max_dials: int = 10
    dial_time_limit: int = 7_200
    max_calls_per_hour: int = 0
    max_queue_minutes: int = 60

    def languages_by_tag(self) -> Mapping[str, Language]:
        """Return tag -> language, for all languages of calls. The default language comes first."""
        known = self.languages or (Language(self.language, self.voice, self.texts),)
        return {each.tag: each for each in known}

    def starts_by_setting(self) -> Mapping[str, Goto]:
        """Return the starts by their settings: ``callers."+15550100"`` -> start of the calls from this number."""
        tables = (("callers", self.callers), ("numbers", self.numbers))
        return {f'{table}."{number}"': start for table, starts in tables for number, start in starts.items()}


@dataclass(frozen=True, slots=True)
class EngineHooks:
    """The functions by which the engine calls the plugins. A function is ``None`` if no plugin implements its hook.

    :param edit_response: takes the call, the state and the TwiML document, and returns the TwiML document to send.
    :param state_failed: takes the call, the failed state, the error of the state, and whether the input is secret.
        Returns the name of the next state, or ``None``. For secret input, it must not log the message of the error.
    :param choose_start: takes the call at its first webhook, and returns the start of the call, or ``None`` to use the
        start in the settings.
    """

    edit_response: Callable[[Call, State, bytes], bytes] | None = None
    state_failed: Callable[[Call, State, BaseException, bool], str | None] | None = None
    choose_start: Callable[[Call], Goto | None] | None = None
