"""The gates of a process, through which each call of a plugin's code passes."""

from __future__ import annotations

from ivrkit.host.deadlines.turn_guard import Gate
from ivrkit.host.workers.deaths import process_deaths
from ivrkit.host.workers.slots import process_slots


def process_gates() -> tuple[Gate, ...]:
    """Return the gates of this process.

    The slots come last, so that refused code is not recorded as running.
    """
    gates: tuple[Gate | None, ...] = (process_deaths(), process_slots())
    return tuple(gate for gate in gates if gate is not None)
