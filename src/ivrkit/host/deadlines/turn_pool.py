"""The pool of threads in which turns run."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable


class TurnPool:
    """A bounded pool of threads. A thread is started when no thread is free, also after a fork.

    The threads are daemon threads, so that code that hangs does not hold up the end of the process.

    :param size: the largest number of threads. Further work waits in a queue.
    :param name: the beginning of the names of the threads.
    """

    def __init__(self, size: int, name: str = "ivrkit-turn") -> None:
        self._size = size
        self._name = name
        self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._threads = 0
        self._queue = _WorkQueue()

    def submit(self, run: Callable[[], None]) -> None:
        """Run a function in a thread of the pool.

        :param run: the function. It must not raise an error.
        """
        if self._process != os.getpid():
            self._reset()  # the threads of the parent process do not exist in a child process
        with self._queue.changed:
            if self._queue.put(run) and self._threads < self._size:
                self._threads += 1
                name = f"{self._name}-{self._threads}"
                threading.Thread(target=_take_work, args=(self._queue,), name=name, daemon=True).start()


class _WorkQueue:
    """The work that no thread has taken yet.

    The number of waiting threads changes only together with the queue, under one lock. So no work waits for a busy
    thread because a thread that seemed to be free has taken other work.
    """

    def __init__(self) -> None:
        #: The lock of this object. A thread that waits for work waits for this condition.
        self.changed = threading.Condition()
        self._work: deque[Callable[[], None]] = deque()
        self._waiting = 0

    def put(self, run: Callable[[], None]) -> bool:
        """Add work, and return whether there is more work than waiting threads. The lock must be held."""
        self._work.append(run)
        self.changed.notify()
        return len(self._work) > self._waiting

    def take(self) -> Callable[[], None]:
        """Wait for work, and remove it from the queue."""
        with self.changed:
            self._waiting += 1
            self.changed.wait_for(lambda: self._work)
            self._waiting -= 1
            return self._work.popleft()


def _take_work(work: _WorkQueue) -> None:
    """Run all work from a queue, for ever."""
    while True:
        run = work.take()
        run()
        del run  # a thread that waits must not keep a request in memory
