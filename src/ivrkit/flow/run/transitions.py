"""The transition rules: where an outcome leads, and how failures are counted.

A failure is silence (``no-input``), or an invalid key or phrase (``no-match``). The rules have the same numbers as in
``docs/reference/states.md``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ivrkit.flow.compile.call_flow import ERROR_STATE, NOT_CONNECTED, NOTHING_RECORDED, WRONG_KEY, CallFlow
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.model.outcomes import KEY_SEQUENCE, NO_INPUT, NO_MATCH, NO_MESSAGE, SUCCESSFUL_OUTCOMES
from ivrkit.flow.model.routes import SAME, Target, destination_of
from ivrkit.flow.run.session import Session


@dataclass(frozen=True, slots=True)
class ExitResult:
    """The result of a function exit.

    :param target: the target that the function returned, or the target to go to if the function failed.
    :param failed: whether the function raised an error or returned an invalid target.
    """

    target: Target
    failed: bool = False


class Transitions:
    """The transition rules of one call.

    :param flow: the compiled states.
    :param session: the session of the call, which stores the failure counts.
    :param closed: the names of the states that the call must not enter.
    """

    def __init__(self, flow: CallFlow, session: Session, closed: Collection[str] = ()) -> None:
        self._flow = flow
        self._session = session
        self._closed = closed
        #: Whether a failure was counted during this webhook.
        self.has_failed = False

    def by_routes(self, compiled: CompiledState, verb: str, outcome: str) -> Target:
        """Return the target after an outcome of a menu or of a state with a routes table.

        :param compiled: the state that the caller is in.
        :param verb: the verb that the call waited with.
        :param outcome: the outcome of the verb.
        """
        return self._by_input(compiled, outcome) if verb == "Gather" else self._by_result(compiled, outcome)

    def by_function(self, compiled: CompiledState, verb: str, outcome: str, result: ExitResult) -> Target:
        """Return the target after an outcome of a state with a function exit.

        :param compiled: the state that the caller is in.
        :param verb: the verb that the call waited with.
        :param outcome: the outcome of the verb.
        :param result: the result of the function.
        """
        # Rule 7: silence is a failure. A key is a failure if the function returns SAME, else it succeeds. If the
        # function itself fails, the caller did nothing wrong: nothing is counted.
        if verb != "Gather":
            return result.target
        if outcome == NO_INPUT:
            return self._fail(compiled, NO_INPUT, result.target)
        if result.failed:
            return result.target
        if destination_of(result.target) in (SAME, compiled.name):
            return self._fail(compiled, NO_MATCH, result.target)
        self._succeed(compiled)
        return result.target

    def operator(self) -> Target:
        """Return the operator as the target, and reset all failure counts of the call.

        A call goes to the operator only once. The second time, the target is ``None``, which says goodbye and hangs up.
        """
        if self._session.operator_tried:
            return None
        self._session.operator_tried = True
        self._session.failure_counts.clear()
        self._session.failures_in_row = 0
        return self._flow.start_info(self._session.start).operator

    def forget_failures(self, state: str) -> None:
        """Reset the failure counts of a state.

        :param state: the name of the state.
        """
        self._session.failure_counts.pop(state, None)

    def _by_input(self, compiled: CompiledState, outcome: str) -> Target:
        """Return the target after the outcome of a ``Gather``, by rules 1 to 4."""
        # Rule 1: a key with its own row, or a phrase that stands for it, succeeds.
        if KEY_SEQUENCE.fullmatch(outcome) and outcome in compiled.routes:
            target = compiled.routes[outcome]
            # A caller who insists on a closed state must get to the operator in the end.
            if self._closed and destination_of(target) in self._closed:
                return self._fail(compiled, NO_MATCH, target)
            self._succeed(compiled)
            return target
        # Rule 2: a failure goes to its row, else to `otherwise`. Without both, silence repeats the state, and a wrong
        # key goes to the state `error` if it is installed, else repeats the state with the core's sentence.
        failure = NO_INPUT if outcome == NO_INPUT else NO_MATCH
        if failure in compiled.routes:
            target = compiled.routes[failure]
        elif compiled.otherwise is not ...:
            target = compiled.otherwise
            # Rule 3: a wrong key that `otherwise` takes is no failure.
            if failure == NO_MATCH:
                return target
        elif failure == NO_INPUT:
            target = SAME
        elif ERROR_STATE in self._flow.states and compiled.name != ERROR_STATE:
            target = ERROR_STATE
        else:
            target = WRONG_KEY
        return self._fail(compiled, failure, target)

    def _by_result(self, compiled: CompiledState, outcome: str) -> Target:
        """Return the target after the outcome of any verb except ``Gather``, by rule 5."""
        # Rule 5: its own row, else the goodbye after success, else `otherwise`, else HOME with the core's sentence: "no
        # message" for an empty recording, else "not connected".
        if outcome in compiled.routes:
            return compiled.routes[outcome]
        if outcome in SUCCESSFUL_OUTCOMES:
            return None
        if compiled.otherwise is not ...:
            return compiled.otherwise
        return NOTHING_RECORDED if outcome == NO_MESSAGE else NOT_CONNECTED

    def _succeed(self, compiled: CompiledState) -> None:
        """Reset the failure counts of a state, and the number of failures in a row."""
        self.forget_failures(compiled.name)
        self._session.failures_in_row = 0

    def _fail(self, compiled: CompiledState, failure: str, target: Target) -> Target:
        """Count a failure, and return the next target.

        :param compiled: the state.
        :param failure: ``no-input`` or ``no-match``.
        :param target: the target if the caller has tries left.
        :returns: ``target``, or ``give_up`` or the operator after too many failures.
        """
        self.has_failed = True
        # Rule 3: failures are counted per state and outcome, and in a row per call.
        counts = self._session.failure_counts.setdefault(compiled.name, {})
        counts[failure] = counts.get(failure, 0) + 1
        self._session.failures_in_row += 1
        # Rule 4: too many failures in a row lead to the operator. The last try of a state leads to its `give_up`,
        # else to the operator.
        if self._session.failures_in_row >= self._flow.config.max_failures:
            return self.operator()
        if counts[failure] < compiled.tries:
            return target
        return self.operator() if compiled.give_up is None else compiled.give_up
