"""Menus: the entries, routes and prompts of a menu are made from the menu options of the installed states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from twilio.twiml import TwiML

from ivrkit.errors import toml_key
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.compile.text_limits import MAX_HINT, MAX_HINTS
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.prompts import Menu, ask
from ivrkit.flow.model.routes import SAME, Routes, Target, destination_of
from ivrkit.flow.model.speech import normalize_phrase
from ivrkit.flow.model.state import MenuOption, State

#: The keys in the order in which a menu reads them: as on a telephone, with 0 last.
KEY_ORDER = "123456789*#0"
#: The repeat key of a menu that a function returns.
DEFAULT_REPEAT_KEY = Menu().repeat


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry of a menu: a menu option, and the state that the option leads to."""

    option: MenuOption
    state: State


def collect_menu_entries(states: Iterable[State]) -> dict[str, tuple[MenuEntry, ...]]:
    """Return name of a menu -> entries of the menu, for every menu that a menu option names.

    The entries are in the order of their keys.
    """
    found: dict[str, list[MenuEntry]] = {}
    for state in states:
        for option in state.menu_options:
            found.setdefault(option.menu, []).append(MenuEntry(option, state))
    return {menu: tuple(sorted(entries, key=_key_order)) for menu, entries in found.items()}


def _key_order(entry: MenuEntry) -> list[int]:
    return [KEY_ORDER.index(key) for key in entry.option.key]


def is_menu(state: State, entries: Mapping[str, Sequence[MenuEntry]]) -> bool:
    """Return whether a state is a menu.

    A state is a menu if its ``enter`` is a ``Menu``. A state whose ``enter`` is a function is a menu if a menu option
    names this state as its menu.

    :param state: the state.
    :param entries: name of a menu -> entries of the menu.
    """
    return isinstance(state.enter, Menu) or (callable(state.enter) and state.name in entries)


def repeat_key(state: State) -> str | None:
    """Return the key that repeats a menu, or ``None``. If ``enter`` is a function, the menu has the default key."""
    return state.enter.repeat if isinstance(state.enter, Menu) else DEFAULT_REPEAT_KEY


def menu_routes(state: State, entries: Sequence[MenuEntry]) -> dict[str, Target]:
    """Return the routes of a menu (key or outcome -> target): its entries, the rows of its exit, and its repeat key.

    A menu without other keys gets no repeat key, because it has nothing to repeat.

    :param state: the menu.
    :param entries: the entries of the menu.
    """
    routes: dict[str, Target] = {entry.option.key: entry.state.name for entry in entries}
    if isinstance(state.exit, Routes):
        routes.update(state.exit.rows)
    repeat = repeat_key(state)
    if repeat is not None and has_keys(routes):
        routes.setdefault(repeat, SAME)
    return routes


def has_keys(routes: Iterable[str]) -> bool:
    """Return whether routes have a row for a phone key, and not only rows for named outcomes such as ``no-input``.

    :param routes: the routes, or the outcomes of their rows.
    """
    return any(map(is_key_sequence, routes))


def phrase_keys(entries: Sequence[MenuEntry], language: Language) -> dict[str, str]:
    """Return normalized phrase -> phone key that the phrase stands for.

    :param entries: the entries of a menu.
    :param language: the language of the phrases.
    """
    return {normalize_phrase(phrase): entry.option.key for entry in entries for phrase in phrases_of(entry, language)}


def menu_prompt(
    menu: Menu,
    entries: Sequence[MenuEntry],
    routes: Mapping[str, Target],
    language: Language,
    closed_keys: frozenset[str] = frozenset(),
) -> list[TwiML | str]:
    """Return the prompts of a menu: a list with one ``Gather`` that contains all sentences of the menu.

    If the menu has no keys, the result is the texts of the menu and the core's sentence ``no_options``, without a
    ``Gather``. If all keys are closed, the same sentence is inside of the ``Gather``, so that the call goes on.

    :param closed_keys: the keys of the entries to leave out.
    """
    texts = language.texts
    if not has_keys(routes):
        return [*menu.texts, texts.no_options]
    entries = [entry for entry in entries if entry.option.key not in closed_keys]
    prompts: list[str | TwiML] = [*menu.texts]
    prompts += (_sentence(entry, language) for entry in entries)
    if closed_keys and not has_keys(routes.keys() - closed_keys - {menu.repeat}):
        prompts.append(texts.no_options)
    # A row of the exit may have replaced the repeat key.
    if menu.repeat is not None and destination_of(routes.get(menu.repeat)) is SAME:
        prompts.append(texts.repeat.format(key=texts.spell_keys(menu.repeat)))
    phrases = [phrase for entry in entries for phrase in phrases_of(entry, language)]
    if not phrases:
        return [ask(*prompts)]
    # A check at start reports the phrases that cannot be hints, with their states.
    hints = [phrase for phrase in phrases if len(phrase) <= MAX_HINT][:MAX_HINTS]
    return [ask(*prompts, input="dtmf speech", hints=", ".join(hints))]


def change_key_hint(state: State, key: str, which: str = "another") -> str:
    """Return the hint that says how a team changes the key of a state.

    :param state: the state.
    :param key: the proposed key, or ``...`` for no proposal.
    :param which: the adjective of the key: ``another`` or ``a shorter``.
    """
    if len(state.menu_options) == 1:
        return f'choose {which} key in ivrkit.toml:  [states.{toml_key(state.name)}]  key = "{key}"'
    # A table has one key, which cannot replace the keys of several options.
    return f"choose {which} key in the hook ivrkit_edit_state, because {state.name!r} has more than one menu option"


def phrases_of(entry: MenuEntry, language: Language) -> list[str]:
    """Return the phrases of a menu entry in a language."""
    return [language.translate(phrase, entry.state) for phrase in entry.option.phrases]


def _sentence(entry: MenuEntry, language: Language) -> str:
    """Return the sentence of a menu entry: the sentence of its option, or else "For {label}, press {key}."."""
    option = entry.option
    label = language.translate(option.label, entry.state)
    key = language.texts.spell_keys(option.key)
    if option.sentence is None:
        return language.texts.option.format(label=label, key=key)
    sentence = language.translate(option.sentence, entry.state)
    # A Text with values has filled in its own placeholders.
    if getattr(option.sentence, "values", {}):
        return sentence
    return sentence.format(label=label, key=key, company=language.company)
