"""The checks of a phone tree that run before its prompts are rendered.

A phone tree that fails one of these checks could be compiled, but would not work as its author expects. Each check is a
small function that takes the states and yields problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ivrkit.errors import Problem, nearest
from ivrkit.flow.compile.flow_config import FlowConfig
from ivrkit.flow.compile.languages import language_error
from ivrkit.flow.compile.menus import KEY_ORDER, MenuEntry, change_key_hint, is_menu, repeat_key
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.routes import SAME, Goto, LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.speech import normalize_phrase
from ivrkit.flow.model.state import State

States = Mapping[str, State]
MenuEntries = Mapping[str, Sequence[MenuEntry]]


def find_problems(
    states: States, entries: MenuEntries, config: FlowConfig, languages: Sequence[str]
) -> Iterator[Problem]:
    """Yield the problems of a phone tree that can be found before its prompts are rendered.

    :param states: name -> state, in the order of loading.
    :param entries: name of a menu -> entries of the menu.
    :param config: the settings of the call flow. The settings ``start`` and ``operator`` must name existing states.
    :param languages: the tags of the languages of calls.
    """
    # The order matters to a reader: a missing state is the cause of many of the problems that follow.
    yield from _check_settings(states, config, languages)
    yield from _check_targets(states)
    yield from _check_languages(states, languages)
    yield from _check_menus_of_options(states, entries)
    yield from _check_exits_of_menus(states, entries)
    yield from _check_clashing_keys(states, entries)
    yield from _check_pressable_keys(states, entries)
    yield from _check_clashing_phrases(states, entries)
    yield from _check_loops(states)


def _check_settings(states: States, config: FlowConfig, languages: Sequence[str]) -> Iterator[Problem]:
    starts = config.starts_by_setting()
    named = {
        "start": config.start,
        "operator": config.operator,
        **{setting: destination_of(goto) for setting, goto in starts.items()},
    }
    for setting, name in named.items():
        if isinstance(name, str) and name not in states:
            yield Problem(
                f"the setting {setting!r} names the state {name!r}, which no plugin offers{nearest(name, states)}",
                f"use one of: {', '.join(states)}" if states else "install a plugin that offers states",
            )
    for setting, goto in starts.items():
        error = language_error(f"the setting {setting!r}", goto.language, languages)
        if error:
            yield Problem(error.message, error.hint)


def _check_languages(states: States, languages: Sequence[str]) -> Iterator[Problem]:
    """Yield a problem for each ``Goto`` whose language is not a language of calls."""
    for state in states.values():
        for where, target in _named_targets(state):
            error = language_error(where, target.language, languages) if isinstance(target, Goto) else None
            if error:
                yield _problem(state, error.message, error.hint)


def _named_targets(state: State) -> Iterator[tuple[str, Target]]:
    """Yield the targets of a state, as pairs: a description of the target, such as ``the row '1'``, and the target."""
    if isinstance(state.exit, Routes):
        for outcome, target in state.exit.rows.items():
            yield f"the row {outcome!r}", target
        if state.exit.otherwise is not ...:
            yield "otherwise", state.exit.otherwise
        yield "give_up", state.exit.give_up
    elif isinstance(state.exit, LeadsTo):
        for target in state.exit.targets:
            yield "@leads_to", target
        yield "give_up", state.exit.give_up
    else:
        yield "exit", state.exit
    yield "on_error", state.on_error


def _check_targets(states: States) -> Iterator[Problem]:
    for state in states.values():
        for where, target in _named_targets(state):
            name = destination_of(target)
            if isinstance(name, str) and name not in states:
                yield _problem(
                    state,
                    f"{where} leads to {name!r}, which no plugin offers{nearest(name, states)}",
                    "install a plugin with this state, or reinstall the package if its entry point is new",
                )


def _check_menus_of_options(states: States, entries: MenuEntries) -> Iterator[Problem]:
    menus = [state.name for state in states.values() if is_menu(state, entries)]
    for state in states.values():
        for option in state.menu_options:
            # Nobody could ever choose such an option.
            if option.menu not in menus:
                found = "is not a menu" if option.menu in states else "no plugin offers"
                yield _problem(
                    state,
                    f"its option {option.key!r} names the menu {option.menu!r}, which {found}"
                    f"{nearest(option.menu, menus)}",
                    f"use one of the menus: {', '.join(menus)}" if menus else "install a plugin that offers a menu",
                )


def _check_exits_of_menus(states: States, entries: MenuEntries) -> Iterator[Problem]:
    """Yield a problem for each menu whose exit is neither ``None`` nor a ``Routes`` table.

    The options of a menu become rows of its ``Routes`` table.
    """
    for state in states.values():
        if state.exit is None or isinstance(state.exit, Routes) or not is_menu(state, entries):
            continue
        if isinstance(state.enter, Menu):
            yield _problem(
                state,
                f"the exit of a Menu must be a Routes table or left out, not {state.exit!r}",
                "write more rows, otherwise, tries or give_up in Routes",
            )
            continue
        # A state with an enter function is a menu because options name it. Its exit shows that it is not meant as one.
        for entry in entries[state.name]:
            yield _problem(
                entry.state,
                f"its option {entry.option.key!r} names the menu {state.name!r}, whose exit {state.exit!r} takes no "
                "options",
                "name another menu",
            )


@dataclass(frozen=True, slots=True)
class _KeyOwner:
    """The part of a phone tree that uses a phone key in a menu: the menu itself, or a state with a menu option.

    :param key: the phone key.
    :param description: the part in words, for messages, such as ``a row of menu (acme-states 1.0)``.
    :param state: the state with the menu option, or ``None`` for the menu itself.
    """

    key: str
    description: str
    state: State | None


def _check_clashing_keys(states: States, entries: MenuEntries) -> Iterator[Problem]:
    """Yield a problem for two entries of a menu with the same key, or with keys such as ``1`` and ``12``.

    If one key is the beginning of the other key, the menu cannot know which entry the caller means.
    """
    for menu in states.values():
        if is_menu(menu, entries):
            owners = list(_key_owners(menu, entries.get(menu.name, ()), states))
            first_keys = {owner.key[0] for owner in owners}
            for index, owner in enumerate(owners):
                for earlier in owners[:index]:
                    if owner.key.startswith(earlier.key) or earlier.key.startswith(owner.key):
                        yield _clash(menu, earlier, owner, first_keys)


def _key_owners(menu: State, entries: Sequence[MenuEntry], states: States) -> Iterator[_KeyOwner]:
    """Yield a ``_KeyOwner`` for each phone key of a menu: first for the keys of the menu itself, then for its options.

    The options are in the order in which their states were loaded.
    """
    repeat = repeat_key(menu)
    if isinstance(menu.enter, Menu) and repeat is not None:
        yield _KeyOwner(repeat, f"the repeat key of {menu.name} ({menu.owner})", None)
    if isinstance(menu.exit, Routes):
        for key in menu.exit.rows:
            if is_key_sequence(key):
                yield _KeyOwner(key, f"a row of {menu.name} ({menu.owner})", None)
    # Of two states, the one that was loaded later has to change its key.
    loaded = list(states)
    for entry in sorted(entries, key=lambda entry: loaded.index(entry.state.name)):
        yield _KeyOwner(entry.option.key, f"{entry.state.name} ({entry.state.owner})", entry.state)


def _clash(menu: State, earlier: _KeyOwner, later: _KeyOwner, first_keys: set[str]) -> Problem:
    """Return the problem of two clashing keys in a menu. The hint shows how to change the second key.

    :param menu: the menu.
    :param earlier: the part of the phone tree that uses the first key.
    :param later: the part of the phone tree that uses the second key.
    :param first_keys: the first characters of all keys of the menu. The hint proposes a key with another character.
    """
    if later.key == earlier.key:
        keys = f"the key {later.key!r} belongs to both"
    else:
        keys = f"the keys {earlier.key!r} and {later.key!r} are ambiguous: they belong to"
    message = f"in the menu {menu.name!r}, {keys} {earlier.description} and {later.description}"
    state = later.state
    if state is None:
        hint = f"change one of them in the code of {menu.name!r}"
        return Problem(message, hint, owner=menu.owner.plugin, state=menu.name)
    # The keys 1 to 8: 9 usually repeats the menu, and 0 is usually the operator.
    free = next((key for key in KEY_ORDER[:8] if key not in first_keys), "...")
    first_keys.add(free)  # the next hint must not propose this key again
    return Problem(message, change_key_hint(state, free), owner=state.owner.plugin, state=state.name)


def _check_pressable_keys(states: States, entries: MenuEntries) -> Iterator[Problem]:
    """Yield a problem for each menu option whose key contains ``#``, because ``#`` ends the input of a menu."""
    for menu in states:
        for entry in entries.get(menu, ()):
            if "#" in entry.option.key:
                yield _problem(
                    entry.state,
                    f"its key {entry.option.key!r} cannot be pressed: '#' ends the input of the menu {menu!r}",
                    change_key_hint(entry.state, "..."),
                )


