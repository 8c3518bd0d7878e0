"""The observers of calls: the implementations of the observing hooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivrkit.flow.run.turn import Event, Turn
from ivrkit.hookspecs import OBSERVING_HOOKS
from ivrkit.plugins.hook_calls import HookImpl, notify_observers

#: Name of an observing hook -> the implementations of the hook.
Observers = Mapping[str, tuple[HookImpl, ...]]


def notify_of_turn(observers: Observers, turn: Turn) -> None:
    """Call the observing hooks for the events of a turn, in the order of the events.

    :param observers: the implementations of the hooks.
    :param turn: the turn, whose session is saved.
    """
    for event in turn.events:
        hook_impls = observers.get(OBSERVING_HOOKS.get(event.name, ""), ())
        # No hook observes "failed". A state that a deploy removed has no State for the hook.
        if hook_impls and not (event.name == "left" and event.state is None):
            call = turn.call.copy_for_observers(secret=turn.secret)
            notify_observers(hook_impls, {"call": call, **_arguments(event)}, call.sid, secret=turn.secret)


def _arguments(event: Event) -> dict[str, Any]:
    """Return the arguments that the observing hooks may take for an event."""
    duration = event.details.get("RecordingDuration", "")
    return {
        "state": event.state,
        "outcome": event.outcome,
        "reason": event.reason,
        "url": event.details.get("RecordingUrl", ""),
        "sid": event.details.get("RecordingSid", ""),
        "duration": int(duration) if duration.isdecimal() else 0,
    }
