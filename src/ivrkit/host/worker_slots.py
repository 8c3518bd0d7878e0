"""The slot file of a worker process: the code of plugins that the worker runs now, readable from other processes.

A process that is killed by the code of a plugin cannot log anything. So each worker writes the code that it runs into a
file, before the code runs. The file is mapped into memory, so a write takes about a microsecond, and the kernel keeps
the file when the process is killed. The process that starts the workers reads the file of a dead worker.

A worker removes its file when it ends normally. So the file of a process that no longer exists means that the process
was killed, or that it ended without the end of its Python program.

This module imports only the standard library, because gunicorn's main process loads it without the package.
"""

from __future__ import annotations

import atexit
import functools
import json
import logging
import mmap
import os
import signal
import struct
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ivrkit.flow.run.plugin_code import PluginCode

#: The environment variable with the folder of the slot files. Without the variable, no slot file is written.
WORKER_DIR = "IVRKIT_WORKER_DIR"
#: How often the heartbeat is written, in seconds.
HEARTBEAT_INTERVAL = 0.5

#: The file starts with a header: a format number, the process id, whether the worker is ready, and the heartbeat.
_HEADER = struct.Struct("<8sQQd")
_FORMAT = b"ivrkit-1"
_READY, _HEARTBEAT = struct.Struct("<Q"), struct.Struct("<d")
_READY_OFFSET, _HEARTBEAT_OFFSET = 16, 24
#: After the header, the file has a slot for each thread that runs code of a plugin. A slot starts with its length,
#: which is 0 if the slot is free, and the start time. The texts of the code follow.
_HEADER_SIZE, _SLOTS, _SLOT_SIZE = 64, 128, 512
_SLOT = struct.Struct("<Hd")
_FILE_SIZE = _HEADER_SIZE + _SLOTS * _SLOT_SIZE
_FREE = bytes(_SLOT.size)
#: The death record of a worker has this prefix. It is a JSON list with the code that the worker ran when it died.
DEATH_PREFIX = "died-"
#: The signals that end a process from outside: they do not show that the running code kills the process.
_OUTSIDE = {signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}
#: A folder in memory, so that no write waits for a disk.
_MEMORY_FOLDER = "/dev/shm"  # noqa: S108  a folder with a random name is made in it

log = logging.getLogger("ivrkit.web")


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
    if len(content) < _FILE_SIZE or not content.startswith(_FORMAT):
        return None
    _, pid, is_ready, heartbeat = _HEADER.unpack_from(content)
    slots = (_read_slot(content, offset) for offset in range(_HEADER_SIZE, _FILE_SIZE, _SLOT_SIZE))
    running = sorted((slot for slot in slots if slot is not None), key=lambda slot: slot.started)
    return WorkerReport(pid, bool(is_ready), heartbeat, tuple(running))


def _read_slot(content: bytes, offset: int) -> RunningCode | None:
    length, started = _SLOT.unpack_from(content, offset)
    if not length:
        return None
    start = offset + _SLOT.size
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


def read_death(path: Path) -> tuple[RunningCode, ...]:
    """Return the code that a worker ran when it died, from its death record. A missing record has none."""
    try:
        return tuple(RunningCode(*each) for each in json.loads(path.read_bytes()))
    except OSError:
        return ()


