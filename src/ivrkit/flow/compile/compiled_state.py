"""Compiled states: the routes of a state, and its rendered prompts in every language."""

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
    """A state in one language.

    :param language: the language.
    :param context: the default attributes of the state's verbs.
    :param phrases: normalized phrase -> the key that it stands for.
    :param content: the rendered ``enter``, or ``None`` if ``enter`` is a function.
    :param goto_prompts: ``Goto`` -> its prompts, rendered at start, for the targets that the state or a rule declares.
    :param whisper: the rendered whisper, or ``None`` if the state has no whisper.
    """

    language: Language
    context: RenderContext
    phrases: Mapping[str, str]
    content: Content | None
    goto_prompts: Mapping[Goto, bytes]
    whisper: bytes | None = None

    def goto_xml(self, goto: Goto) -> bytes:
        """Return the prompts of a ``Goto`` as bytes. Prompts in ``goto_prompts`` are not rendered again.

        :raises FlowError: if a function returned a ``Goto`` with invalid prompts.
        """
        rendered = self.goto_prompts.get(goto)
        return render_prompts(goto.say, self.context) if rendered is None else rendered


@dataclass(frozen=True, slots=True)
class CompiledState:
    """A state with its routes, and with its prompts in every language.

    :param state: the state itself.
    :param menu_entries: the entries of a menu, in the order of the keys.
    :param routes: outcome -> target, including the entries of a menu.
    :param otherwise: the target of outcomes without a row, or ``...`` if the exit has no ``otherwise``.
    :param tries: the number of failures of one outcome at which the call goes to ``give_up``.
    :param give_up: the target after that number of failures, or ``None`` for the operator.
    :param is_menu: whether the state is a menu.
    :param routes_hash: a hash that changes when an input would lead to another state.
    :param localized: language -> the state in that language, the default language first.
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
        """The rendered ``enter`` in the default language, or ``None`` if ``enter`` is a function."""
        return next(iter(self.localized.values())).content

    def gotos_with_prompts(self) -> Iterator[Goto]:
        """Yield the ``Goto`` targets that the state declares. Their prompts can be rendered at start."""
        exit = self.state.exit
        named = exit.targets if isinstance(exit, LeadsTo) else (exit,)
        for target in (*self.routes.values(), self.otherwise, self.give_up, *named):
            if isinstance(target, Goto):
                yield target

    def render_enter(self, enter_content: Any, localized: LocalizedState) -> Content:
        """Return the content of the state, rendered and checked.

        :param enter_content: the state's ``enter``, or the result of its ``enter`` function.
        :param localized: the state in the language of the call.
        :raises FlowError: if the content is invalid, or does not fit the state's exit.
        """
        if isinstance(enter_content, Menu):
            if not isinstance(self.state.enter, Menu) and enter_content.repeat not in (None, repeat_key(self.state)):
                # The routes of a menu are made at start, when its function has not run yet.
                raise FlowError(
                    f"the repeat key of a Menu from a function must be {repeat_key(self.state)!r} or None, "
                    f"not {enter_content.repeat!r}",
                    hint=f"add the row to the exit instead: Routes({{{enter_content.repeat!r}: SAME}})",
                )
            enter_content = menu_prompt(enter_content, self.menu_entries, self.routes, localized.language)
        # At start for data, at each call for a function: the same checks for both.
        content = render(to_verbs(enter_content), localized.context)
        check_content(self.state, self.routes, content, menu=self.is_menu)
        check_size(len(content.xml))
        return content


def render_prompts(prompts: Any, context: RenderContext) -> bytes:
    """Return prompts as bytes.

    :raises FlowError: if the prompts are invalid, or too long for one response.
    """
    xml = render(to_verbs(prompts), context).xml
    check_size(len(xml))
    return xml
