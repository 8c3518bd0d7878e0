"""Keeps a server running: what ends by itself is started anew, what is told to end ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

#: How long to wait before the server is started anew, in seconds: doubled each time it ends soon after its start.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
#: How soon is soon, in seconds.
SOON = 60.0


class Supervisor:
    """Runs one server as a child process, and passes on the signals that are meant for it.

    :param command: the server's command line.
    :param environ: its environment.
    :param tell: prints one line.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self._command = list(command)
        self._environ = dict(environ)
        self._tell = tell
        self._child: subprocess.Popen[bytes] | None = None
        self._told_to_end = threading.Event()

    def run(self) -> None:
        """Run the server until SIGTERM or SIGINT; SIGHUP is passed on, and lets granian reload gracefully."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGHUP, self._pass_on)
        wait = FIRST_WAIT
        while not self._told_to_end.is_set():
            began = time.monotonic()
            self._child = subprocess.Popen(  # noqa: S603  our own command line
                self._command, env=self._environ, process_group=0
            )
            if self._told_to_end.is_set():  # while it was being started, so that nobody could pass the signal on
                self._child.terminate()
            code = self._child.wait()
            self._end_orphans(self._child.pid)
            if self._told_to_end.is_set():
                return
            wait = FIRST_WAIT if time.monotonic() - began > SOON else min(wait * 2, LONGEST_WAIT)
            self._tell(f"The server ended by itself with code {code}; it is started anew in {wait:g} s.")
            self._told_to_end.wait(wait)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self._told_to_end.set()
        self._pass_on(number, frame)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    @staticmethod
    def _end_orphans(group: int) -> None:
        """End what a server that was killed left running: its workers would go on to answer with old code."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
