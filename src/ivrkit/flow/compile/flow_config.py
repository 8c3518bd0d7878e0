"""What the call flow obeys: the settings of the host that reach it, and the plugins' code that it calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.routes import Goto
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Texts

#: A request is tried once more when no connection could be made, and for no other reason: what takes too long, or takes
#: a process down with it, is not run again.
DEFAULT_CONNECTION_OVERRIDES = "rc=1&rp=ct"


@dataclass(frozen=True, slots=True)
class FlowConfig:
    """The settings that the flow obeys; each is described in the settings of the host.

    :param languages: the languages that calls are held in, the flow's own first; left out: one, made of ``language``,
        ``voice`` and ``texts``.
    :param callers: number of a caller -> where their calls begin, and in which language.
    :param numbers: called number -> the same for all that call it.
    :param max_data_bytes: how many bytes the ``data`` of a call may have as JSON, ``None`` for any number.
    :param connection_overrides: what the addresses that the flow writes tell Twilio of how they are asked.
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
    connection_overrides: str = DEFAULT_CONNECTION_OVERRIDES

    def languages_by_tag(self) -> Mapping[str, Language]:
        """Return the languages by their tags, the flow's own first."""
        known = self.languages or (Language(self.language, self.voice, self.texts),)
        return {each.tag: each for each in known}

    def starts_by_setting(self) -> Mapping[str, Goto]:
        """Return where calls may begin besides ``start``, each with the setting that says so."""
        tables = (("callers", self.callers), ("numbers", self.numbers))
        return {f'{table}."{number}"': exit for table, rows in tables for number, exit in rows.items()}


@dataclass(frozen=True, slots=True)
class EngineHooks:
    """The plugins' code that the engine calls; ``None`` where no plugin has any.

    :param edit_response: given the call, the state and the document; returns the document to send.
    :param state_failed: given the call, the state that failed, what it raised, and whether the input is secret, so that
        nothing of the error but its type and place may be told; returns the name of the state to go to, or ``None``.
    :param choose_start: given the call at its first webhook; returns where it begins, or ``None`` for the settings'.
    """

    edit_response: Callable[[Call, State, bytes], bytes] | None = None
    state_failed: Callable[[Call, State, BaseException, bool], str | None] | None = None
    choose_start: Callable[[Call], Goto | None] | None = None
