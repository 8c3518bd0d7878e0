"""A state with its parts: each becomes a state, and names that are written with a dot become whole ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ivrkit.flow.call import Call
from ivrkit.flow.exits import ExitFunction, Exits, LeadsTo
from ivrkit.flow.state import State
from ivrkit.flow.targets import Exit, Target

#: What the name of a state of the same family begins with.
DOT = "."


def family(state: State) -> Iterator[State]:
    """Return a state and then its parts, none of which has parts any more.

    :param state: with its name and owner bound.
    """
    if not state.parts:
        yield state
        return
    yield replace(_resolved(state, state.name), parts={})
    for name, part in state.parts.items():
        whole = replace(part, name=state.name + DOT + name, owner=state.owner, part_of=state.name)
        yield _resolved(whole, state.name)


def part_names(state: State) -> tuple[str, ...]:
    """Return the names that the parts of a state have in the flow."""
    return tuple(state.name + DOT + name for name in state.parts)


@dataclass(frozen=True, slots=True)
class _Resolving:
    """A function exit whose targets are given by their whole names."""

    function: ExitFunction
    whole: str

    @property
    def __name__(self) -> str:
        """The function's own name, as errors tell it."""
        return getattr(self.function, "__name__", "function")

    def __call__(self, call: Call) -> Target:
        found: Target = _target(self.function(call), self.whole)
        return found


def _resolved(state: State, whole: str) -> State:
    """Return a state whose targets and menus have whole names."""
    options = tuple(replace(option, menu=_name(option.menu, whole)) for option in state.menu_options)
    return replace(state, exit=_exit(state.exit, whole), fallback=_name(state.fallback, whole), options=options)


def _exit(exit: Any, whole: str) -> Any:
    if isinstance(exit, Exits):
        rows = {outcome: _target(target, whole) for outcome, target in exit.rows.items()}
        otherwise = exit.otherwise if exit.otherwise is ... else _target(exit.otherwise, whole)
        return replace(exit, rows=rows, otherwise=otherwise, give_up=_target(exit.give_up, whole))
    if isinstance(exit, LeadsTo):
        return LeadsTo(
            function=_Resolving(exit.function, whole),
            targets=tuple(_target(target, whole) for target in exit.targets),
            tries=exit.tries,
            give_up=_target(exit.give_up, whole),
        )
    return _target(exit, whole)


def _target(target: Any, whole: str) -> Any:
    """Return a target with its whole name; what is no target is left for whoever checks it."""
    if isinstance(target, Exit):
        return replace(target, target=_name(target.target, whole))
    return _name(target, whole)


def _name(name: Any, whole: str) -> Any:
    if not (isinstance(name, str) and name.startswith(DOT)):
        return name
    return whole if name == DOT else whole + name
