"""The pool of threads in which turns run."""

from __future__ import annotations

import os
import queue
import threading
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
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._process = os.getpid()
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._free = threading.Semaphore(0)
        self._threads = 0

    def submit(self, run: Callable[[], None]) -> None:
        """Run a function in a thread of the pool.

        :param run: the function. It must not raise an error.
        """
        if self._process != os.getpid():
            self._reset()  # the threads of the parent process do not exist in a child process
        self._work.put(run)
        if not self._free.acquire(blocking=False):
            self._start_thread()

    def _start_thread(self) -> None:
        with self._lock:
            if self._threads < self._size:
                self._threads += 1
                name = f"{self._name}-{self._threads}"
                threading.Thread(target=_take_work, args=(self._work, self._free), name=name, daemon=True).start()


def _take_work(work: queue.SimpleQueue[Callable[[], None]], free: threading.Semaphore) -> None:
    """Run all work from a queue, for ever.

    :param work: the queue.
    :param free: counts the threads that wait for work.
    """
    while True:
        try:
            run = work.get_nowait()
        except queue.Empty:
            free.release()
            run = work.get()
        run()
        del run  # a thread that waits must not keep a request in memory
