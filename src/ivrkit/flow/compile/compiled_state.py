"""A state with everything that can be known of it before a call, in every language that calls are held in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

from ivrkit.errors import FlowError
from ivrkit.flow.compile.content_checks import check_content
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.compile.menus import MenuEntry, menu_prompt, repeat_key
from ivrkit.flow.compile.twiml import Content, RenderContext, check_size, render, to_verbs
from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.routes import Goto, LeadsTo, Target
from ivrkit.flow.model.state import State


@dataclass(frozen=True, slots=True)
class LocalizedState:
    """What a state is in one language.

    :param language: the language.
    :param context: what the state's verbs are given.
    :param phrases: folded phrase -> key.
    :param content: what the caller hears, ``None`` when a function decides.
    :param goto_prompts: the rendered prompts of the ``Goto`` targets that are known before a call.
    :param whisper: what is whispered to whoever is dialled, rendered; ``None`` for no whisper.
    """

    language: Language
    context: RenderContext
    phrases: Mapping[str, str]
    content: Content | None
    goto_prompts: Mapping[Goto, bytes]
    whisper: bytes | None = None

    def goto_xml(self, goto: Goto) -> bytes:
        """Return the prompts of a ``Goto`` as bytes; those of the state's routes were rendered at start.

        :raises FlowError: for what can't be said.
        """
        found = self.goto_prompts.get(goto)
        return render_prompts(goto.say, self.context) if found is None else found


@dataclass(frozen=True, slots=True)
class CompiledState:
    """A state, compiled.

    :param state: the state itself.
    :param menu_entries: for a menu, its options in reading order.
    :param routes: outcome -> target, with a menu's options among them.
    :param otherwise: the target of outcomes without a row, ``...`` for none.
    :param tries: how many failures of a kind it takes.
    :param give_up: where it goes after them, ``None`` for the operator.
    :param is_menu: whether it is a menu.
    :param routes_hash: changes when a key would lead elsewhere.
    :param localized: language -> what the state is in it, the flow's own language first.
    """

    state: State
    menu_entries: tuple[MenuEntry, ...]
    routes: Mapping[str, Target]
    otherwise: Target | EllipsisType
    tries: int
    give_up: Target
    is_menu: bool
    routes_hash: str
    localized: Mapping[str, LocalizedState]

    @property
    def name(self) -> str:
        """The state's name."""
        return self.state.name

    @property
    def content(self) -> Content | None:
        """What the caller hears in the flow's own language, ``None`` when a function decides."""
        return next(iter(self.localized.values())).content

    def gotos_with_prompts(self) -> Iterator[Goto]:
        """Return the exits with words that are known before a call."""
        exit = self.state.exit
        named = exit.targets if isinstance(exit, LeadsTo) else (exit,)
        for target in (*self.routes.values(), self.otherwise, self.give_up, *named):
            if isinstance(target, Goto):
                yield target

    def render_enter(self, entered: Any, localized: LocalizedState) -> Content:
        """Return what the state says, rendered and checked.

        :param entered: its ``enter``, or what its function returned.
        :param localized: the state in the language of the call.
        :raises FlowError: when it does not fit the state's exit, or is nothing that can be said.
        """
        if isinstance(entered, Menu):
            if not isinstance(self.state.enter, Menu) and entered.repeat not in (None, repeat_key(self.state)):
                raise FlowError(
                    f"enter gave a Menu with repeat={entered.repeat!r}, and its keys were read at start",
                    hint=f"add the row to the exit instead: Routes({{{entered.repeat!r}: SAME}})",
                )
            entered = menu_prompt(entered, self.menu_entries, self.routes, localized.language)
        content = render(to_verbs(entered), localized.context)
        check_content(self.state, self.routes, content, menu=self.is_menu)
        check_size(len(content.xml))
        return content


def render_prompts(said: Any, context: RenderContext) -> bytes:
    """Return texts and sounding verbs as bytes.

    :raises FlowError: for more than one answer can hold.
    """
    xml = render(to_verbs(said), context).xml
    check_size(len(xml))
    return xml
