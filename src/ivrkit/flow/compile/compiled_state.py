"""Compiled states: the routes of a state, and its rendered prompts in every language."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import Any

from ivrkit.errors import FlowError
from ivrkit.flow.compile.content_checks import check_content
from ivrkit.flow.compile.fragments import Content, Fragment
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.compile.menus import MenuEntry, menu_prompt, repeat_key
from ivrkit.flow.compile.twiml import RenderContext, check_size, render, to_verbs
from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.routes import Goto, LeadsTo, Target
from ivrkit.flow.model.speech import Vocabulary
from ivrkit.flow.model.state import State


@dataclass(frozen=True, slots=True)
class LocalizedState:
    """The prompts and phrases of a state in one language.

    :param language: the language.
    :param context: the default attributes of the state's verbs.
    :param vocabulary: the words that a caller can say in the state.
    :param content: the rendered ``enter``, or ``None`` if ``enter`` is a function.
    :param goto_prompts: ``Goto`` -> rendered prompts of the ``Goto``, for all targets that are known at start.
    :param whisper: the rendered whisper, or ``None`` if the state has no whisper.
    """

    language: Language
    context: RenderContext
    vocabulary: Vocabulary
    content: Content | None
    goto_prompts: Mapping[Goto, Fragment]
    whisper: bytes | None = None

    def goto_fragment(self, goto: Goto) -> Fragment:
        """Return the rendered prompts of a ``Goto``. Prompts in ``goto_prompts`` are not rendered again.

        :raises FlowError: if the prompts are invalid.
        """
        rendered = self.goto_prompts.get(goto)
        return render_prompts(goto.say, self.context) if rendered is None else rendered


@dataclass(frozen=True, slots=True)
class CompiledState:
    """A state with its routes, and with its prompts in every language.

    :param state: the state that the plugin offers.
    :param menu_entries: the menu entries in the order of their keys. The tuple is empty if the state is not a menu.
    :param routes: outcome -> target, including the keys of the menu entries.
    :param otherwise: the target of all outcomes that are not in ``routes``. The value ``...`` means that the exit of
        the state does not set ``otherwise``.
    :param tries: the number of silences, or of invalid keys, at which the call goes to ``give_up``.
    :param give_up: the target for a caller who has used up the tries, or ``None`` for the operator.
    :param is_menu: whether the state is a menu.
    :param routes_hash: a hash that changes if a deploy changes the target of an input.
    :param localized: language -> prompts in this language. The default language comes first.
    :param closed_keys: the keys of the menu entries that the menu must not offer at the moment.
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
    closed_keys: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name of the state."""
        return self.state.name

    @property
    def content(self) -> Content | None:
        """The rendered ``enter`` in the default language, or ``None`` if ``enter`` is a function."""
        return next(iter(self.localized.values())).content

    def gotos_with_prompts(self) -> Iterator[Goto]:
        """Yield each ``Goto`` in the exit of the state. The prompts of these targets can be rendered at start."""
        exit = self.state.exit
        named = exit.targets if isinstance(exit, LeadsTo) else (exit,)
        for target in (*self.routes.values(), self.otherwise, self.give_up, *named):
            if isinstance(target, Goto):
                yield target

    def without_options(self, closed: Collection[str], language: str) -> CompiledState:
        """Return the state as a menu that does not offer some states. Any other state is returned unchanged.

        The keys of these states keep their routes, so that the caller who presses one of them hears an explanation.

        :param closed: the names of the states that the menu must not offer.
        :param language: the language in which the menu is rendered, if its ``enter`` is not a function.
        :raises FlowError: if the rest of the menu cannot be rendered.
        """
        keys = frozenset(entry.option.key for entry in self.menu_entries if entry.state.name in closed)
        if not keys:
            return self
        reduced, localized = replace(self, closed_keys=keys), self.localized[language]
        if localized.content is None:
            return reduced
        content = reduced.render_enter(self.state.enter, localized)
        return replace(reduced, localized={language: replace(localized, content=content)})

    def render_enter(self, enter_content: Any, localized: LocalizedState) -> Content:
        """Return the rendered content of the state after all checks.

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
            enter_content = menu_prompt(
                enter_content, self.menu_entries, self.routes, localized.language, self.closed_keys
            )
        # At start for data, at each call for a function: the same checks for both.
        content = render(to_verbs(enter_content), localized.context)
        check_content(self.state, self.routes, content, menu=self.is_menu)
        check_size(len(content.xml))
        return content


def render_prompts(prompts: Any, context: RenderContext) -> Fragment:
    """Return rendered prompts.

    :param prompts: a text, a verb, or a list of texts and verbs.
    :param context: the default attributes of the verbs.
    :raises FlowError: if the prompts are invalid, or too long for one response.
    """
    content = render(to_verbs(prompts), context)
    check_size(len(content.xml))
    return content
