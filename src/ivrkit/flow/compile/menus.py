"""Menus: their entries, routes and prompts, all built from the options of the states that are there."""

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
DEFAULT_REPEAT_KEY = Menu().repeat


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One option of one menu, with the state that it leads to."""

    option: MenuOption
    state: State


def collect_menu_entries(states: Iterable[State]) -> dict[str, tuple[MenuEntry, ...]]:
    """Return the entries of each menu that an option names, in the order in which they are read."""
    found: dict[str, list[MenuEntry]] = {}
    for state in states:
        for option in state.menu_options:
            found.setdefault(option.menu, []).append(MenuEntry(option, state))
    return {menu: tuple(sorted(entries, key=_reading_order)) for menu, entries in found.items()}


def _reading_order(entry: MenuEntry) -> list[int]:
    return [KEY_ORDER.index(key) for key in entry.option.key]


def is_menu(state: State, entries: Mapping[str, Sequence[MenuEntry]]) -> bool:
    """Return whether a state is a menu: its ``enter`` is one, or is a function and options name the state."""
    return isinstance(state.enter, Menu) or (callable(state.enter) and state.name in entries)


def repeat_key(state: State) -> str | None:
    """Return the key that reads a menu again; a menu made by a function has the usual one."""
    return state.enter.repeat if isinstance(state.enter, Menu) else DEFAULT_REPEAT_KEY


def menu_routes(state: State, entries: Sequence[MenuEntry]) -> dict[str, Target]:
    """Return where each key of a menu leads: its options, the rows of its exit, and the key that repeats it.

    A menu with no keys has nothing to repeat.
    """
    routes: dict[str, Target] = {entry.option.key: entry.state.name for entry in entries}
    if isinstance(state.exit, Routes):
        routes.update(state.exit.rows)
    repeat = repeat_key(state)
    if repeat is not None and has_keys(routes):
        routes.setdefault(repeat, SAME)
    return routes


def has_keys(routes: Mapping[str, Target]) -> bool:
    """Return whether there is anything to press."""
    return any(map(is_key_sequence, routes))


def phrase_keys(entries: Sequence[MenuEntry], language: Language) -> dict[str, str]:
    """Return the key that each phrase of the options stands for, the phrases folded."""
    return {normalize_phrase(phrase): entry.option.key for entry in entries for phrase in _phrases(entry, language)}


def menu_prompt(
    menu: Menu, entries: Sequence[MenuEntry], routes: Mapping[str, Target], language: Language
) -> list[TwiML | str]:
    """Return the menu as verbs: a ``Gather`` with its sentences, or the words for a menu that leads nowhere."""
    texts = language.texts
    if not has_keys(routes):
        return [*menu.texts, texts.no_options]
    said: list[str | TwiML] = [*menu.texts]
    said += (_sentence(entry, language) for entry in entries)
    if menu.repeat is not None and destination_of(routes.get(menu.repeat)) is SAME:
        said.append(texts.repeat.format(key=texts.spell_keys(menu.repeat)))
    phrases = [phrase for entry in entries for phrase in _phrases(entry, language)]
    if not phrases:
        return [ask(*said)]
    return [ask(*said, input="dtmf speech", hints=", ".join(phrases))]


def _phrases(entry: MenuEntry, language: Language) -> list[str]:
    return [language.translate(phrase, entry.state) for phrase in entry.option.phrases]


def _sentence(entry: MenuEntry, language: Language) -> str:
    option = entry.option
    if option.sentence is not None:
        return language.translate(option.sentence, entry.state)
    label = language.translate(option.label, entry.state)
    return language.texts.option.format(label=label, key=language.texts.spell_keys(option.key))
