"""The reports of the quarantine: log lines, and the hooks for states that are put in quarantine or released."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ivrkit.flow.model.state import State
from ivrkit.hookspecs import OBSERVING_HOOKS
from ivrkit.host.observers import Observers
from ivrkit.host.quarantine.record import Entry
from ivrkit.plugins.hook_calls import notify_observers

log = logging.getLogger("ivrkit.plugins")


@dataclass(frozen=True, slots=True)
class QuarantineEvent:
    """A state that was put in quarantine or released.

    :param state: the state.
    :param entry: the entry of a state that was put in quarantine, or ``None`` for a state that was released.
    """

    state: State
    entry: Entry | None


def log_changes(
    states: Mapping[str, State], before: Mapping[str, Entry], after: Mapping[str, Entry], *, level: int
) -> list[QuarantineEvent]:
    """Log the states that were put in quarantine, tried again without success, or released.

    :param states: name -> state, with all names of ``before`` and ``after``.
    :param before: name of a state -> its entry, before the change.
    :param after: name of a state -> its entry, after the change.
    :param level: the level of the log lines about states that fail.
    :returns: the states that were put in quarantine or released.
    """
    events = []
    for name in dict.fromkeys((*before, *after)):
        earlier, entry, state = before.get(name), after.get(name), states[name]
        if entry is None:
            log.log(min(level, logging.WARNING), "state %r of %s is no longer in quarantine", name, state.owner)
            events.append(QuarantineEvent(state, None))
        elif earlier is None or earlier.since != entry.since:
            log.log(level, "%s", _describe(state, entry))
            events.append(QuarantineEvent(state, entry))
        elif earlier.retry_at != entry.retry_at:
            log.log(level, "state %r of %s failed again and stays in quarantine", name, state.owner)
    return events


def _describe(state: State, entry: Entry) -> str:
    """Return the log line for a state that was put in quarantine."""
    end = "it is released" if entry.retry_at is None else "a call succeeds in it, or it is released"
    return (
        f"state {state.name!r} of {state.owner} is in quarantine: {entry.reason}. Its callers go to its on_error "
        f"until {end}: ivrkit quarantine clear {shlex.quote(state.name)}"
    )


def notify_of_events(observers: Observers, events: Iterable[QuarantineEvent], sid: str = "") -> None:
    """Call the hooks for states that were put in quarantine or released.

    :param observers: the implementations of the hooks.
    :param events: the events, in order.
    :param sid: the CallSid of the call in which the events happened, or ``""`` if they did not happen in a call.
    """
    for event in events:
        name = "released" if event.entry is None else "quarantined"
        reason = "" if event.entry is None else event.entry.reason
        arguments = {"state": event.state, "reason": reason}
        notify_observers(observers.get(OBSERVING_HOOKS[name], ()), arguments, sid)
