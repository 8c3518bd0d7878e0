"""Menus: their choices, routes and prompts, all built from the options of the states that are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twilio.twiml import TwiML

from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.outcomes import is_key_sequence, normalize_phrase
from ivrkit.flow.model.prompts import Menu, ask
from ivrkit.flow.model.routes import SAME, Routes, Target, destination_of
from ivrkit.flow.model.state import MenuOption, State

#: The keys in the order in which they are read: as on a telephone, 0 last.
KEY_ORDER = "123456789*#0"
#: The key that repeats a menu which a function returns, where its options leave it free.
USUAL_REPEAT = Menu().repeat


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of one menu, with the state that it leads to."""

    option: MenuOption
    state: State


def collect_choices(states: Iterable[State]) -> dict[str, tuple[Choice, ...]]:
    """Return the choices of each menu that an option names, in the order in which they are read."""
    found: dict[str, list[Choice]] = {}
    for state in states:
        for option in state.menu_options:
            found.setdefault(option.menu, []).append(Choice(option, state))
    return {menu: tuple(sorted(choices, key=_reading_order)) for menu, choices in found.items()}


def _reading_order(choice: Choice) -> list[int]:
    return [KEY_ORDER.index(key) for key in choice.option.key]


def is_menu(state: State, choices: Mapping[str, Sequence[Choice]]) -> bool:
    """Return whether a state is a menu: its ``enter`` is one, or is a function and options name the state."""
    return isinstance(state.enter, Menu) or (callable(state.enter) and state.name in choices)


def repeat_key(state: State) -> str | None:
    """Return the key that reads a menu again; a menu made by a function has the usual one."""
    return state.enter.repeat if isinstance(state.enter, Menu) else USUAL_REPEAT


def menu_routes(state: State, choices: Sequence[Choice]) -> dict[str, Target]:
    """Return where each key of a menu leads: its options, the rows of its exit, and the key that repeats it.

    A menu with no keys has nothing to repeat.
    """
    routes: dict[str, Target] = {choice.option.key: choice.state.name for choice in choices}
    if isinstance(state.exit, Routes):
        routes.update(state.exit.rows)
    repeat = repeat_key(state)
    if repeat is not None and has_keys(routes):
        routes.setdefault(repeat, SAME)
    return routes


def has_keys(routes: Mapping[str, Target]) -> bool:
    """Return whether there is anything to press."""
    return any(map(is_key_sequence, routes))


def spoken_routes(choices: Sequence[Choice], language: Language) -> dict[str, str]:
    """Return the key that each phrase of the options stands for, the phrases folded."""
    return {normalize_phrase(phrase): choice.option.key for choice in choices for phrase in _phrases(choice, language)}


def menu_prompt(
    menu: Menu, choices: Sequence[Choice], routes: Mapping[str, Target], language: Language
) -> list[TwiML | str]:
    """Return the menu as verbs: a ``Gather`` with its sentences, or the words for a menu that leads nowhere."""
    texts = language.texts
    if not has_keys(routes):
        return [*menu.texts, texts.no_options]
    said: list[str | TwiML] = [*menu.texts]
    said += (_sentence(choice, language) for choice in choices)
    if menu.repeat is not None and destination_of(routes.get(menu.repeat)) is SAME:
        said.append(texts.repeat.format(key=texts.key(menu.repeat)))
    phrases = [phrase for choice in choices for phrase in _phrases(choice, language)]
    if not phrases:
        return [ask(*said)]
    return [ask(*said, input="dtmf speech", hints=", ".join(phrases))]


def _phrases(choice: Choice, language: Language) -> list[str]:
    return [language.translate(phrase, choice.state) for phrase in choice.option.phrases]


def _sentence(choice: Choice, language: Language) -> str:
    option = choice.option
    if option.sentence is not None:
        return language.translate(option.sentence, choice.state)
    label = language.translate(option.label, choice.state)
    return language.texts.option.format(label=label, key=language.texts.key(option.key))
