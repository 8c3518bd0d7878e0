"""Kills the workers of a server one after the other, and checks that each one is replaced."""

import os
import signal
import time
from pathlib import Path

from tests.calls.servers import Server
from tests.calls.transport import Retries
from tests.processes import wait_until


class WorkerKiller:
    """Kills the oldest worker, waits until it is replaced, and kills the next one.

    :param server: the server with the workers.
    :param retries: the calls that are being retried; no worker is killed meanwhile.
    :param pause: the least time between two kills, in seconds.
    """

    def __init__(self, server: Server, retries: Retries, pause: float = 1.5) -> None:
        self._server = server
        self._retries = retries
        self._pause = pause
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
        with self._retries.none_running():
            os.kill(oldest, signal.SIGKILL)
            # Until its sockets are closed, they would still take the requests to the fallback URL, and reset them.
            wait_until(lambda: has_ended(oldest))
        self.killed.append(oldest)
        wait_until(lambda: self._is_replaced(set(before)), lambda: self._server.running.output[-2000:])

    def _is_replaced(self, before: set[int]) -> bool:
        """Return whether a new worker has answered a caller."""
        return any(map(self._server.has_served, self._server.workers().keys() - before))


def has_ended(process: int) -> bool:
    """Return whether all threads of a process have ended, so that its sockets are closed."""
    try:
        states = [
            (thread / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
            for thread in Path(f"/proc/{process}/task").glob("*")
        ]
    except OSError:  # a thread has ended just now
        return False
    return states in ([], ["Z"])
