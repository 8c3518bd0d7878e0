"""All states of a phone tree, compiled: what a call is answered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivrkit.flow.compile.compiled_state import CompiledState, render_words
from ivrkit.flow.compile.flow_config import FlowConfig, Hooks
from ivrkit.flow.compile.languages import match
from ivrkit.flow.compile.twiml import RenderContext
from ivrkit.flow.model.routes import Goto

#: The state that a wrong key goes to, where one is installed.
ERROR = "error"


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a call has that began in a state.

    :param start_menu: the first menu that a caller comes to by automatic exits, if there is one.
    :param home: where HOME leads when a state has no menu of its own; ``None`` for the operator.
    :param operator: the state of the operator; ``None`` for the goodbye.
    """

    start_menu: str | None
    home: str | None
    operator: str | None


@dataclass(frozen=True)
class CallFlow:
    """All states, compiled: owners, menus, checked targets, bytes.

    :param states: name -> compiled state.
    :param rules: the settings that the flow obeys.
    :param hooks: the plugins' code that the engine calls.
    :param beginnings: state -> what a call has that began there; a call may begin in any state.
    :param startup_warnings: what the host warns of when it starts, a sentence each.
    :param sentences: language -> the core's sentences that the engine says by themselves, rendered, by their names in
        :class:`Texts`.
    :param contextes: language -> what the verbs are given that no state says.
    """

    states: Mapping[str, CompiledState]
    rules: FlowConfig
    hooks: Hooks
    beginnings: Mapping[str, Beginning]
    startup_warnings: tuple[str, ...]
    sentences: Mapping[str, Mapping[str, bytes]] = field(repr=False)
    contextes: Mapping[str, RenderContext] = field(repr=False)

    @property
    def start_menu(self) -> str | None:
        """The start menu of a call that begins in the state ``start``."""
        return self.beginnings[self.rules.start].start_menu

    @property
    def home(self) -> str | None:
        """Where HOME leads in such a call when a state has no menu of its own."""
        return self.beginnings[self.rules.start].home

    @property
    def operator(self) -> str | None:
        """The state of the operator of such a call."""
        return self.beginnings[self.rules.start].operator

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that calls are held in, the flow's own first."""
        return tuple(self.sentences)

    def beginning(self, start: str | None) -> Beginning:
        """Return what a call has that began in a state; one that is gone counts as ``start``."""
        return self.beginnings.get(start or "") or self.beginnings[self.rules.start]

    def language(self, tag: str) -> str:
        """Return the language that a call of a language is held in; the flow's own where there is none like it."""
        return tag if tag in self.sentences else match(tag, self.sentences) or self.languages[0]

    def words(self, exit: Goto, tag: str, origin: CompiledState | None) -> bytes:
        """Return the words of an ``Goto`` as bytes.

        :param exit: the exit.
        :param tag: the language of the call.
        :param origin: the state whose exit it is, ``None`` for nobody's.
        :raises FlowError: for what can't be said.
        """
        return render_words(exit.say, self.contextes[tag]) if origin is None else origin.localized[tag].words(exit)
