"""Events: everything that happens in a call, as data.

The events of a call are its transcript. The field ``at`` of an event is its time in seconds on the call's own clock.
The method ``as_dict()`` returns a dict that ``json.dumps`` accepts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The base class of all events.

    :param at: seconds since the call began, on the simulated clock of the call. Silence, music and ringing advance
        this clock, but take no real time.
    """

    name: ClassVar[str] = ""
    at: float

    def as_dict(self) -> dict[str, Any]:
        """Return the event as a dict of plain data: the ``name`` of the event, then its fields."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        # json can dump a dict, but not every other Mapping.
        return {
            "name": self.name,
            **{field: dict(value) if isinstance(value, Mapping) else value for field, value in values.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Called(Event):
    """The caller called the number.

    :param sid: the CallSid.
    """

    name: ClassVar[str] = "called"
    sid: str
    from_: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested(Event):
    """Twilio sent a request.

    :param purpose: the purpose of the request. Twilio plays the responses to ``webhook`` (the first request),
        ``action``, ``redirect``, ``fallback``, ``wait`` (the ``waitUrl`` of an ``Enqueue``) and ``screening`` (the
        ``url`` of a ``Number``). Twilio ignores the responses to ``status``, ``dial-status``, ``recording-status``,
        ``transcription``, ``partial`` and ``retry`` (a request that was sent before). A request for a file is
        ``media``.
    :param params: Twilio's parameters, sent as a form or in the query.
    """

    name: ClassVar[str] = "request"
    purpose: str
    method: str
    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Responded(Event):
    """The app responded to a request.

    :param status: the HTTP status.
    :param body: the text of the response; empty for media.
    :param took: seconds until the response was complete, on a real clock.
    :param state: the name of the current state, which an ivrkit app reports in dev mode; ``""`` if the app reports no
        state.
    :param owner: the plugin that owns this state, or ``""`` if the app reports no state.
    :param path: the names of the states that the call entered with this response, in order.
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
    path: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """Twilio answered the call. The billed time of the call starts now."""

    name: ClassVar[str] = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted(Event):
    """A person in the call did something.

    :param who: ``caller``, ``callee`` or ``agent``.
    :param did: the action as text, such as ``presses 3``.
    """

    name: ClassVar[str] = "acted"
    who: str
    did: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard(Event):
    """The base class of the events that somebody hears: a text, a sound or a pause.

    :param seconds: the duration. For speech, and for a file whose length is unknown, the duration is an estimate.
    :param who: the person who hears the text, the sound or the pause.
    :param cut: whether the text, the sound or the pause was interrupted, by an input or by the end of the call.
    """

    seconds: float
    who: str = "caller"
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Heard):
    """Twilio said a text.

    :param loop: how many times the text is said. ``seconds`` is the duration of all these times together.
    """

    name: ClassVar[str] = "said"
    text: str
    voice: str = ""
    language: str = ""
    loop: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Played(Heard):
    """Twilio played a sound.

    :param what: the sound: the URL of a file, ``beep``, ``hold music``, or ``keys`` followed by phone keys, such as
        ``keys 123``.
    :param loop: how many times the sound is played. ``seconds`` is the duration of all these times together.
    """

    name: ClassVar[str] = "played"
    what: str
    loop: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(Heard):
    """Twilio paused, and nothing was heard."""

    name: ClassVar[str] = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered(Event):
    """A ``Gather`` ended.

    :param ended_by: ``key`` (the finish key was pressed), ``digits`` (``numDigits`` keys were pressed), ``timeout``,
        ``speech`` or ``hangup``.
    """

    name: ClassVar[str] = "gathered"
    digits: str
    speech: str
    ended_by: str
    who: str = "caller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded(Event):
    """A recording ended.

    :param text: the words that were said during the recording.
    :param ended_by: the key that was pressed, ``hangup``, ``silence``, or ``length`` (the maximum length was reached).
    :param source: Twilio's ``RecordingSource``: ``RecordVerb`` or ``DialVerb``.
    """

    name: ClassVar[str] = "recorded"
    seconds: int
    text: str
    ended_by: str
    url: str
    source: str = "RecordVerb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled(Event):
    """The status of a dialled phone changed.

    :param result: ``ringing`` or ``answered``; at the end ``completed``, ``busy``, ``no-answer``, ``failed`` or
        ``canceled``.
    :param bridged: whether caller and callee could talk. This field is only set if ``result`` is ``completed``.
    :param seconds: how long the callee was on the phone, in seconds.
    """

    name: ClassVar[str] = "dialled"
    to: str
    sid: str
    result: str
    bridged: bool = False
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued(Event):
    """The caller joined a queue, was taken from it, or left it.

    :param result: ``joined``, ``taken`` (by an agent), or at the end the ``QueueResult`` that Twilio sends.
    """

    name: ClassVar[str] = "queued"
    queue: str
    result: str
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned(Event):
    """A response has a problem, or the simulator does not play something as Twilio would.

    :param code: Twilio's error code; 0 for a note of the simulator that has no code.
    :param level: the level at which Twilio logs the problem, ``error`` or ``warning``; ``note`` for a note of the
        simulator.
    :param meaning: the general meaning of the code.
    :param what: the problem in this response.
    :param hint: how to fix the problem.
    :param url: the URL of the document.
    :param line: the line in the document, from 1; 0 if unknown.
    :param column: the column in this line, from 1; 0 if unknown.
    :param topic: the topic of some notes: ``content-type``, ``not-played`` or ``transcribe-callback``; ``""`` for any
        other warning.
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
    topic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """The call ended.

    :param reason: a key of :data:`END_REASONS`, such as ``hangup``.
    :param status: Twilio's ``CallStatus`` at the end of the call.
    :param seconds: seconds since the call was answered.
    :param billed_minutes: the minutes that Twilio bills. Each started minute counts as a whole minute. The value is 0
        if the call was never answered.
    """

    name: ClassVar[str] = "ended"
    reason: str
    status: str
    seconds: float
    billed_minutes: int


#: Reason for the end of a call -> its text in a transcript.
END_REASONS: Mapping[str, str] = {
    "hangup": "the tree hung up",
    "no-more-verbs": "the document had no more verbs",
    "rejected": "the call was rejected",
    "caller-hung-up": "the caller hung up",
    "application-error": "Twilio gave up on the call",
    "too-many-documents": "the simulator stopped it: too many documents",
    "time-limit": "the call reached its maximum length",
}

#: Event name -> class, for reading events back.
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


def event_from(values: Mapping[str, Any]) -> Event:
    """Create an event from the data that ``Event.as_dict`` returned.

    :param values: a dict with the ``name`` of the event and the fields of the event.
    :raises KeyError: if the name of the event is unknown.
    :raises TypeError: if a field is missing or unknown.
    """
    return EVENTS[values["name"]](**{field: value for field, value in values.items() if field != "name"})
