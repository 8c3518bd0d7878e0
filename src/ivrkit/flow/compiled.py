"""A state with everything that can be known of it before a call, in every language that calls are held in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import EllipsisType
from typing import Any

from ivrkit.errors import FlowError
from ivrkit.flow.exits import LeadsTo
from ivrkit.flow.fit import check_content
from ivrkit.flow.language import Language
from ivrkit.flow.menus import Choice, menu_prompt, repeat_key
from ivrkit.flow.recipes import Menu
from ivrkit.flow.state import State
from ivrkit.flow.targets import Exit, Target
from ivrkit.flow.twiml import Content, Dress, check_size, render, verbs_of


@dataclass(frozen=True, slots=True)
class Voiced:
    """What a state is in one language.

    :param language: the language.
    :param dress: what the state's verbs are given.
    :param phrases: folded phrase -> key.
    :param content: what the caller hears, ``None`` when a function decides.
    :param said: the words of the exits that are known beforehand, rendered.
    :param whisper: what is whispered to whoever is dialled, rendered; ``None`` for no whisper.
    """

    language: Language
    dress: Dress
    phrases: Mapping[str, str]
    content: Content | None
    said: Mapping[Exit, bytes]
    whisper: bytes | None = None

    def words(self, exit: Exit) -> bytes:
        """Return the words of an ``Exit`` as bytes; those that are known beforehand were made at start.

        :raises FlowError: for what can't be said.
        """
        found = self.said.get(exit)
        return render_words(exit.say, self.dress) if found is None else found


@dataclass(frozen=True, slots=True)
class CompiledState:
    """A state, compiled.

    :param state: the state itself.
    :param choices: for a menu, its options in reading order.
    :param routes: outcome -> target, with a menu's options among them.
    :param otherwise: the target of outcomes without a row, ``...`` for none.
    :param tries: how many failures of a kind it takes.
    :param give_up: where it goes after them, ``None`` for the way out.
    :param is_menu: whether it is a menu.
    :param exits_hash: changes when a key would lead elsewhere.
    :param voiced: language -> what the state is in it, the flow's own language first.
    """

    state: State
    choices: tuple[Choice, ...]
    routes: Mapping[str, Target]
    otherwise: Target | EllipsisType
    tries: int
    give_up: Target
    is_menu: bool
    exits_hash: str
    voiced: Mapping[str, Voiced]

    @property
    def name(self) -> str:
        """The state's name."""
        return self.state.name

    @property
    def content(self) -> Content | None:
        """What the caller hears in the flow's own language, ``None`` when a function decides."""
        return next(iter(self.voiced.values())).content

    def exits_with_words(self) -> Iterator[Exit]:
        """Return the exits with words that are known before a call."""
        exit = self.state.exit
        named = exit.targets if isinstance(exit, LeadsTo) else (exit,)
        for target in (*self.routes.values(), self.otherwise, self.give_up, *named):
            if isinstance(target, Exit):
                yield target

    def prepare(self, entered: Any, voiced: Voiced) -> Content:
        """Return what the state says, rendered and checked.

        :param entered: its ``enter``, or what its function returned.
        :param voiced: the state in the language of the call.
        :raises FlowError: when it does not fit the state's exit, or is nothing that can be said.
        """
        if isinstance(entered, Menu):
            if not isinstance(self.state.enter, Menu) and entered.repeat not in (None, repeat_key(self.state)):
                raise FlowError(
                    f"enter gave a Menu with repeat={entered.repeat!r}, and its keys were read at start",
                    hint=f"add the row to the exit instead: Exits({{{entered.repeat!r}: SAME}})",
                )
            entered = menu_prompt(entered, self.choices, self.routes, voiced.language)
        content = render(verbs_of(entered), voiced.dress)
        check_content(self.state, self.routes, content, menu=self.is_menu)
        check_size(len(content.xml))
        return content


def render_words(said: Any, dress: Dress) -> bytes:
    """Return texts and sounding verbs as bytes.

    :raises FlowError: for more than one answer can hold.
    """
    xml = render(verbs_of(said), dress).xml
    check_size(len(xml))
    return xml
