"""Kills the workers of a server one after the other, and checks that each one is replaced."""

import os
import signal
import time

from tests.calls.servers import Server
from tests.processes import wait_until

#: granian ends if a worker dies within 5.5 s of its start, because it assumes a crash loop. So a worker must be older.
_GRANIAN_MIN_AGE = 6.0


class WorkerKiller:
    """Kills the oldest worker, waits until it is replaced, and kills the next one.

    :param server: the server with the workers.
    :param pause: the least time between two kills, in seconds.
    """

    def __init__(self, server: Server, pause: float = 1.5) -> None:
        self._server = server
        self._pause = pause
        self._min_age = _GRANIAN_MIN_AGE if server.name == "serve" else 0.0
        #: The process ids of the killed workers.
        self.killed: list[int] = []

    def kill(self, times: int) -> None:
        """Kill a number of workers.

        :raises AssertionError: if a worker is not replaced by a new one that answers callers.
        """
        for _ in range(times):
            began = time.monotonic()
            self._kill_oldest()
            time.sleep(max(0.0, began + self._pause - time.monotonic()))

    def _kill_oldest(self) -> None:
        before = self._server.workers()
        assert len(before) == self._server.size, self._server.running.output[-2000:]
        oldest = max(before, key=before.__getitem__)
        time.sleep(max(0.0, self._min_age - before[oldest]))
        os.kill(oldest, signal.SIGKILL)
        self.killed.append(oldest)
        wait_until(lambda: self._is_replaced(set(before)), lambda: self._server.running.output[-2000:])

    def _is_replaced(self, before: set[int]) -> bool:
        """Return whether a new worker has answered a caller."""
        return any(map(self._server.has_served, self._server.workers().keys() - before))
