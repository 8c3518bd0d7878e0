"""A call's events as text: a line each, with the call's clock."""

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
    """Return events as text.

    :param twiml: whether with the documents.
    """
    return "\n".join(f"{each.at:7.1f}  {told}" for each in events if (told := describe(each, twiml=twiml)))


def describe(event: Event, *, twiml: bool = False) -> str:
    """Return an event as text without its time; ``""`` for one that goes without saying.

    :param twiml: whether a document is shown, below its line.
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
    who = "" if event.who == "caller" else f" ({event.who})"
    times = f" {event.loop} times" if event.loop > 1 else ""
    return f'says{who}{times} "{event.text}"{_cut(event.cut)}'


def _played(event: Played) -> str:
    who = "" if event.who == "caller" else f" ({event.who})"
    times = f" {event.loop} times" if event.loop > 1 else ""
    return f"plays{who}{times} {event.what}{_cut(event.cut)}"


def _paused(event: Paused) -> str:
    return f"pauses {event.seconds:g} s{_cut(event.cut)}"


def _cut(cut: bool) -> str:
    return " ... cut" if cut else ""


def _recorded(event: Recorded) -> str:
    text = f' "{event.text}"' if event.text else ""
    return f"recorded {event.seconds} s{text}"


def _dialled(event: Dialled) -> str:
    talked = ("" if event.bridged else ", not connected") if event.result == "completed" else ""
    return f"{event.to}: {event.result}{talked}"


def _queued(event: Queued) -> str:
    return f"queue {event.queue}: {event.result}"


def _warned(event: Warned) -> str:
    place = f" at {event.url}" if event.url else ""
    place += f", line {event.line}, column {event.column}" if event.line else ""
    code = f" {event.code}, {event.meaning}" if event.code else ""
    hint = f" ({event.hint})" if event.hint else ""
    return f"{event.level}{code}: {event.what}{place}{hint}"


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
    Gathered: lambda _event: "",
    Recorded: _recorded,
    Dialled: _dialled,
    Queued: _queued,
    Warned: _warned,
    Ended: _ended,
}
