"""The gates of a process, through which each call of a plugin's code passes."""

from __future__ import annotations

from ivrkit.host.turn_guard import Gate
from ivrkit.host.worker_slots import process_slots


def process_gates() -> tuple[Gate, ...]:
    """Return the gates of this process. The slots come last, so that refused code is not recorded as running."""
    slots = process_slots()
    return () if slots is None else (slots,)
