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
#: How long a server may take to end once it was told to, in seconds; Twilio waits 15 for an answer.
GRACE = 15


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
        """Run the server until SIGTERM or SIGINT; SIGHUP is passed on, and lets granian reload gracefully.

        A server that does not end in time, or while a second signal comes, is killed: granian waits without limit for a
        worker that missed the signal because it was only being started.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        signal.signal(signal.SIGHUP, self._pass_on)
        signal.signal(signal.SIGALRM, self._kill)
        try:
            self._keep_running()
        finally:
            signal.alarm(0)

    def _keep_running(self) -> None:
        wait = FIRST_WAIT
        while not self._told_to_end.is_set():
            began = time.monotonic()
            self._child = subprocess.Popen(  # noqa: S603  our own command line
                self._command, env=self._environ, process_group=0
            )
            if self._told_to_end.is_set():  # while it was being started, so that nobody could pass the signal on
                self._child.terminate()
            code = self._child.wait()
            self._kill()  # what a server that was killed left running would go on to answer with old code
            if self._told_to_end.is_set():
                return
            wait = FIRST_WAIT if time.monotonic() - began > SOON else min(wait * 2, LONGEST_WAIT)
            self._tell(f"The server ended by itself with code {code}; it is started anew in {wait:g} s.")
            self._told_to_end.wait(wait)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if self._told_to_end.is_set():
            self._kill()
            return
        self._told_to_end.set()
        signal.alarm(GRACE)
        self._pass_on(number, frame)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def _kill(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Kill the server and all that it started."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
