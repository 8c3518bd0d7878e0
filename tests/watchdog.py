"""Kills programs that outlive the tests that started them.

Run as a program: it reads the id of a session per line from its standard input. The input is closed when the process
that started it has ended, however it ended. Then all processes of these sessions get SIGTERM, and SIGKILL two
seconds later. It imports only the standard library, and starts in about 10 ms.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: How long a process has to end by itself, in seconds.
GRACE = 2.0


class Process(NamedTuple):
    """A running process.

    :param id: its process id.
    :param session: the id of its session, which is the process id of the session's first process.
    :param started: the time at which it started, in clock ticks since the machine started.
    """

    id: int
    session: int
    started: int


def running_processes() -> Iterator[Process]:
    """Return all running processes of this machine, read from proc(5)'s ``stat``; zombies are left out."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if fields[0] != "Z":
                yield Process(int(entry.name), int(fields[3]), int(fields[19]))


def processes_of(session: int) -> set[int]:
    """Return the ids of all running processes of a session."""
    return {each.id for each in running_processes() if each.session == session}


def kill_session(session: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to all processes of a session."""
    for process in processes_of(session):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)


def _started(session: int) -> int:
    """Return when the first process of a session started; 0 if it has ended."""
    return next((each.started for each in running_processes() if each.id == session), 0)


def main() -> None:
    """Wait for the end of the input, then end the sessions that it named."""
    watched = {session: _started(session) for session in map(int, sys.stdin)}
    # The id of a session that ended long ago may belong to another program by now.
    sessions = [session for session, started in watched.items() if _started(session) in (0, started)]
    for session in sessions:
        kill_session(session, signal.SIGTERM)
    end = time.monotonic() + GRACE
    while time.monotonic() < end and any(map(processes_of, sessions)):
        time.sleep(0.05)
    for session in sessions:
        kill_session(session)


if __name__ == "__main__":
    main()
