"""The rate limit of log lines. Without it, a flood of refused requests would fill the disk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

#: How many lines of one reason are logged in a period.
MAX_LINES = 5
#: The length of a period in seconds.
PERIOD = 60.0


@dataclass(slots=True)
class _Period:
    """A period of one reason: its start, and the numbers of logged and of dropped lines."""

    start: float
    logged: int = 1
    dropped: int = 0


class RateLimit:
    """Limits the lines of each reason to :data:`MAX_LINES` in a period. Threads can share it.

    :param clock: returns the time in seconds. It must never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._periods: dict[str, _Period] = {}

    def admit(self, reason: str) -> int | None:
        """Count a line, and decide whether it may be logged.

        :param reason: the reason of the line. It must not contain anything from a request, because the limit keeps an
            entry for each reason.
        :returns: ``None`` if the line must be dropped. Otherwise the number of lines that were dropped since the last
            line of this reason.
        """
        with self._lock:
            now, period = self._clock(), self._periods.get(reason)
            if period is None or now - period.start >= PERIOD:
                self._periods[reason] = _Period(now)
                return period.dropped if period else 0
            if period.logged < MAX_LINES:
                period.logged += 1
                return 0
            period.dropped += 1
            return None
