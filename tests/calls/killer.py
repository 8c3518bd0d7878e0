"""Kills the workers of a server one after the other, and makes sure that each was replaced."""

import os
import signal
import time

from tests.calls.servers import Server
from tests.processes import wait_until

#: granian takes it for a loop of crashes, and ends, when a worker dies within 5.5 s of its own start.
_GRANIAN_LOOP = 6.0


class Killer:
    """Kills the worker that has run longest, when the last one that was killed is replaced.

    :param server: whose workers.
    :param pause: the least time between two, in seconds.
    """

    def __init__(self, server: Server, pause: float = 1.5) -> None:
        self._server = server
        self._pause = pause
        self._least_age = _GRANIAN_LOOP if server.kind == "serve" else 0.0
        self.killed: list[int] = []

    def kill(self, times: int) -> None:
        """Kill so many, one after the other.

        :raises AssertionError: when one is not replaced by another that answers.
        """
        for _ in range(times):
            began = time.monotonic()
            self._kill_one()
            time.sleep(max(0.0, began + self._pause - time.monotonic()))

    def _kill_one(self) -> None:
        before = self._server.workers()
        assert len(before) == self._server.size, self._server.running.output[-2000:]
        oldest = max(before, key=before.__getitem__)
        time.sleep(max(0.0, self._least_age - before[oldest]))
        os.kill(oldest, signal.SIGKILL)
        self.killed.append(oldest)
        wait_until(lambda: self._is_replaced(set(before)), lambda: self._server.running.output[-2000:])

    def _is_replaced(self, before: set[int]) -> bool:
        """Return whether a worker that was not there before has served some caller."""
        return any(map(self._server.has_served, self._server.workers().keys() - before))
