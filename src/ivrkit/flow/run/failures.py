"""The failures of the states' code during one webhook, and the target after each failure."""

from __future__ import annotations

from ivrkit.flow.compile.call_flow import ERROR_STATE, WRONG_KEY_BACK, CallFlow
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.routes import Target
from ivrkit.flow.run.history import History
from ivrkit.flow.run.session import Session
from ivrkit.flow.run.transitions import Transitions


class Failures:
    """The states that failed during one webhook. The caller is not sent to them again.

    :param flow: the compiled states.
    :param session: the session of the call.
    :param history: the history of the call, which knows HOME.
    :param transitions: the transition rules, which know the operator.
    """

    def __init__(self, flow: CallFlow, session: Session, history: History, transitions: Transitions) -> None:
        self._flow = flow
        self._session = session
        self._history = history
        self._transitions = transitions
        self._failed_states: set[str] = set()

    def __contains__(self, name: str) -> bool:
        """Return whether a state failed during this webhook."""
        return name in self._failed_states

    def target_after(self, compiled: CompiledState, error: BaseException, call: Call, *, secret: bool) -> Target:
        """Mark a state as failed, and return the next target.

        The target is the first of these: the state that a hook ``ivrkit_state_failed`` chooses, the state's
        ``on_error``, HOME, the start menu, the operator. A state that failed during this webhook is skipped. If the
        state ``error`` failed, the target is the state of the wrong key, unless a hook chooses a state.

        :param compiled: the state that failed.
        :param error: the error that the code of the state raised.
        :param call: the call at this webhook.
        :param secret: whether the input of this webhook is secret.
        """
        self._failed_states.add(compiled.name)
        chosen = None
        if self._flow.hooks.state_failed:
            chosen = self._flow.hooks.state_failed(
                call.copy_for_observers(secret=secret), compiled.state, error, secret
            )
        if compiled.name == ERROR_STATE and chosen is None:
            return WRONG_KEY_BACK
        start_menu = self._flow.start_info(self._session.start).start_menu
        for name in (chosen, compiled.state.on_error, self._history.home(compiled.name), start_menu):
            if name in self._flow.states and name not in self._failed_states:
                return name
        return self._transitions.operator()
