"""The position of a worker in the server, such as ``worker 2``. One worker after the other fills it."""

from __future__ import annotations

import time

from ivrkit.cli.server.heartbeat import Heartbeat
from ivrkit.cli.server.processes import Worker

#: How long to wait before the next attempt to start a worker, in seconds. The wait doubles at each failure.
MIN_WAIT, MAX_WAIT = 0.5, 30.0


class Position:
    """The position of a worker.

    :param number: the number of the position, from 1.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        #: The worker that answers requests, if there is one.
        self.worker: Worker | None = None
        #: The worker that loads the phone tree, to fill the position.
        self.loading: Worker | None = None
        #: Whether the worker has to be replaced, because the files of the phone tree have changed.
        self.outdated = False
        self.heartbeat = Heartbeat(0.0)
        #: The time of the next attempt to start a worker, in seconds of the monotonic clock.
        self.next_start = 0.0
        self._wait = 0.0

    @property
    def needs_worker(self) -> bool:
        """``True`` if the position has no worker, and no worker is loading the phone tree for it."""
        return self.worker is None and self.loading is None

    def fill(self, worker: Worker, heartbeat: Heartbeat) -> None:
        """Let a worker that has loaded the phone tree fill the position."""
        self.worker, self.heartbeat, self.outdated = worker, heartbeat, False
        self.reset_wait()

    def vacate(self) -> None:
        """Make the position free, because its worker answers no longer. The position needs a new one at once."""
        self.worker, self.outdated = None, False

    def lengthen_wait(self) -> float:
        """Double the wait before the next attempt to start a worker, and return it, in seconds."""
        self._wait = min(max(MIN_WAIT, self._wait * 2), MAX_WAIT)
        self.next_start = time.monotonic() + self._wait
        return self._wait

    def reset_wait(self) -> None:
        """Make the next attempt to start a worker at once."""
        self._wait = self.next_start = 0.0
