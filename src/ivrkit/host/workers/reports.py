"""The slot files of worker processes: their format, and the death records that the files of dead workers become.

A slot file has the code of plugins that a worker runs now (``slots.py`` writes it). The process that starts the
workers reads the file of a dead worker, and leaves a death record for the other workers (``deaths.py`` reads it).

This module imports only the standard library, because gunicorn's main process loads it without the package.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

#: The environment variable with the folder of the slot files. Without the variable, no slot file is written.
WORKER_DIR = "IVRKIT_WORKER_DIR"
#: The file starts with a header: a format number, the process id, whether the worker is ready, and the heartbeat.
HEADER = struct.Struct("<8sQQd")
FORMAT = b"ivrkit-1"
READY, HEARTBEAT = struct.Struct("<Q"), struct.Struct("<d")
READY_OFFSET, HEARTBEAT_OFFSET = 16, 24
#: After the header, the file has a slot for each thread that runs code of a plugin. A slot starts with its length,
#: which is 0 if the slot is free, and the start time. The texts of the code follow.
HEADER_SIZE, SLOTS, SLOT_SIZE = 64, 128, 512
SLOT = struct.Struct("<Hd")
FILE_SIZE = HEADER_SIZE + SLOTS * SLOT_SIZE
FREE = bytes(SLOT.size)
#: The death record of a worker has this prefix. It is a JSON list with the code that the worker ran when it died.
DEATH_PREFIX = "died-"
#: The signals that end a process from outside: they do not show that the running code kills the process.
_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}
#: A folder in memory, so that no write waits for a disk.
_MEMORY_FOLDER = "/dev/shm"  # noqa: S108  a folder with a random name is made in it


class RunningCode(NamedTuple):
    """The code of a plugin that a worker runs, or ran when it died.

    :param function: ``enter``, ``exit``, or the name of a hook.
    :param state: the name of the state, or ``""`` for a hook.
    :param plugin: the name of the plugin.
    :param version: the version of the plugin, or ``""``.
    :param sid: the CallSid of the call.
    :param started: the time of ``time.monotonic()`` at which the code started, the same clock in all processes.
    """

    function: str
    state: str
    plugin: str
    version: str
    sid: str
    started: float = 0.0

    def __str__(self) -> str:
        """Return for example ``state 'sales' of acme 1.0, call CA123``."""
        owner = f"{self.plugin} {self.version}".rstrip()
        code = f"state {self.state!r}" if self.state else self.function
        # A CallSid is input: its control characters must not write lines of their own into the log.
        return f"{code} of {owner}, call {self.sid.encode('unicode_escape').decode()}"


class WorkerReport(NamedTuple):
    """The content of a slot file.

    :param pid: the process id of the worker.
    :param is_ready: whether the worker answers requests.
    :param heartbeat: the time of ``time.monotonic()`` at which the worker last wrote its heartbeat.
    :param running: the code of plugins that the worker runs. The code that started last comes last.
    """

    pid: int
    is_ready: bool
    heartbeat: float
    running: tuple[RunningCode, ...]

    def __str__(self) -> str:
        """Return the running code for a log line, or ``""`` if the worker runs no code of a plugin."""
        return "; ".join(map(str, self.running))


def make_worker_dir() -> str:
    """Make a folder for the slot files that only this user can read, and return its path."""
    return tempfile.mkdtemp("", "ivrkit-workers-", _MEMORY_FOLDER if os.access(_MEMORY_FOLDER, os.W_OK) else None)


def slot_path(folder: str | Path, pid: int) -> Path:
    """Return the path of the slot file of a worker.

    :param folder: the folder of the slot files.
    :param pid: the process id of the worker.
    """
    return Path(folder, f"worker-{pid}")


def read_slots(path: str | Path) -> WorkerReport | None:
    """Read a slot file.

    :param path: the path of the slot file.
    :returns: the report, or ``None`` if the file does not exist, is not complete, or has another format.
    """
    try:
        content = Path(path).read_bytes()
    except OSError:
        return None
    if len(content) < FILE_SIZE or not content.startswith(FORMAT):
        return None
    _, pid, is_ready, heartbeat = HEADER.unpack_from(content)
    slots = (_read_slot(content, offset) for offset in range(HEADER_SIZE, FILE_SIZE, SLOT_SIZE))
    running = sorted((slot for slot in slots if slot is not None), key=lambda slot: slot.started)
    return WorkerReport(pid, bool(is_ready), heartbeat, tuple(running))


def _read_slot(content: bytes, offset: int) -> RunningCode | None:
    length, started = SLOT.unpack_from(content, offset)
    if not length:
        return None
    start = offset + SLOT.size
    texts = content[start : start + length].decode(errors="replace").split("\0", 4)
    # The texts are incomplete if they were too long for the slot.
    function, state, plugin, version, sid = texts + [""] * (5 - len(texts))
    return RunningCode(function, state, plugin, version, sid, started)


def record_death(folder: str | Path, pid: int, returncode: int | None, *, hung: bool = False) -> WorkerReport | None:
    """Remove the slot file of a dead worker. If the running code may have killed the worker, leave a death record.

    :param folder: the folder of the slot files.
    :param pid: the process id of the dead worker.
    :param returncode: the exit code, or the negative number of the signal. ``None`` if both are unknown.
    :param hung: whether the worker was killed because its Python code did not run for too long.
    :returns: the last report of the worker, or ``None`` if the worker ended normally or had no slot file.
    """
    path = slot_path(folder, pid)
    report = read_slots(path)
    if report is not None and report.running and (hung or returncode is None or -returncode not in _OUTSIDE):
        unfinished = path.with_name(f"unfinished-{pid}")
        unfinished.write_text(json.dumps(report.running), encoding="utf-8")
        unfinished.rename(path.with_name(f"{DEATH_PREFIX}{pid}-{time.monotonic_ns()}"))
    path.unlink(missing_ok=True)
    return report


def forget_deaths(folder: str | Path) -> None:
    """Remove the death records. New code may no longer have the errors that killed the workers.

    :param folder: the folder of the slot files.
    """
    for record in Path(folder).glob(f"{DEATH_PREFIX}*"):
        record.unlink(missing_ok=True)


def read_death(path: Path) -> tuple[RunningCode, ...]:
    """Return the code that a worker ran when it died, from its death record.

    A missing or damaged record has none: every webhook reads the records, so an error would stop all calls.
    """
    try:
        return tuple(RunningCode(*each) for each in json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return ()