def _check_clashing_phrases(states: States, entries: MenuEntries) -> Iterator[Problem]:
    """Yield a problem for two entries of a menu that have the same phrase."""
    for menu in states:
        owners: dict[str, MenuEntry] = {}
        for entry in entries.get(menu, ()):
            for phrase in map(normalize_phrase, entry.option.phrases):
                other = owners.setdefault(phrase, entry)
                if other is not entry:
                    yield _problem(
                        entry.state,
                        f"in the menu {menu!r}, its phrase {phrase!r} also belongs to {other.state.name}"
                        f" ({other.state.owner})",
                        "give one of the two options another phrase",
                    )


def _check_loops(states: States) -> Iterator[Problem]:
    """Yield a problem for each loop of states that go on to the next state without waiting for input."""
    # A loop is found from each of its states, but reported once.
    reported: set[str] = set()
    for start in states:
        path, name = [start], _automatic_exit(states[start])
        while name in states and name not in path:
            path.append(str(name))
            name = _automatic_exit(states[str(name)])
        if name == start and start not in reported:
            reported.update(path)
            yield _problem(
                states[start],
                f"its automatic exits form a loop: {' -> '.join([*path, start])}",
                "let one of these states wait for input, or end the call",
            )


def _automatic_exit(state: State) -> str | None:
    """Return the name of the state that a state goes on to without waiting for input.

    Return ``None`` if the exit of the state is a table or a function, or if its target depends on the call.
    """
    exit = state.exit
    if isinstance(exit, Routes | LeadsTo):
        return None
    name = destination_of(exit)
    if name is SAME:
        return state.name
    return name if isinstance(name, str) else None


def _problem(state: State, message: str, hint: str) -> Problem:
    message = f"state {state.name!r} of {state.owner}: {message}"
    return Problem(message, hint, owner=state.owner.plugin, state=state.name)
