"""The failures of the states' code during one webhook, and the target after each failure."""

from __future__ import annotations

from ivrkit.flow.compile.call_flow import ERROR_STATE, WRONG_KEY_BACK, CallFlow
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.routes import Target
from ivrkit.flow.run.dial_limit import DialLimitReached
from ivrkit.flow.run.history import History
from ivrkit.flow.run.response import ResponseBuilder
from ivrkit.flow.run.session import Session
from ivrkit.flow.run.transitions import Transitions


class Failures:
    """The states that failed during one webhook. The caller is not sent to them again.

    :param flow: the compiled states.
    :param session: the session of the call.
    :param history: the history of the call, which knows HOME.
    :param transitions: the transition rules, which know the operator.
    :param response: the response, which gets the sentence that the caller hears after a failure.
    """

    def __init__(
        self, flow: CallFlow, session: Session, history: History, transitions: Transitions, response: ResponseBuilder
    ) -> None:
        self._flow = flow
        self._session = session
        self._history = history
        self._transitions = transitions
        self._response = response
        self._failed_states: set[str] = set()

    def __contains__(self, name: str) -> bool:
        """Return whether a state failed during this webhook."""
        return name in self._failed_states

    def target_after(self, compiled: CompiledState, error: BaseException, call: Call, *, secret: bool) -> Target:
        """Mark a state as failed, add the apology to the response, and return the next target.

        If the state did not dial because the call has dialled too often, the caller hears that instead of the apology.

        The target is the first of these: the state that a hook ``ivrkit_state_failed`` chooses, the state's
        ``on_error``, HOME, the start menu, the operator. A state that failed during this webhook is skipped. If the
        state ``error`` failed, the target is the state of the wrong key, unless a hook chooses a state.

        :param compiled: the state that failed.
        :param error: the error that the code of the state raised.
        :param call: the call at this webhook.
        :param secret: whether the input of this webhook is secret.
        """
        chosen = None
        if self._flow.hooks.state_failed:
            chosen = self._flow.hooks.state_failed(
                call.copy_for_observers(secret=secret), compiled.state, error, secret
            )
        prompt = "dial_limit" if isinstance(error, DialLimitReached) else "apology"
        return self._apologise(prompt, self._next_target(compiled, chosen))

    def target_instead_of(self, compiled: CompiledState, *, chosen: bool) -> Target:
        """Return the next target for a call that must not enter a state, as after a failure without a hook.

        :param compiled: the state.
        :param chosen: whether the caller may have chosen the state. Only such a caller hears why it is not entered.
        """
        target = self._next_target(compiled, None)
        return self._apologise("unavailable", target) if chosen else target

    def _apologise(self, prompt: str, target: Target) -> Target:
        """Add a sentence of the core to the response, and return the target.

        After a failure of the state `error`, the caller hears the core's sentence about a wrong key instead.
        """
        if target is not WRONG_KEY_BACK:
            self._response.apologise(self._flow.core_prompts[self._session.language][prompt])
        return target

    def _next_target(self, compiled: CompiledState, chosen: str | None) -> Target:
        """Mark a state as failed, and return the next target.

        :param compiled: the state.
        :param chosen: the name of the state that a hook has chosen, or ``None``.
        """
        self._failed_states.add(compiled.name)
        if compiled.name == ERROR_STATE and chosen is None:
            return WRONG_KEY_BACK
        start_menu = self._flow.start_info(self._session.start).start_menu
        for name in (chosen, compiled.state.on_error, self._history.home(compiled.name), start_menu):
            if name in self._flow.states and name not in self._failed_states:
                return name
        return self._transitions.operator()
