"""The state that waits when a webhook comes, and the outcome of its verb."""

from __future__ import annotations

from collections.abc import Mapping

from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.model.call import HIDDEN_INPUT
from ivrkit.flow.model.outcomes import NO_INPUT, NO_MESSAGE, read_outcome
from ivrkit.flow.model.speech import Vocabulary
from ivrkit.flow.run.session import Session
from ivrkit.flow.run.turn import Event


class WaitingState:
    """The state that the caller is in when a webhook comes.

    :param flow: the compiled states.
    :param session: the session of the call, before the webhook is answered.
    """

    def __init__(self, flow: CallFlow, session: Session) -> None:
        self._session = session
        #: The compiled state, or ``None`` if the call has no state yet, or if a deploy removed the state.
        self.compiled = flow.states.get(session.state or "")
        #: Whether the input of this webhook is secret: it must reach no log, event or session.
        self.secret = session.secret and session.waiting_verb == "Gather"

    def read_outcome(self, params: Mapping[str, str], language: str) -> str | None:
        """Return the outcome of the verb that the call waits with, or ``None`` if the webhook has no outcome.

        :param params: the request parameters of the webhook.
        :param language: the language of the call.
        """
        vocabulary = self.compiled.localized[language].vocabulary if self.compiled else Vocabulary()
        return read_outcome(self._session.waiting_verb, params, vocabulary)

    def record(self, outcome: str | None, params: Mapping[str, str]) -> list[Event]:
        """Record an outcome in the call's path, and return its events.

        If the input is secret, the path and the events have ``(secret)`` in place of the outcome.

        :param outcome: the outcome of this webhook.
        :param params: the request parameters of the webhook.
        """
        shown = HIDDEN_INPUT if self.secret and outcome not in (None, NO_INPUT) else outcome
        state = self.compiled.state if self.compiled else None
        self._session.path[-1][1] = shown
        left = Event("left", state, outcome=shown)
        if outcome != "recorded":
            return [left]
        details = {name: value for name, value in params.items() if name.startswith("Recording")}
        return [Event("recorded", state, details=details), left]


def is_last_outcome(outcome: str | None, params: Mapping[str, str]) -> bool:
    """Return whether the outcome of a call that is over is to be recorded.

    Silence is not recorded. A missing message is not recorded if the request has no ``RecordingDuration``, because the
    request with the recording may still follow.

    :param outcome: the outcome of the webhook.
    :param params: the request parameters of the webhook.
    """
    if outcome == NO_MESSAGE:
        return "RecordingDuration" in params
    return outcome not in (None, NO_INPUT)
