"""Helpers that play documents of a table and return short traces of the calls."""

from ivrkit.simulator import Simulator
from ivrkit.simulator.events import (
    Dialled,
    Ended,
    Paused,
    Played,
    Queued,
    Recorded,
    Requested,
    Said,
    Warned,
)
from ivrkit.simulator.legs import Leg

#: The parameters of every request. A trace shows the others.
USUAL = frozenset(Leg("AC", "", "").params()) | {"ParentCallSid"}
#: Parameters with a new value in each call. A trace shows their names only.
RANDOM = {
    "RecordingSid",
    "RecordingUrl",
    "DialCallSid",
    "QueueSid",
    "TranscriptionSid",
    "TranscriptionUrl",
    "Timestamp",
    "RecordingStartTime",
}


def play(twiml, *script, documents=None, number=None, **caller):
    """Return a call whose first document has these verbs; ``/next`` is a second document.

    :param twiml: the verbs.
    :param script: the actions.
    :param documents: more documents, or replacements: path -> document.
    :param number: settings of the number.
    :param caller: parameters of the call.
    """
    served = {"/": response(twiml), "/next": response("<Say>Next.</Say>"), **(documents or {})}
    return Simulator.for_documents(served, **(number or {})).call(script, **caller)


def response(twiml):
    """Return a document with these verbs."""
    return f"<Response>{twiml}</Response>"


def trace(call):
    """Return the trace of a call: requests with their own parameters, sounds, warnings and the end."""
    return [line for event in call.events if (line := _line(event))]


def requests(call, *purposes):
    """Return the requests with these purposes."""
    return [each for each in call.events if isinstance(each, Requested) and each.purpose in purposes]


def warned(call):
    """Return code and message of each warning."""
    return [(each.code, each.what) for each in call.warnings]


def _line(event):
    match event:
        case Requested():
            own = {name: value for name, value in event.params.items() if name not in USUAL}
            shown = [name if name in RANDOM else f"{name}={value}" for name, value in own.items()]
            path = event.url.removeprefix("https://ivr.example.com").partition("?")[0]
            return " ".join([event.purpose, event.method, path, *shown])
        case Said() | Played() | Paused():
            who = "" if event.who == "caller" else f"{event.who} "
            what = getattr(event, "text", None) or getattr(event, "what", None) or f"pause {event.seconds:g}"
            return f"{who}hears {what}{' ...' if event.cut else ''}"
        case Recorded():
            return f"recorded {event.seconds} by {event.ended_by}"
        case Dialled():
            return f"{event.to} {event.result}{' bridged' if event.bridged else ''}"
        case Queued():
            return f"queue {event.queue} {event.result}"
        case Warned():
            return f"{event.level} {event.code or ''}".strip() + f": {event.what}"
        case Ended():
            return f"ended {event.reason} {event.status}"
    return ""
