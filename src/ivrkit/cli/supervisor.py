"""A supervisor: a process that passes signals to the server, and restarts the server after a crash."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

#: How long to wait before a restart, in seconds. The wait doubles each time the server ends soon after its start.
MIN_WAIT, MAX_WAIT = 0.5, 30.0
#: A server that runs longer than this resets the wait, in seconds.
STABLE_AFTER = 60.0
#: How long the server may take to end after a signal, in seconds. Twilio waits 15 seconds for a response.
GRACE = 15


class Supervisor:
    """Runs a server as a child process and passes signals to the server.

    :param command: the server's command line.
    :param environ: the server's environment variables.
    :param report: a function that prints one line of text.
    """

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], report: Callable[[str], None]) -> None:
        self._command = list(command)
        self._environ = dict(environ)
        self._report = report
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()

    def run(self) -> None:
        """Run the server until SIGTERM or SIGINT. SIGHUP is passed to granian, which then reloads gracefully.

        After SIGTERM or SIGINT, the server is killed if the grace period passes or a second signal comes. This is
        needed because granian waits forever for a worker that missed the signal while the worker was starting.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._pass_on)
        signal.signal(signal.SIGALRM, self._kill)
        try:
            self._run_child()
        finally:
            signal.alarm(0)

    def _run_child(self) -> None:
        """Start the server, and start the server again each time the server ends without a signal to stop."""
        wait = MIN_WAIT
        while not self._stopping.is_set():
            start = time.monotonic()
            self._child = subprocess.Popen(  # noqa: S603  our own command line
                self._command, env=self._environ, process_group=0
            )
            # The signal came while the child was being started, when there was no process to pass it to.
            if self._stopping.is_set():
                self._child.terminate()
            code = self._child.wait()
            self._kill()  # workers that outlive a killed server would go on answering with old code
            if self._stopping.is_set():
                return
            wait = MIN_WAIT if time.monotonic() - start > STABLE_AFTER else min(wait * 2, MAX_WAIT)
            self._report(f"The server exited with code {code}. Restarting in {wait:g} s.")
            self._stopping.wait(wait)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGTERM and SIGINT: pass the first signal to the server, and kill the server at the second signal."""
        if self._stopping.is_set():
            self._kill()
            return
        self._stopping.set()
        signal.alarm(GRACE)
        self._pass_on(number, frame)

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def _kill(self, number: int = 0, frame: FrameType | None = None) -> None:
        """Kill the server and all processes that it started."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)
