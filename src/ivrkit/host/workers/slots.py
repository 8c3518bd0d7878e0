"""The gate that writes the code of plugins that a worker runs into the slot file of the worker.

A process that is killed by the code of a plugin cannot log anything. So each worker writes the code that it runs into a
file, before the code runs. The file is mapped into memory, so a write takes about a microsecond, and the kernel keeps
the file when the process is killed. The process that starts the workers reads the file of a dead worker.

A worker removes its file when it ends normally. So the file of a process that no longer exists means that the process
was killed, or that it ended without the end of its Python program.
"""

from __future__ import annotations

import atexit
import functools
import logging
import mmap
import os
import threading
import time
from collections import deque
from pathlib import Path

from ivrkit.flow.run.plugin_code import PluginCode
from ivrkit.host.workers.reports import (
    FILE_SIZE,
    FORMAT,
    FREE,
    HEADER,
    HEADER_SIZE,
    HEARTBEAT,
    HEARTBEAT_OFFSET,
    READY,
    READY_OFFSET,
    SLOT,
    SLOT_SIZE,
    WORKER_DIR,
    slot_path,
)

#: How often the heartbeat is written, in seconds.
HEARTBEAT_INTERVAL = 0.5

log = logging.getLogger("ivrkit.web")


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
        encoded = texts.encode(errors="replace")[: SLOT_SIZE - SLOT.size]
        slot = SLOT.pack(len(encoded), time.monotonic()) + encoded
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
            self._file[offset : offset + len(FREE)] = FREE
            self._free.append(offset)

    def mark_ready(self) -> None:
        """Record that this process answers requests, and write the first heartbeat."""
        self.beat()
        file = self._open()
        if file is not None:
            READY.pack_into(file, READY_OFFSET, 1)

    def beat(self) -> None:
        """Write the heartbeat: the time at which Python code of this process ran last."""
        file = self._open()
        if file is not None:
            HEARTBEAT.pack_into(file, HEARTBEAT_OFFSET, time.monotonic())

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
        self._free = deque(range(HEADER_SIZE, FILE_SIZE, SLOT_SIZE))
        self._local = threading.local()
        self._file = None
        try:
            with slot_path(self._folder, pid).open("w+b") as file:
                # Written in full, because a missing block of the file would kill the process later.
                file.write(HEADER.pack(FORMAT, pid, 0, time.monotonic()).ljust(FILE_SIZE, b"\0"))
                file.flush()
                self._file = mmap.mmap(file.fileno(), FILE_SIZE)
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
