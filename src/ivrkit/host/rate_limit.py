"""The rate limit of log lines, so that a flood of refused requests does not fill the disk."""

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
    """The period in which the lines of one reason are counted.

    :param start: the start of the period, in seconds.
    :param logged: the number of lines that were logged.
    :param dropped: the number of lines that were dropped.
    """

    start: float
    logged: int = 1
    dropped: int = 0


class RateLimit:
    """A limit of :data:`MAX_LINES` log lines for each reason in each period. Threads can share one object.

    :param clock: a function that returns the time in seconds. The time must never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._periods: dict[str, _Period] = {}

    def admit(self, reason: str) -> int | None:
        """Count a log line, and decide whether the line may be logged.

        :param reason: a word for the lines that are counted together, such as ``403 unsigned``. The word must not
            contain text from a request, because the object keeps a count for each word.
        :returns: ``None`` if the line must be dropped. Otherwise the number of lines with this reason that were dropped
            since the last logged line.
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
