"""Transcripts: the events of a call as text. Each line has the time and the text of one event."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ivrkit.simulator.events import (
    END_REASONS,
    Acted,
    Answered,
    Called,
    Dialled,
    Ended,
    Event,
    Gathered,
    Paused,
    Played,
    Queued,
    Recorded,
    Requested,
    Responded,
    Said,
    Warned,
)


def transcript(events: Iterable[Event], *, twiml: bool = False) -> str:
    """Return the events of a call as text.

    :param twiml: whether to show the TwiML documents of the responses.
    """
    return "\n".join(f"{each.at:7.1f}  {text}" for each in events if (text := describe(each, twiml=twiml)))


def describe(event: Event, *, twiml: bool = False) -> str:
    """Return an event as text without its time, or ``""`` if transcripts leave out such an event.

    :param twiml: whether to show the TwiML document of a response below the line of the response.
    """
    text = _DESCRIPTIONS[type(event)](event)
    if twiml and isinstance(event, Responded) and event.body:
        return text + "".join(f"\n{' ' * 11}{line}" for line in event.body.splitlines())
    return text


def _called(event: Called) -> str:
    return f"{event.from_} calls {event.to}"


def _requested(event: Requested) -> str:
    return f"-> {event.method} {event.url.partition('?')[0]} ({event.purpose})"


def _responded(event: Responded) -> str:
    state = f"  [{event.state}, {event.owner}]" if event.state else ""
    return f"<- {event.status}{state}"


def _said(event: Said) -> str:
    return f'says{_hearer(event.who)}{_times(event.loop)} "{event.text}"{_cut(event.cut)}'


def _played(event: Played) -> str:
    return f"plays{_hearer(event.who)}{_times(event.loop)} {event.what}{_cut(event.cut)}"


def _paused(event: Paused) -> str:
    return f"pauses {event.seconds:g} s{_cut(event.cut)}"


def _hearer(who: str) -> str:
    return "" if who == "caller" else f" ({who})"


def _times(loop: int) -> str:
    return f" {loop} times" if loop > 1 else ""


def _cut(cut: bool) -> str:
    return " ... cut" if cut else ""


def _recorded(event: Recorded) -> str:
    text = f' "{event.text}"' if event.text else ""
    return f"recorded {event.seconds} s{text}"


def _dialled(event: Dialled) -> str:
    not_connected = event.result == "completed" and not event.bridged
    return f"{event.to}: {event.result}{', not connected' if not_connected else ''}"


def _queued(event: Queued) -> str:
    return f"queue {event.queue}: {event.result}"


def location_of(event: Warned) -> str:
    """Return the location of a warning as the end of a sentence, or ``""`` if the location is unknown."""
    location = f" at {event.url}" if event.url else ""
    return location + (f", line {event.line}, column {event.column}" if event.line else "")


def _warned(event: Warned) -> str:
    code = f" {event.code}, {event.meaning}" if event.code else ""
    hint = f" ({event.hint})" if event.hint else ""
    return f"{event.level}{code}: {event.what}{location_of(event)}{hint}"


def _ended(event: Ended) -> str:
    minutes = "1 minute" if event.billed_minutes == 1 else f"{event.billed_minutes} minutes"
    return f"ended: {END_REASONS[event.reason]} ({event.status}, {event.seconds:.0f} s, {minutes})"


_DESCRIPTIONS: dict[type[Event], Callable[..., str]] = {
    Called: _called,
    Requested: _requested,
    Responded: _responded,
    Answered: lambda _event: "answered",
    Acted: lambda event: f"{event.who} {event.did}",
    Said: _said,
    Played: _played,
    Paused: _paused,
    Gathered: lambda _event: "",  # the action and the next request show the same
    Recorded: _recorded,
    Dialled: _dialled,
    Queued: _queued,
    Warned: _warned,
    Ended: _ended,
}
