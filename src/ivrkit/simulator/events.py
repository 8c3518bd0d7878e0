"""Everything that happens in a call, as data: the events of a call are its transcript.

Every event has ``at``, seconds on the call's own clock, and ``as_dict()``, which ``json.dumps`` takes as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened.

    :param at: when, in seconds since the call began; silence, music and ringing take their time on this clock alone.
    """

    name: ClassVar[str] = ""
    at: float

    def as_dict(self) -> dict[str, Any]:
        """Return the event as plain data: ``kind``, then its own fields."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            "name": self.name,
            **{name: dict(value) if isinstance(value, Mapping) else value for name, value in told.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Called(Event):
    """Somebody called the number.

    :param sid: the CallSid.
    """

    name: ClassVar[str] = "called"
    sid: str
    from_: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(Event):
    """Twilio sent a request.

    :param purpose: ``webhook`` (the first), ``action``, ``redirect``, ``fallback``, ``wait``, ``screening``; of the
        ones whose answer steers nothing ``status``, ``dial-status``, ``recording-status``, ``transcription``,
        ``partial``; ``media`` for a file.
    :param params: Twilio's parameters, wherever the method puts them.
    """

    name: ClassVar[str] = "request"
    purpose: str
    method: str
    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded(Event):
    """A request was answered.

    :param status: the HTTP status.
    :param body: the answer's text; of media nothing.
    :param took: seconds it took, on a real clock.
    :param state: the state that an ivrkit host in dev mode names, ``""`` for any other host.
    :param owner: the plugin that this state came from, likewise.
    """

    name: ClassVar[str] = "response"
    purpose: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: str
    took: float
    state: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """Twilio answered the call: from here on it costs."""

    name: ClassVar[str] = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted(Event):
    """Somebody did something.

    :param who: ``caller``, ``callee`` or ``agent``.
    :param did: what, as a transcript has it: ``presses 3``.
    """

    name: ClassVar[str] = "acted"
    who: str
    did: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Event):
    """Somebody hears something; the base of what is said, played and paused.

    :param seconds: how long it is heard: an estimate for speech, and for a file whose length can't be read.
    :param who: who hears it.
    :param cut: whether it was cut short, because a key was pressed or somebody hung up.
    """

    seconds: float
    who: str = "caller"
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Heard):
    """A text is said.

    :param loop: how often; ``seconds`` are those of all times together.
    """

    name: ClassVar[str] = "said"
    text: str
    voice: str = ""
    language: str = ""
    loop: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Played(Heard):
    """A sound is played.

    :param what: a URL; ``beep``, ``hold music``; or ``keys`` and the tones of some.
    """

    name: ClassVar[str] = "played"
    what: str
    loop: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Heard):
    """Nothing is heard for a while."""

    name: ClassVar[str] = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered(Event):
    """A ``Gather`` ended.

    :param ended_by: ``key`` (the finish key), ``digits`` (as many as it takes), ``timeout``, ``speech`` or ``hangup``.
    """

    name: ClassVar[str] = "gathered"
    digits: str
    speech: str
    ended_by: str
    who: str = "caller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Event):
    """A recording ended.

    :param text: what was said during it, as the people of the call gave it.
    :param ended_by: the key, ``hangup``, ``silence`` or ``length``.
    """

    name: ClassVar[str] = "recorded"
    seconds: int
    text: str
    ended_by: str
    url: str
    source: str = "RecordVerb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled(Event):
    """A telephone rings, is answered, or was rung in vain.

    :param result: ``ringing``, ``answered``; then ``completed``, ``busy``, ``no-answer``, ``failed`` or ``canceled``.
    :param bridged: whether both could talk; told with ``completed`` alone.
    :param seconds: how long it was answered.
    """

    name: ClassVar[str] = "dialled"
    to: str
    sid: str
    result: str
    bridged: bool = False
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued(Event):
    """The caller joined a queue, was taken out of it, or left.

    :param result: ``joined``, ``taken``; then one of Twilio's ``QueueResult``.
    """

    name: ClassVar[str] = "queued"
    queue: str
    result: str
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """Something in the answer is wrong, or is not played as Twilio would.

    :param code: Twilio's code, 0 for what only the simulator has to say.
    :param level: ``error`` (Twilio gives the document up), ``warning``, or ``note`` of the simulator's own.
    :param meaning: what the code means.
    :param what: what it is here.
    :param hint: what to do.
    :param url: the document.
    :param line: in it, from 1; 0 where there is none.
    :param column: in this line, from 1.
    """

    name: ClassVar[str] = "warning"
    code: int
    level: str
    meaning: str
    what: str
    hint: str
    url: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """The call is over.

    :param reason: one of :data:`END_REASONS`.
    :param status: the call's last ``CallStatus``.
    :param seconds: how long it was answered.
    :param billed_minutes: each begun one counts; 0 when it was never answered.
    """

    name: ClassVar[str] = "ended"
    reason: str
    status: str
    seconds: float
    billed_minutes: int


#: Why a call ended -> how a transcript says it.
END_REASONS: Mapping[str, str] = {
    "hangup": "the tree hung up",
    "no-more-verbs": "the document had no more verbs",
    "rejected": "the call was rejected",
    "caller-hung-up": "the caller hung up",
    "application-error": "Twilio gave the call up",
    "too-many-documents": "the simulator stopped it: too many documents",
    "time-limit": "the longest time that a call may take was over",
}

#: Kind -> class, for whoever reads events back.
EVENTS: Mapping[str, type[Event]] = {
    each.name: each
    for each in (
        Called,
        Requested,
        Responded,
        Answered,
        Acted,
        Said,
        Played,
        Paused,
        Gathered,
        Recorded,
        Dialled,
        Queued,
        Warned,
        Ended,
    )
}


def event_from(told: Mapping[str, Any]) -> Event:
    """Return the event that ``as_dict`` told.

    :raises KeyError: for a kind that there is not.
    :raises TypeError: for fields that it has not.
    """
    return EVENTS[told["name"]](**{name: value for name, value in told.items() if name != "name"})
