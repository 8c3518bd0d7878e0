"""The call flow as a graph: each state is a node, and each outcome is an edge. ``ivrkit states`` lists the edges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ivrkit.flow.compile.call_flow import ERROR_STATE, CallFlow
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.compile.menus import has_keys
from ivrkit.flow.model.outcomes import NO_INPUT, NO_MATCH, SUCCESSFUL_OUTCOMES, VERB_OUTCOMES
from ivrkit.flow.model.routes import HOME, SAME, LeadsTo, Routes, Target, destination_of

#: The outcome of the edge to the target after too many failures.
GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Edge:
    """One edge of the graph: an outcome of a state, and the target of this outcome.

    :param state: the name of the state where the edge starts.
    :param outcome: the outcome, or ``give_up`` for too many failures. It is ``None`` if the edge stands for no single
        outcome, as for a function exit.
    :param target: the target, without the prompts of a ``Goto``.
    """

    state: str
    outcome: str | None
    target: Target


def edges(flow: CallFlow) -> Iterator[Edge]:
    """Yield all edges of a call flow, in the order in which the states were loaded.

    If a state has no target for an outcome, the edge has the target that the transition rules give.
    """
    for compiled in flow.states.values():
        yield from _edges_of(flow, compiled)
        if compiled.give_up is not None and _counts_failures(compiled):
            yield Edge(compiled.name, GIVE_UP, destination_of(compiled.give_up))


def waiting_verb(compiled: CompiledState) -> str | None:
    """Return the name of the verb that a state waits with, or ``None`` if the state does not wait.

    If ``enter`` is a function, the outcomes in the routes show the verb. If they fit several verbs, the result is the
    first of these verbs.
    """
    if compiled.content is not None:
        return compiled.content.waiting_verb
    if compiled.is_menu:
        return "Gather" if has_keys(compiled.routes) else None
    rows = set(compiled.routes)
    if not rows:
        return None
    if has_keys(compiled.routes):
        return "Gather"
    return next((verb for verb, outcomes in VERB_OUTCOMES.items() if rows <= set(outcomes)), None)


def _counts_failures(compiled: CompiledState) -> bool:
    """Return whether a state can have failures, which lead to ``give_up``: whether its verb is or may be a Gather."""
    verb = waiting_verb(compiled)
    return verb == "Gather" or (verb is None and compiled.content is None)


def _edges_of(flow: CallFlow, compiled: CompiledState) -> Iterator[Edge]:
    exit = compiled.state.exit
    if isinstance(exit, LeadsTo):
        for target in exit.targets:
            yield Edge(compiled.name, None, destination_of(target))
        return
    verb = waiting_verb(compiled)
    if not (isinstance(exit, Routes) or compiled.is_menu):
        if verb is None and exit is not None:
            yield Edge(compiled.name, None, destination_of(exit))
        return
    if verb is None and isinstance(exit, Routes) and not compiled.is_menu:
        # An enter function whose rows fit several verbs: only the target of all other outcomes is known.
        yield Edge(compiled.name, None, HOME if exit.otherwise is ... else destination_of(exit.otherwise))
    for outcome, target in compiled.routes.items():
        yield Edge(compiled.name, outcome, destination_of(target))
    # The outcomes without a row: the transition rules have a target for them.
    for outcome in VERB_OUTCOMES.get(verb or "", ()):
        if outcome not in compiled.routes:
            yield Edge(compiled.name, outcome, _target_without_row(flow, compiled, outcome))


def _target_without_row(flow: CallFlow, compiled: CompiledState, outcome: str) -> Target:
    """Return the target of an outcome that has no row in the routes, by the transition rules."""
    if outcome in SUCCESSFUL_OUTCOMES:
        return None
    if compiled.otherwise is not ...:
        return destination_of(compiled.otherwise)
    if outcome == NO_INPUT:
        return SAME
    if outcome == NO_MATCH:
        return ERROR_STATE if ERROR_STATE in flow.states and compiled.name != ERROR_STATE else SAME
    return HOME
