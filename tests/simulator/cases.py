"""Plays documents of a table, and tells in short lines what came of it."""

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

#: What every request carries: a case tells what is there besides.
USUAL = frozenset(Leg("AC", "", "").params()) | {"ParentCallSid"}
#: What is another one in each call.
CHANCE = {
    "RecordingSid",
    "RecordingUrl",
    "DialCallSid",
    "QueueSid",
    "TranscriptionSid",
    "TranscriptionUrl",
    "Timestamp",
}
CHANCE |= {"RecordingStartTime"}


def play(twiml, *script, documents=None, number=None, **caller):
    """Play a document as the first of a call; ``/next`` is a document as well.

    :param twiml: the verbs.
    :param script: what is done.
    :param documents: more documents, or others: path -> what is served.
    :param number: how the number is set up.
    :param caller: who calls.
    """
    served = {"/": response(twiml), "/next": response("<Say>Next.</Say>"), **(documents or {})}
    return Simulator.for_documents(served, **(number or {})).call(script, **caller)


def response(twiml):
    """Return a document of these verbs."""
    return f"<Response>{twiml}</Response>"


def trace(call):
    """Return what happened, in lines: requests with their own parameters, what is heard, faults, and the end."""
    return [line for event in call.events if (line := _line(event))]


def requests(call, *purposes):
    """Return the requests of these purposes."""
    return [each for each in call.events if isinstance(each, Requested) and each.purpose in purposes]


def warned(call):
    """Return code and words of whatever is wrong."""
    return [(each.code, each.what) for each in call.warnings]


def _line(event):
    match event:
        case Requested():
            own = {name: value for name, value in event.params.items() if name not in USUAL}
            told = [name if name in CHANCE else f"{name}={value}" for name, value in own.items()]
            path = event.url.removeprefix("https://ivr.example.com").partition("?")[0]
            return " ".join([event.purpose, event.method, path, *told])
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
