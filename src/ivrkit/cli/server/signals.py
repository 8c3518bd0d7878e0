"""The signals of the supervisor. A signal wakes the supervisor up while it waits."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from types import FrameType, TracebackType

#: SIGTERM and SIGINT stop the server, and SIGHUP reloads it. The system sends SIGCHLD when a worker has ended.
HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Signals:
    """Counts the signals in a ``with`` block of the main thread. The old handlers are restored afterwards."""

    def __init__(self) -> None:
        #: The number of signals to stop.
        self.stops = 0
        self._reload_requested = False
        self._restore = ExitStack()

    def __enter__(self) -> Signals:
        """Handle the signals from now on."""
        self._wakeup, write_end = map(self._restore.enter_context, socket.socketpair())
        self._wakeup.setblocking(False)
        write_end.setblocking(False)
        # If the socket is full, the supervisor is woken up anyway.
        self._restore.callback(
            signal.set_wakeup_fd, signal.set_wakeup_fd(write_end.fileno(), warn_on_full_buffer=False)
        )
        for number in HANDLED:
            self._restore.callback(signal.signal, number, signal.signal(number, self._note))
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Restore the old handlers."""
        self._restore.close()

    def take_reload(self) -> bool:
        """Return whether a reload was requested since the last call of this method."""
        requested, self._reload_requested = self._reload_requested, False
        return requested

    def wait(self, pause: float, readable: Sequence[int]) -> None:
        """Wait until a signal comes or a file descriptor is readable, or for the given time in seconds."""
        wakeup = self._wakeup.fileno()
        if wakeup in select.select([wakeup, *readable], [], [], pause)[0]:
            self._wakeup.recv(1024)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._reload_requested = True
        elif number != signal.SIGCHLD:
            self.stops += 1
