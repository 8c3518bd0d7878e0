"""The engine's response to one webhook, its events, and the steps after an error response (Twilio's fallback URL)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivrkit.flow.model.call import Call
from ivrkit.flow.model.state import State


class FallbackStep(enum.IntEnum):
    """The number of times that Twilio's fallback URL has sent a call back to the webhook since the last valid response.

    The number is the query parameter ``again`` of the webhook's URL.
    """

    #: A normal webhook.
    NONE = 0
    #: The first time: enter the stored state again, and count nothing.
    REENTER_STATE = 1
    #: The second time: send the caller to the operator.
    TRY_OPERATOR = 2

    @property
    def next_step(self) -> FallbackStep | None:
        """The step after this step, or ``None`` after the last step, so that the call ends."""
        return None if self is FallbackStep.TRY_OPERATOR else FallbackStep(self + 1)


#: The name of an event in a call.
EventName = Literal["started", "entered", "left", "failed", "recorded", "ended"]


@dataclass(frozen=True, slots=True)
class Event:
    """An event in a call during one webhook.

    :param name: ``started``, ``entered``, ``left``, ``failed``, ``recorded`` or ``ended``.
    :param state: the state of the event. It is ``None`` for ``started`` and ``ended``, and for a state that a deploy
        has removed.
    :param outcome: for ``left``: the outcome that led out of the state, or ``None`` if the state did not wait.
    :param reason: for ``ended``: ``finished`` if the phone tree ended the call, otherwise Twilio's CallStatus.
    :param error: for ``failed``: the error of the state's code. For secret input, the message of the error is hidden.
    :param details: for ``recorded``: Twilio's request parameters about the recording.
    """

    name: EventName
    state: State | None = None
    outcome: str | None = None
    reason: str | None = None
    error: BaseException | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """The response to one webhook, with the events that led to it.

    :param twiml: the whole TwiML document, as bytes.
    :param state: the state that the caller is in now, or ``None`` if the caller has not entered a state yet or a deploy
        has removed the state.
    :param ended: whether the call has ended.
    :param events: the events, in order. The host reports the events to the plugins after the session is saved.
    :param call: the call at this webhook, with the changes of the handlers to ``call.data``.
    :param secret: whether the input was for a secret state. Secret input must not be logged or reported.
    """

    twiml: bytes
    state: State | None
    ended: bool
    events: tuple[Event, ...]
    call: Call
    secret: bool

    @property
    def path(self) -> tuple[str, ...]:
        """The names of the states that the webhook entered, in order."""
        return tuple(event.state.name for event in self.events if event.name == "entered" and event.state)
