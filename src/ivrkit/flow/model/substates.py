"""The expansion of substates to separate states with full names, such as ``account.confirm``.

Short names in targets, such as ``.confirm``, are replaced by full names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ivrkit.flow.model.call import Call
from ivrkit.flow.model.routes import ExitFunction, Goto, LeadsTo, Routes, Target
from ivrkit.flow.model.state import State

#: The separator of a parent state and its substate. A relative name begins with it.
DOT = "."


def expand_substates(state: State) -> Iterator[State]:
    """Yield a state and all its substates as separate states. All targets in these states have full names.

    :param state: the state. Its ``name`` and ``owner`` must be set.
    """
    if not state.substates:
        # A dot means nothing here. The checks at start report it as an unknown state.
        yield state
        return
    scope = _Scope(state.name, frozenset(state.substates))
    yield replace(_resolve_names(state, scope), substates={})
    for name, substate in state.substates.items():
        bound = replace(substate, name=state.name + DOT + name, owner=state.owner, parent=state.name)
        for each in expand_substates(bound):
            # The inner scope has resolved its own names. This scope resolves the names that are left.
            yield _resolve_names(each, scope)


def substate_names(state: State) -> tuple[str, ...]:
    """Return the full names of all substates of a state, including the substates of substates."""
    return tuple(_substate_names(state, state.name))


def _substate_names(state: State, parent: str) -> Iterator[str]:
    for name, substate in state.substates.items():
        yield parent + DOT + name
        yield from _substate_names(substate, parent + DOT + name)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The short names that are valid in one state: ``.`` for the state, and ``.NAME`` for each of its substates.

    :param parent: the full name of the state.
    :param substates: the names of the state's substates, without a dot.
    """

    parent: str
    substates: frozenset[str]

    def full_name(self, name: Any) -> Any:
        """Return the full name for a short name, such as ``account.confirm`` for ``.confirm``.

        Any other value is returned unchanged.
        """
        if not (isinstance(name, str) and name.startswith(DOT)):
            return name
        if name == DOT:
            return self.parent
        return self.parent + name if name[1:] in self.substates else name

    def full_target(self, target: Any) -> Any:
        """Return a target with the full name of its state. A target without a short name is returned unchanged."""
        if isinstance(target, Goto):
            return replace(target, target=self.full_name(target.target))
        return self.full_name(target)


@dataclass(frozen=True, slots=True)
class _ResolvingFunction:
    """A wrapper for an exit function that may return a short name. The wrapper returns the full name."""

    function: ExitFunction
    scope: _Scope

    @property
    def __name__(self) -> str:
        """The name of the wrapped function, for error messages."""
        return getattr(self.function, "__name__", "function")

    def __call__(self, call: Call) -> Target:
        target: Target = self.scope.full_target(self.function(call))
        return target


def _resolve_names(state: State, scope: _Scope) -> State:
    """Return a copy of a state with full names in place of short names, in its exit, ``on_error`` and menu options.

    :param state: the state.
    :param scope: the short names to replace.
    """
    options = tuple(replace(option, menu=scope.full_name(option.menu)) for option in state.menu_options)
    exit, on_error = _resolve_exit(state.exit, scope), scope.full_name(state.on_error)
    return replace(state, exit=exit, on_error=on_error, options=options)


def _resolve_exit(exit: Any, scope: _Scope) -> Any:
    if isinstance(exit, Routes):
        rows = {outcome: scope.full_target(target) for outcome, target in exit.rows.items()}
        otherwise = exit.otherwise if exit.otherwise is ... else scope.full_target(exit.otherwise)
        return replace(exit, rows=rows, otherwise=otherwise, give_up=scope.full_target(exit.give_up))
    if isinstance(exit, LeadsTo):
        return LeadsTo(
            function=_ResolvingFunction(exit.function, scope),
            targets=tuple(scope.full_target(target) for target in exit.targets),
            tries=exit.tries,
            give_up=scope.full_target(exit.give_up),
        )
    return scope.full_target(exit)
