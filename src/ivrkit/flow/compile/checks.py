"""What every start refuses, because it would compile and mislead.

Each check is a small function over the states, and yields a problem for everything it finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from ivrkit.errors import Problem, nearest, toml_key
from ivrkit.flow.compile.flow_config import FlowConfig
from ivrkit.flow.compile.languages import closest_tag
from ivrkit.flow.compile.menus import KEY_ORDER, MenuEntry, is_menu, repeat_key
from ivrkit.flow.model.outcomes import KEY_SEQUENCE, normalize_phrase
from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.routes import SAME, Goto, LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import State

States = Mapping[str, State]
MenuEntries = Mapping[str, Sequence[MenuEntry]]


def find_problems(
    states: States, entries: MenuEntries, config: FlowConfig, languages: Sequence[str]
) -> Iterator[Problem]:
    """Return every problem that can be seen before anything is rendered.

    :param states: name -> state, in the order of loading.
    :param entries: menu -> its options.
    :param config: the settings that the flow obeys; some of them name states.
    :param languages: the languages that calls are held in.
    """
    yield from _settings_name_states(states, config, languages)
    yield from _targets_exist(states)
    yield from _languages_are_spoken(states, languages)
    yield from _options_name_menus(states, entries)
    yield from _menus_have_tables(states, entries)
    yield from _keys_are_free(states, entries)
    yield from _keys_can_be_pressed(states, entries)
    yield from _phrases_are_free(states, entries)
    yield from _no_ring(states)


def _settings_name_states(states: States, config: FlowConfig, languages: Sequence[str]) -> Iterator[Problem]:
    starts = config.starts_by_setting()
    named = {
        "start": config.start,
        "operator": config.operator,
        **{name: destination_of(exit) for name, exit in starts.items()},
    }
    for setting, name in named.items():
        if isinstance(name, str) and name not in states:
            yield Problem(
                f"the setting {setting!r} names the state {name!r}, which no plugin offers{nearest(name, states)}",
                f"there are: {', '.join(states) or 'no states at all'}",
            )
    for setting, exit in starts.items():
        if not _is_spoken(exit.language, languages):
            yield Problem(f"the setting {setting!r} names the language {exit.language!r}", _spoken(languages))


def _languages_are_spoken(states: States, languages: Sequence[str]) -> Iterator[Problem]:
    """A call can't go on in a language that the flow does not have."""
    for state in states.values():
        for where, target in _named_targets(state):
            if isinstance(target, Goto) and not _is_spoken(target.language, languages):
                yield _fault(state, f"{where} goes on in the language {target.language!r}", _spoken(languages))


def _is_spoken(language: str | None, languages: Sequence[str]) -> bool:
    return language is None or closest_tag(language, languages) is not None


def _spoken(languages: Sequence[str]) -> str:
    return f"calls are held in {', '.join(languages)}; add to them in ivrkit.toml:  languages = [...]"


def _named_targets(state: State) -> Iterator[tuple[str, Target]]:
    """Return every target that a state names, and where it names it."""
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


def _targets_exist(states: States) -> Iterator[Problem]:
    for state in states.values():
        for where, target in _named_targets(state):
            name = destination_of(target)
            if isinstance(name, str) and name not in states:
                yield _fault(
                    state,
                    f"{where} leads to {name!r}, which no plugin offers{nearest(name, states)}",
                    "install or name a state of that name; a new entry point needs a reinstall of its package",
                )


def _options_name_menus(states: States, entries: MenuEntries) -> Iterator[Problem]:
    menus = [state.name for state in states.values() if is_menu(state, entries)]
    for state in states.values():
        for option in state.menu_options:
            if option.menu not in menus:
                found = "is no menu" if option.menu in states else "no plugin offers"
                yield _fault(
                    state,
                    f"its option {option.key!r} hangs in {option.menu!r}, which {found}{nearest(option.menu, menus)}",
                    f"the menus are: {', '.join(menus) or 'none'}",
                )


def _menus_have_tables(states: States, entries: MenuEntries) -> Iterator[Problem]:
    for state in states.values():
        if state.exit is None or isinstance(state.exit, Routes) or not is_menu(state, entries):
            continue
        if isinstance(state.enter, Menu):
            yield _fault(
                state,
                f"it is a menu, and its exit is {state.exit!r}",
                "the exit beside a Menu is an Routes table with more rows, otherwise, tries or give_up; or left out",
            )
            continue
        for entry in entries[state.name]:
            yield _fault(
                entry.state,
                f"its option {entry.option.key!r} hangs in {state.name!r}, whose exit {state.exit!r} takes no options",
                "hang it in a menu",
            )


