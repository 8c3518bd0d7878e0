"""Where an outcome leads: the rules of tables and functions, with their counting."""

from __future__ import annotations

from collections.abc import Callable

from ivrkit.errors import FlowError
from ivrkit.flow.compile.call_flow import ERROR_STATE, CallFlow, StartInfo
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.compile.languages import closest_tag
from ivrkit.flow.compile.sentences import NOT_CONNECTED, WRONG_HERE
from ivrkit.flow.model.outcomes import KEY_SEQUENCE, NO_INPUT, NO_MATCH, SUCCESSFUL_OUTCOMES
from ivrkit.flow.model.routes import SAME, Goto, LeadsTo, Routes, Target, destination_of, is_target
from ivrkit.flow.run.counts import Counts

#: Runs a function exit in its guard; returns its target, and whether the function failed.
RunExit = Callable[[CompiledState, LeadsTo], tuple[Target, bool]]


class Transitions:
    """Decides where a call goes after an outcome of the state that it waits in."""

    def __init__(self, flow: CallFlow, counts: Counts, run_exit: RunExit, start_info: Callable[[], StartInfo]) -> None:
        self._flow = flow
        self._counts = counts
        self._run_exit = run_exit
        self._start_info = start_info

    def after(self, compiled: CompiledState, verb: str, outcome: str) -> Target:
        """Return where the call goes.

        :param compiled: the state that the caller is in.
        :param verb: the verb that the call waited with.
        :param outcome: what happened.
        """
        exit = compiled.state.exit
        if isinstance(exit, LeadsTo):
            return self._by_function(compiled, exit, verb, outcome)
        if not (compiled.is_menu or isinstance(exit, Routes)):
            return exit
        if verb == "Gather":
            return self._by_input(compiled, outcome)
        return self._by_result(compiled, outcome)

    def operator(self) -> Target:
        """Return the state of the operator, and ``None``, the goodbye, when it was taken before or there is none."""
        return self._start_info().operator if self._counts.try_operator() else None

    def _by_input(self, compiled: CompiledState, outcome: str) -> Target:
        """FlowConfig 1 to 4: a matched choice, else silence or a wrong one, each with its own row and count."""
        if KEY_SEQUENCE.fullmatch(outcome) and outcome in compiled.routes:
            self._counts.matched(compiled.name)
            return compiled.routes[outcome]
        kind = NO_INPUT if outcome == NO_INPUT else NO_MATCH
        if kind in compiled.routes:
            target = compiled.routes[kind]
        elif compiled.otherwise is not ...:
            target = compiled.otherwise
            if kind == NO_MATCH:
                return target
        elif kind == NO_INPUT:
            target = SAME
        elif ERROR_STATE in self._flow.states and compiled.name != ERROR_STATE:
            target = ERROR_STATE
        else:
            target = WRONG_HERE
        return self._counted(compiled, kind, target)

    def _by_result(self, compiled: CompiledState, outcome: str) -> Target:
        """Rule 5: what a Dial, Enqueue, Record and the like came to."""
        if outcome in compiled.routes:
            return compiled.routes[outcome]
        if outcome in SUCCESSFUL_OUTCOMES:
            return None
        if compiled.otherwise is not ...:
            return compiled.otherwise
        return NOT_CONNECTED

    def _by_function(self, compiled: CompiledState, exit: LeadsTo, verb: str, outcome: str) -> Target:
        """Rule 7: the function decides; silence counts, and a key that it answers with SAME."""
        target, failed = self._run_exit(compiled, exit)
        if verb != "Gather":
            return target
        if outcome == NO_INPUT:
            return self._counted(compiled, NO_INPUT, target)
        if failed:
            return target
        if destination_of(target) in (SAME, compiled.name):
            return self._counted(compiled, NO_MATCH, target)
        self._counts.matched(compiled.name)
        return target

    def _counted(self, compiled: CompiledState, kind: str, target: Target) -> Target:
        """Rule 4: count a failure, and replace its target when there were too many."""
        self._counts.failed(compiled.name, kind)
        if self._counts.failures_in_row >= self._flow.config.max_failures:
            return self.operator()
        if self._counts.of(compiled.name, kind) < compiled.tries:
            return target
        return self.operator() if compiled.give_up is None else compiled.give_up


def checked_target(flow: CallFlow, compiled: CompiledState, exit: LeadsTo, target: Target, tag: str) -> Target:
    """Return what a function exit returned, when it is one of the targets that it named.

    :param tag: the language of the call.
    :raises FlowError: for any other, for words that can't be said, or a language that calls are not held in.
    """
    named = [destination_of(each) for each in exit.targets]
    if is_target(target) and destination_of(target) in named:
        if isinstance(target, Goto):
            check_language(flow, target)
            flow.goto_xml(target, flow.closest_language(target.language or tag), compiled)
        return target
    raise FlowError(
        f"its exit {getattr(exit.function, '__name__', 'function')!r} returned {target!r}, and names {named}",
        hint="name every target that it returns in @leads_to",
    )


def check_language(flow: CallFlow, exit: Goto) -> None:
    """Refuse to go on in a language that calls are not held in.

    :raises FlowError: with those that there are.
    """
    if exit.language is not None and closest_tag(exit.language, flow.languages) is None:
        raise FlowError(
            f"it goes on in the language {exit.language!r}", hint=f"calls are held in {', '.join(flow.languages)}"
        )
