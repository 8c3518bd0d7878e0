"""Ways in which the code of a plugin can end its process, or keep a thread or the whole process."""

import ctypes
import faulthandler
import os
import re
import socket
import threading
import time
from collections.abc import Callable

#: The deadline of the code of plugins on the servers of these tests, in seconds.
DEADLINE = 1
#: The time after which ``ivrkit serve`` replaces a worker in which no Python code runs, in seconds.
WORKER_TIMEOUT = 4


def _wait_for_data() -> str:
    """Wait for data of a server that sends nothing."""
    first, second = socket.socketpair()
    with first, second:
        first.settimeout(60)
        return first.recv(1).decode()


def _compute() -> str:
    """Compute for a minute, in Python."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        sum(range(1000))
    return "x"


def _deadlock() -> str:
    """Wait for a lock that this thread has."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=60)
    return "x"


#: Name -> a function that ends the process. Not SIGKILL: that is not blamed on the code that was running.
LETHAL: dict[str, Callable[[], object]] = {
    "os._exit(0)": lambda: os._exit(0),
    "os._exit(3)": lambda: os._exit(3),  # gunicorn's own exit code for a worker that cannot start
    "os._exit(4)": lambda: os._exit(4),  # and for an app that it cannot load
    "os.abort": os.abort,
    "segfault": lambda: ctypes.string_at(0),
    "stack overflow": faulthandler._stack_overflow,
}
#: Name -> a function that takes longer than the deadline, or than Twilio waits.
HANGING: dict[str, Callable[[], object]] = {
    "sleeps": lambda: time.sleep(60),
    "waits for a socket": _wait_for_data,
    "computes": _compute,
    "deadlock": _deadlock,
}
#: Name -> a function that stops all threads of the process.
STOPPING: dict[str, Callable[[], object]] = {
    "holds the GIL": lambda: re.match(r"(a+)+$", "a" * 60 + "b"),
}
FATES = {**LETHAL, **HANGING, **STOPPING}
