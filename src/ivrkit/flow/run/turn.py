"""The engine's answer to one webhook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivrkit.flow.model.call import Call
from ivrkit.flow.model.state import State

#: What can happen in a call, as the engine tells it.
EventName = Literal["started", "entered", "left", "failed", "recorded", "ended"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a call while one webhook was answered.

    :param name: ``started``, ``entered``, ``left``, ``failed``, ``recorded`` or ``ended``.
    :param state: the state it is about; ``None`` for ``started`` and ``ended``, and for one that is gone.
    :param outcome: for ``left``: what led out of the state, ``None`` when it was left at once.
    :param reason: for ``ended``: ``finished`` when the flow ended the call, else Twilio's CallStatus.
    :param error: for ``failed``: what the state's code raised; hidden where the input is secret.
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
    """What one webhook is answered, and what happened meanwhile.

    :param twiml: the whole document, as bytes.
    :param state: the state that the caller is in now; ``None`` when the call never was in one.
    :param ended: whether the call is over for the flow.
    :param events: what happened, in order. The host tells them to the plugins once the session is saved.
    :param call: the call at this webhook, as the handlers saw it.
    :param secret: whether its input was a secret state's, and is to be told to nobody.
    """

    twiml: bytes
    state: State | None
    ended: bool
    events: tuple[Event, ...]
    call: Call
    secret: bool
