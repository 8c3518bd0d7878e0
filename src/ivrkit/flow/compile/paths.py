"""Where automatic exits lead, without any input of the caller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ivrkit.flow.compile.menus import MenuEntry, is_menu
from ivrkit.flow.compile.twiml import Content
from ivrkit.flow.model.routes import LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import State


def automatic_targets(state: State) -> tuple[Target, ...]:
    """Return where a state may go without waiting: its target, or all that its function names."""
    if isinstance(state.exit, LeadsTo):
        return state.exit.targets
    if state.exit is None or isinstance(state.exit, Routes):
        return ()
    return (state.exit,)


def reached_from(states: Mapping[str, State], start: str) -> Iterator[State]:
    """Return the states that a caller comes to from one of them by automatic exits, nearest first."""
    queue, seen = [start], set()
    while queue:
        name = queue.pop(0)
        if name in states and name not in seen:
            seen.add(name)
            yield states[name]
            queue += [found for found in map(destination_of, automatic_targets(states[name])) if isinstance(found, str)]


def start_menu_of(states: Mapping[str, State], entries: Mapping[str, Sequence[MenuEntry]], start: str) -> str | None:
    """Return the first menu that a caller comes to by automatic exits."""
    return next((state.name for state in reached_from(states, start) if is_menu(state, entries)), None)


def home_of(
    states: Mapping[str, State], start_menu: str | None, start: str, contents: Mapping[str, Content | None]
) -> str | None:
    """Return where HOME leads for a state that hangs in no menu.

    That is the start menu. A tree without one has the first question that a caller comes to, because it can be asked
    again; where there is none either, HOME is the operator.
    """
    if start_menu is not None:
        return start_menu
    for state in reached_from(states, start):
        content = contents[state.name]
        if content is not None and content.waiting_verb == "Gather":
            return state.name
    return None
