"""The heartbeat of a worker: a thread of the worker writes the time twice a second, if Python code can run."""

from __future__ import annotations

import time

#: How long a worker may take to print its stacks before it is killed, in seconds.
DUMP_TIME = 2.0
#: If the supervisor did not look at a heartbeat for this long, the whole machine stood still, in seconds.
STANDSTILL = 5.0


class Heartbeat:
    """The heartbeat of one worker.

    :param timeout: the number of seconds without a heartbeat after which the worker is replaced, or 0 for never.
    """

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        #: Whether the heartbeat stood still for too long.
        self.has_stopped = False
        self._looked = self._counted_from = self._stopped = time.monotonic()

    def stops_now(self, last: float | None) -> bool:
        """Return whether the heartbeat stands still for too long now. After that, return False.

        :param last: the time of the last heartbeat, in seconds of the monotonic clock, or ``None`` if it is unknown.
        """
        now = time.monotonic()
        if now - self._looked > STANDSTILL:
            self._counted_from = now  # the machine was too busy, or was suspended, for the worker as well
        self._looked = now
        if not self.timeout or last is None or self.has_stopped:
            return False
        self.has_stopped = now - max(last, self._counted_from) > self.timeout
        self._stopped = now
        return self.has_stopped

    def must_be_killed(self) -> bool:
        """Return whether the worker had enough time to print its stacks since its heartbeat stopped."""
        return self.has_stopped and time.monotonic() - self._stopped > DUMP_TIME
