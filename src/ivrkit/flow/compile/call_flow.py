"""All states of a phone tree, compiled: what a call is answered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivrkit.errors import Problem
from ivrkit.flow.compile.compiled_state import CompiledState, render_prompts
from ivrkit.flow.compile.flow_config import EngineHooks, FlowConfig
from ivrkit.flow.compile.languages import closest_tag
from ivrkit.flow.compile.twiml import RenderContext
from ivrkit.flow.model.routes import Goto

#: The state that a wrong key goes to, where one is installed.
ERROR_STATE = "error"


@dataclass(frozen=True, slots=True)
class StartInfo:
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
    :param config: the settings that the flow obeys.
    :param hooks: the plugins' code that the engine calls.
    :param start_infos: state -> what a call has that began there; a call may begin in any state.
    :param startup_warnings: problems of level ``warning``.
    :param core_prompts: language -> name in :class:`Texts` -> the rendered sentence, for those that the engine says.
    :param render_contexts: language -> what the verbs are given that no state says.
    """

    states: Mapping[str, CompiledState]
    config: FlowConfig
    hooks: EngineHooks
    start_infos: Mapping[str, StartInfo]
    startup_warnings: tuple[Problem, ...]
    core_prompts: Mapping[str, Mapping[str, bytes]] = field(repr=False)
    render_contexts: Mapping[str, RenderContext] = field(repr=False)

    @property
    def start_menu(self) -> str | None:
        """The start menu of a call that begins in the state ``start``."""
        return self.start_infos[self.config.start].start_menu

    @property
    def home(self) -> str | None:
        """Where HOME leads in such a call when a state has no menu of its own."""
        return self.start_infos[self.config.start].home

    @property
    def operator(self) -> str | None:
        """The state of the operator of such a call."""
        return self.start_infos[self.config.start].operator

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that calls are held in, the flow's own first."""
        return tuple(self.core_prompts)

    def start_info(self, start: str | None) -> StartInfo:
        """Return what a call has that began in a state; one that is gone counts as ``start``."""
        return self.start_infos.get(start or "") or self.start_infos[self.config.start]

    def closest_language(self, tag: str) -> str:
        """Return the language that a call of a language is held in; the flow's own where there is none like it."""
        return tag if tag in self.core_prompts else closest_tag(tag, self.core_prompts) or self.languages[0]

    def goto_xml(self, goto: Goto, tag: str, origin: CompiledState | None) -> bytes:
        """Return the prompts of a ``Goto`` as bytes.

        :param goto: the target with its prompts.
        :param tag: the language of the call.
        :param origin: the state whose exit it is, ``None`` for no state's.
        :raises FlowError: for what can't be said.
        """
        if origin is None:
            return render_prompts(goto.say, self.render_contexts[tag])
        return origin.localized[tag].goto_xml(goto)
