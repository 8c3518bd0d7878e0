"""The start menu, HOME and the operator of a call, which depend on the state in which the call started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.compile.flow_config import FlowConfig
from ivrkit.flow.model.routes import LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import State


@dataclass(frozen=True, slots=True)
class StartInfo:
    """The start menu, HOME and the operator of the calls that start in one state.

    :param start_menu: the name of the first menu that a call reaches without input, or ``None`` without such a menu.
    :param home: the name of the state that HOME means in states without menu options, or ``None`` for the operator.
    :param operator: the name of the operator state, or ``None`` for the goodbye.
    """

    start_menu: str | None
    home: str | None
    operator: str | None


def make_start_info(start: str, states: Mapping[str, CompiledState], config: FlowConfig) -> StartInfo:
    """Return the start menu, HOME and the operator of the calls that start in a state.

    :param start: the name of the state.
    :param states: name -> compiled state.
    :param config: the settings of the call flow.
    """
    # Everything that a caller may hear before they press the first key.
    reachable = [states[name] for name in _reachable_without_input(start, states)]
    start_menu = next((each.name for each in reachable if each.is_menu), None)
    operator = config.operator or _state_of_key_zero(states.get(start_menu or ""))
    return StartInfo(start_menu, start_menu or _first_question(reachable), operator)


def _reachable_without_input(start: str, states: Mapping[str, CompiledState]) -> Iterator[str]:
    """Yield the names of the states that a call can reach before any input, the nearest state first.

    :param start: the name of the state in which the call starts. It is yielded, too.
    :param states: name -> compiled state.
    """
    # A breadth-first search. Function exits can form loops, which are only known at run time.
    queue, seen = [start], set()
    while queue:
        name = queue.pop(0)
        if name in states and name not in seen:
            seen.add(name)
            yield name
            destinations = map(destination_of, _automatic_targets(states[name].state))
            queue += [each for each in destinations if isinstance(each, str)]


def _automatic_targets(state: State) -> tuple[Target, ...]:
    """Return the possible targets of a state that does not wait for input.

    A state whose exit is a routes table or ``None`` has no such target.
    """
    if isinstance(state.exit, LeadsTo):
        return state.exit.targets
    if state.exit is None or isinstance(state.exit, Routes):
        return ()
    return (state.exit,)


def _first_question(reachable: list[CompiledState]) -> str | None:
    """Return the name of the first state that asks for input with a ``Gather``, or ``None`` if no state does."""
    contents = ((each.name, each.content) for each in reachable)
    return next((name for name, content in contents if content and content.waiting_verb == "Gather"), None)


def _state_of_key_zero(start_menu: CompiledState | None) -> str | None:
    """Return the name of the state that key 0 of the start menu leads to, or ``None`` without such a state."""
    target = destination_of(start_menu.routes.get("0")) if start_menu else None
    return target if isinstance(target, str) else None