class WorkerSlots:
    """A gate that writes the code of plugins that this process runs into the slot file of the process.

    The file is created at the first use. A forked process has a file of its own. If the file cannot be created, this is
    logged, and the code runs without a record.

    :param folder: the folder of the slot files. The folder must exist.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._lock = threading.Lock()
        self._pid = 0
        self._file: mmap.mmap | None = None
        self._free: deque[int] = deque()
        self._local = threading.local()

    def enter(self, code: PluginCode, sid: str) -> None:
        """Record that a thread starts to run the code of a plugin.

        :param code: the function of the plugin.
        :param sid: the CallSid of the call.
        """
        file = self._open()
        try:
            taken: list[int] = self._local.taken
        except AttributeError:
            taken = self._local.taken = []
        try:
            offset = self._free.pop() if file is not None else 0
        except IndexError:  # more threads than slots
            offset = 0
        taken.append(offset)
        if file is None or not offset:
            return  # this code has no record
        owner, state = code.owner, code.state
        # The CallSid comes last, because it is the only text that can have a NUL.
        texts = f"{code.function}\0{state.name if state else ''}\0{owner.plugin}\0{owner.version}\0{sid}"
        encoded = texts.encode(errors="replace")[: _SLOT_SIZE - _SLOT.size]
        slot = _SLOT.pack(len(encoded), time.monotonic()) + encoded
        file[offset : offset + len(slot)] = slot

    def leave(self, code: PluginCode, sid: str, error: BaseException | None) -> None:
        """Record that a thread no longer runs the code of a plugin.

        :param code: the function of the plugin.
        :param sid: the CallSid of the call.
        :param error: the error of the code, which does not matter here.
        """
        taken: list[int] = getattr(self._local, "taken", [])
        # In a process that the code itself has forked, the slot belongs to the parent process.
        if not taken or self._pid != os.getpid():
            return
        offset = taken.pop()
        if offset and self._file is not None:
            self._file[offset : offset + len(_FREE)] = _FREE
            self._free.append(offset)

    def mark_ready(self) -> None:
        """Record that this process answers requests, and write the first heartbeat."""
        self.beat()
        file = self._open()
        if file is not None:
            _READY.pack_into(file, _READY_OFFSET, 1)

    def beat(self) -> None:
        """Write the heartbeat: the time at which Python code of this process ran last."""
        file = self._open()
        if file is not None:
            _HEARTBEAT.pack_into(file, _HEARTBEAT_OFFSET, time.monotonic())

    def start_heartbeat(self, interval: float = HEARTBEAT_INTERVAL) -> None:
        """Start a daemon thread that writes the heartbeat.

        :param interval: the seconds between two heartbeats.
        """

        def beat() -> None:
            while True:
                self.beat()
                time.sleep(interval)

        threading.Thread(target=beat, name="ivrkit-heartbeat", daemon=True).start()

    def close(self) -> None:
        """Remove the slot file, because this process ends normally."""
        if self._pid == os.getpid() and self._file is not None:
            slot_path(self._folder, self._pid).unlink(missing_ok=True)

    def _open(self) -> mmap.mmap | None:
        """Return the slot file of this process. Create the file if this process has none."""
        if self._pid != os.getpid():
            with self._lock:
                if self._pid != os.getpid():
                    self._create()
        return self._file

    def _create(self) -> None:
        """Create the slot file of this process."""
        pid = os.getpid()
        self._free = deque(range(_HEADER_SIZE, _FILE_SIZE, _SLOT_SIZE))
        self._local = threading.local()
        self._file = None
        try:
            with slot_path(self._folder, pid).open("w+b") as file:
                # Written in full, because a missing block of the file would kill the process later.
                file.write(_HEADER.pack(_FORMAT, pid, 0, time.monotonic()).ljust(_FILE_SIZE, b"\0"))
                file.flush()
                self._file = mmap.mmap(file.fileno(), _FILE_SIZE)
        except OSError as error:
            log.warning(
                "the state in which a worker dies cannot be recorded: %s\n  hint: %s must be a folder that the workers "
                "may write",
                error,
                WORKER_DIR,
            )
        else:
            atexit.register(self.close)
        self._pid = pid  # set last, because other threads use the file without the lock


def process_slots() -> WorkerSlots | None:
    """Return the slots of this process, or ``None`` without the environment variable :data:`WORKER_DIR`."""
    folder = os.environ.get(WORKER_DIR)
    return _slots_in(folder) if folder else None


def mark_process_ready() -> None:
    """Record that this process answers requests, if there is a folder for its slot file."""
    slots = process_slots()
    if slots is not None:
        slots.mark_ready()


@functools.cache
def _slots_in(folder: str) -> WorkerSlots:
    """Return the slots of this process, the same object for all phone trees."""
    return WorkerSlots(folder)
