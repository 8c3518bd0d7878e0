"""The call flow: all compiled states of a phone tree. The engine answers calls with the call flow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ivrkit.errors import Problem
from ivrkit.flow.compile.compiled_state import CompiledState, render_prompts
from ivrkit.flow.compile.flow_config import EngineHooks, FlowConfig
from ivrkit.flow.compile.fragments import Fragment
from ivrkit.flow.compile.languages import closest_tag
from ivrkit.flow.compile.start_info import StartInfo
from ivrkit.flow.compile.twiml import RenderContext
from ivrkit.flow.model.routes import BACK, HOME, SAME, Goto
from ivrkit.flow.model.text import Text, Texts

#: The state that a wrong key leads to, if a plugin offers it.
ERROR_STATE = "error"

#: The target of a wrong key without a state ``error``.
WRONG_KEY = Goto(SAME, say=Text(Texts.wrong_choice))
#: The target of a wrong key if the state ``error`` fails.
WRONG_KEY_BACK = Goto(BACK, say=Text(Texts.wrong_choice))
#: The target of a Dial or Enqueue that failed and has no row.
NOT_CONNECTED = Goto(HOME, say=Text(Texts.not_connected))
#: The target of a Record without a message and without a row.
NOTHING_RECORDED = Goto(HOME, say=Text(Texts.no_message))
#: All targets with prompts that the transition rules use.
RULE_GOTOS = (WRONG_KEY, WRONG_KEY_BACK, NOT_CONNECTED, NOTHING_RECORDED)
#: The prompts that the engine adds by itself, by their names in :class:`Texts`.
ENGINE_PROMPTS = {name: Text(getattr(Texts, name)) for name in ("apology", "goodbye", "unavailable", "dial_limit")}


@dataclass(frozen=True)
class CallFlow:
    """All compiled states of a phone tree: with checked targets, menus, and prompts rendered in every language.

    :param states: name -> compiled state.
    :param config: the settings of the call flow.
    :param hooks: the plugins' hook implementations that the engine calls.
    :param start_infos: name of a state -> start menu, HOME and operator of the calls that start in this state.
    :param startup_warnings: the problems that do not prevent the start.
    :param core_prompts: language -> name in :class:`Texts`, such as ``apology`` -> rendered sentence of the core.
    :param render_contexts: language -> voice, language and translations for prompts that belong to no state.
    """

    states: Mapping[str, CompiledState]
    config: FlowConfig
    hooks: EngineHooks
    start_infos: Mapping[str, StartInfo]
    startup_warnings: tuple[Problem, ...]
    core_prompts: Mapping[str, Mapping[str, Fragment]] = field(repr=False)
    render_contexts: Mapping[str, RenderContext] = field(repr=False)

    @property
    def start_menu(self) -> str | None:
        """The name of the start menu of calls that start in the state of the setting ``start``, or ``None``."""
        return self.start_infos[self.config.start].start_menu

    @property
    def home(self) -> str | None:
        """The name of the state that HOME means in states without menu options, or ``None`` for the operator.

        Calls that start in another state than the setting ``start`` may have another HOME.
        """
        return self.start_infos[self.config.start].home

    @property
    def operator(self) -> str | None:
        """The name of the operator state, or ``None`` for the goodbye.

        Calls that start in another state than the setting ``start`` may have another operator.
        """
        return self.start_infos[self.config.start].operator

    @property
    def languages(self) -> tuple[str, ...]:
        """The tags of the languages of calls. The tag of the default language comes first."""
        return tuple(self.core_prompts)

    def start_info(self, start: str | None) -> StartInfo:
        """Return the start menu of the calls that start in a state, their target ``HOME``, and their operator.

        :param start: the name of the state. If a deploy has removed the state, the setting ``start`` is used instead.
        """
        return self.start_infos.get(start or "") or self.start_infos[self.config.start]

    def closest_language(self, tag: str) -> str:
        """Return the language of calls that fits a language tag best.

        :param tag: the language tag, such as ``es-MX``.
        :returns: the same tag, else the first tag of the same language, else the default language.
        """
        return tag if tag in self.core_prompts else closest_tag(tag, self.core_prompts) or self.languages[0]

    def goto_fragment(self, goto: Goto, tag: str, origin: CompiledState | None) -> Fragment:
        """Return the rendered prompts of a ``Goto``.

        :param goto: the target with its prompts.
        :param tag: the language of the call.
        :param origin: the state whose exit returned the target, or ``None`` at the start of a call.
        :raises FlowError: if the prompts are invalid.
        """
        if origin is None:
            return render_prompts(goto.say, self.render_contexts[tag])
        return origin.localized[tag].goto_fragment(goto)