def _keys_are_free(states: States, entries: MenuEntries) -> Iterator[Problem]:
    """Two owners of one key in one menu, and a key that begins another one, are told with the setting that picks."""
    for menu in states.values():
        if is_menu(menu, entries):
            claims = list(_claims(menu, entries.get(menu.name, ()), states))
            for place, claim in enumerate(claims):
                for earlier in claims[:place]:
                    if claim.key.startswith(earlier.key) or earlier.key.startswith(claim.key):
                        yield _clash(menu, earlier, claim, {each.key[0] for each in claims})


@dataclass(frozen=True, slots=True)
class _Claim:
    """A key of a menu, who has it, and the state that can be given another; ``None`` for the menu itself."""

    key: str
    who: str
    state: State | None


def _claims(menu: State, entries: Sequence[MenuEntry], states: States) -> Iterator[_Claim]:
    """Return the keys of a menu: its own, then those of its options in the order of loading."""
    repeat = repeat_key(menu)
    if isinstance(menu.enter, Menu) and repeat is not None:
        yield _Claim(repeat, f"the repeat key of {menu.name} ({menu.owner})", None)
    if isinstance(menu.exit, Routes):
        for key in menu.exit.rows:
            if KEY_SEQUENCE.fullmatch(key):
                yield _Claim(key, f"a row of {menu.name} ({menu.owner})", None)
    loaded = list(states)
    for entry in sorted(entries, key=lambda entry: loaded.index(entry.state.name)):
        yield _Claim(entry.option.key, f"{entry.state.name} ({entry.state.owner})", entry.state)


def _clash(menu: State, earlier: _Claim, claim: _Claim, first_keys: Set[str]) -> Problem:
    if claim.key == earlier.key:
        what = f"the key {claim.key!r} belongs to both"
    else:
        what = f"the keys {earlier.key!r} and {claim.key!r} can't be told apart: they belong to"
    message = f"in the menu {menu.name!r}, {what} {earlier.who} and {claim.who}"
    loser = claim.state
    if loser is None:
        hint = f"change one of them where {menu.name!r} is written"
        return Problem(message, hint, owner=menu.owner.plugin, state=menu.name)
    free = next((key for key in KEY_ORDER[:8] if key not in first_keys), "...")
    hint = f'choose another key in ivrkit.toml:  [states.{toml_key(loser.name)}]  key = "{free}"'
    return Problem(message, hint, owner=loser.owner.plugin, state=loser.name)


def _keys_can_be_pressed(states: States, entries: MenuEntries) -> Iterator[Problem]:
    """The Gather of a menu ends at # and keeps it."""
    for menu in states:
        for entry in entries.get(menu, ()):
            if "#" in entry.option.key:
                yield _fault(
                    entry.state,
                    f"its key {entry.option.key!r} can't be pressed: the menu {menu!r} ends at '#' and keeps it",
                    f'choose another key in ivrkit.toml:  [states.{toml_key(entry.state.name)}]  key = "..."',
                )


def _phrases_are_free(states: States, entries: MenuEntries) -> Iterator[Problem]:
    """A phrase that stands for two keys of one menu would be heard as one of them."""
    for menu in states:
        owners: dict[str, MenuEntry] = {}
        for entry in entries.get(menu, ()):
            for phrase in map(normalize_phrase, entry.option.phrases):
                other = owners.setdefault(phrase, entry)
                if other is not entry:
                    yield _fault(
                        entry.state,
                        f"in the menu {menu!r}, the phrase {phrase!r} is also that of {other.state.name}"
                        f" ({other.state.owner})",
                        "give one of the two options another phrase",
                    )


def _no_ring(states: States) -> Iterator[Problem]:
    """A ring of automatic exits would never come to a state that waits."""
    told: set[str] = set()
    for start in states:
        ring, name = [start], _automatic(states[start])
        while name in states and name not in ring:
            ring.append(str(name))
            name = _automatic(states[str(name)])
        if name == start and start not in told:
            told.update(ring)
            yield _fault(
                states[start],
                f"its automatic exit leads round for ever: {' -> '.join([*ring, start])}",
                "let one of these states wait for input, or end the call",
            )


def _automatic(state: State) -> str | None:
    exit = state.exit
    if isinstance(exit, Routes | LeadsTo):
        return None
    name = destination_of(exit)
    return state.name if name is SAME else name if isinstance(name, str) else None


def _fault(state: State, message: str, hint: str) -> Problem:
    message = f"state {state.name!r} of {state.owner}: {message}"
    return Problem(message, hint, owner=state.owner.plugin, state=state.name)
