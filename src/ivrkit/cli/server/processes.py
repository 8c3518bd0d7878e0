"""Worker processes, as the main process of a server sees them."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

from ivrkit.cli.server.jobs import Job, Report

#: How long a worker may take to finish its responses, in seconds. Twilio waits 15 seconds for a response.
GRACE = 15.0


class Worker:
    """A worker process. It gets the listening socket, and ends when its lifeline is closed.

    :param command: the command line of the worker, without the job.
    :param environ: the environment variables of the worker.
    :param listener: the file descriptor of the socket on which the worker answers.
    :param reports: whether the worker writes a report.
    :param log_start: whether the worker logs what it has loaded.
    :param banner: a text to print before the log of the start, see :data:`~ivrkit.cli.server.jobs.PREFIX`.
    :raises OSError: if the system cannot start the process.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        listener: int,
        *,
        reports: bool = True,
        log_start: bool = True,
        banner: str = "",
    ) -> None:
        #: The time of the start, in seconds of the monotonic clock.
        self.started = time.monotonic()
        #: Whether the main process has killed the worker, and whether it did so because the worker took too long.
        self.was_killed = self.was_late = False
        self._retired = 0.0
        lifeline, self._lifeline = os.pipe()
        #: The file descriptor of a pipe from which the report of the worker can be read.
        self.report, report = os.pipe()
        job = Job(listener, lifeline, report if reports else None, log_start, banner)
        try:
            self.process = subprocess.Popen(  # noqa: S603  our own command line
                [*command, job.to_json()],
                env=environ,
                pass_fds=job.descriptors,
                process_group=0,  # Ctrl-C is for the main process alone
            )
        except OSError:
            os.close(self._lifeline)
            os.close(self.report)
            raise
        finally:
            os.close(lifeline)
            os.close(report)
        if not reports:
            os.close(self.report)

    def read_report(self) -> Report | None:
        """Return the report of the worker, or ``None`` if the worker has ended without one. Call this once."""
        return Report.read(self.report)

    def retire(self) -> None:
        """Let the worker finish its responses and end."""
        os.close(self._lifeline)
        self._retired = time.monotonic()

    def abandon(self) -> None:
        """End a worker whose report nobody has read. If it has reported, it may answer requests, and finishes them."""
        if not select.select([self.report], [], [], 0)[0]:
            self.kill()
        os.close(self.report)
        self.retire()

    def poll(self) -> int | None:
        """Return the exit code, or ``None`` if the process still runs. A crash also ends all processes it started."""
        if self.process.returncode is None:
            ended = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            # Until the exit code is read, no other process can get the same id.
            if ended is not None and ended.si_code != os.CLD_EXITED:
                os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.poll()

    def has_ended(self) -> bool:
        """Return whether the retired worker has ended. Kill the worker if it takes too long."""
        if self.poll() is not None:
            return True
        if time.monotonic() - self._retired > GRACE:
            self.was_late = True
            self.kill()
        return False

    @property
    def end(self) -> str:
        """The way in which the process has ended, such as ``died (signal 9, Killed)`` or ``exited with code 3``."""
        code = self.process.returncode
        return f"exited with code {code}" if code >= 0 else f"died (signal {-code}, {signal.strsignal(-code)})"

    @property
    def has_ended_well(self) -> bool:
        """``True`` if the retired process ended as requested. SIGTERM ends a process that has not served yet."""
        return self.process.returncode in (0, -signal.SIGTERM)

    def kill(self) -> None:
        """Kill the worker with all processes that it started."""
        self.was_killed = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
