"""A state with its parts: each becomes a state, and names that are written with a dot become whole ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ivrkit.flow.model.call import Call
from ivrkit.flow.model.routes import ExitFunction, Goto, LeadsTo, Routes, Target
from ivrkit.flow.model.state import State

#: What the name of a state of the same family begins with.
DOT = "."


def expand_substates(state: State) -> Iterator[State]:
    """Return a state and then its parts, and theirs; none of them has parts any more.

    A name with a dot is looked up in the innermost family that has it.

    :param state: with its name and owner bound.
    """
    if not state.substates:
        yield state
        return
    scope = _Scope(state.name, frozenset(state.substates))
    yield replace(_resolved(state, scope), substates={})
    for name, part in state.substates.items():
        bound = replace(part, name=state.name + DOT + name, owner=state.owner, parent=state.name)
        for each in expand_substates(bound):
            yield _resolved(each, scope)


@dataclass(frozen=True, slots=True)
class _Scope:
    """A family: the name of the whole, and the names of its parts."""

    parent: str
    parts: frozenset[str]

    def name(self, name: Any) -> Any:
        """Return the whole name of what a name with a dot means; any other is left as it is."""
        if not (isinstance(name, str) and name.startswith(DOT)):
            return name
        if name == DOT:
            return self.parent
        return self.parent + name if name[1:] in self.parts else name

    def target(self, target: Any) -> Any:
        """Return a target with its whole name; what is no target is left for whoever checks it."""
        if isinstance(target, Goto):
            return replace(target, target=self.name(target.target))
        return self.name(target)


def _substate_names(state: State, whole: str) -> Iterator[str]:
    for name, part in state.substates.items():
        yield whole + DOT + name
        yield from _substate_names(part, whole + DOT + name)


def substate_names(state: State) -> tuple[str, ...]:
    """Return the names that the parts of a state have in the flow."""
    return tuple(_substate_names(state, state.name))


@dataclass(frozen=True, slots=True)
class _Resolving:
    """A function exit whose targets are given by their whole names."""

    function: ExitFunction
    scope: _Scope

    @property
    def __name__(self) -> str:
        """The function's own name, as errors tell it."""
        return getattr(self.function, "__name__", "function")

    def __call__(self, call: Call) -> Target:
        found: Target = self.scope.target(self.function(call))
        return found


def _resolved(state: State, scope: _Scope) -> State:
    """Return a state whose targets and menus have whole names."""
    options = tuple(replace(option, menu=scope.name(option.menu)) for option in state.menu_options)
    return replace(state, exit=_exit(state.exit, scope), on_error=scope.name(state.on_error), options=options)


def _exit(exit: Any, scope: _Scope) -> Any:
    if isinstance(exit, Routes):
        rows = {outcome: scope.target(target) for outcome, target in exit.rows.items()}
        otherwise = exit.otherwise if exit.otherwise is ... else scope.target(exit.otherwise)
        return replace(exit, rows=rows, otherwise=otherwise, give_up=scope.target(exit.give_up))
    if isinstance(exit, LeadsTo):
        return LeadsTo(
            function=_Resolving(exit.function, scope),
            targets=tuple(scope.target(target) for target in exit.targets),
            tries=exit.tries,
            give_up=scope.target(exit.give_up),
        )
    return scope.target(exit)
