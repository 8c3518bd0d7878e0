"""The engine's answer to one webhook, and the step that a webhook has after a call to the fallback URL."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivrkit.flow.model.call import Call
from ivrkit.flow.model.state import State


class FallbackStep(enum.IntEnum):
    """The number of times that Twilio's fallback URL has sent the call back since the last good response.

    The value is the query parameter ``again`` of the webhook's URL.
    """

    #: A normal webhook.
    NONE = 0
    #: The first time: enter the stored state again, and count nothing.
    REENTER_STATE = 1
    #: The second time: send the caller to the operator.
    TRY_OPERATOR = 2

    @property
    def next_step(self) -> FallbackStep | None:
        """The next step, or ``None`` after the last step, when the call ends."""
        return None if self is FallbackStep.TRY_OPERATOR else FallbackStep(self + 1)


#: The name of an event in a call.
EventName = Literal["started", "entered", "left", "failed", "recorded", "ended"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a call during one webhook.

    :param name: ``started``, ``entered``, ``left``, ``failed``, ``recorded`` or ``ended``.
    :param state: the state of the event. ``None`` for ``started`` and ``ended``, and if the state no longer exists.
    :param outcome: for ``left``: the outcome that led out of the state, or ``None`` for an automatic exit.
    :param reason: for ``ended``: ``finished`` when the flow ended the call, else Twilio's CallStatus.
    :param error: for ``failed``: the error of the state's code; hidden if the input is secret.
    :param details: for ``recorded``: Twilio's parameters of the recording.
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

    :param twiml: the whole document, as bytes.
    :param state: the state that the caller is in now, or ``None`` if there is no such state.
    :param ended: whether the call has ended.
    :param events: the events, in order. The host notifies the observing plugins once the session is saved.
    :param call: the call at this webhook, as the handlers saw it.
    :param secret: whether the input was for a secret state. Secret input must not be logged or reported.
    """

    twiml: bytes
    state: State | None
    ended: bool
    events: tuple[Event, ...]
    call: Call
    secret: bool
