"""The slot files of the workers, as the supervisor reads them: which state each worker is in."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ivrkit.cli.server.processes import Worker
from ivrkit.host.worker_slots import WORKER_DIR, WorkerReport, read_slots, slot_path


class SlotFiles:
    """A temporary folder with the slot files of all workers, and with the files of the dead ones.

    Use it as a context manager, which removes the folder.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="ivrkit-", ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name)

    def __enter__(self) -> SlotFiles:
        """Return this object."""
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the folder."""
        self._temporary.cleanup()

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variable with which a worker finds the folder."""
        return {WORKER_DIR: self._temporary.name}

    def heartbeat(self, worker: Worker) -> float | None:
        """Return the time of a worker's last heartbeat, or ``None`` if the worker has no slot file."""
        report = self._read(worker)
        return report.heartbeat if report else None

    def where(self, worker: Worker) -> str:
        """Return the code of plugins that a worker runs, such as `` in state 'sales' of acme 1.0, call CA1``.

        :returns: the text, or ``""`` if the worker runs no code of a plugin.
        """
        report = self._read(worker)
        return f" in {report}" if report and report.running else ""

    def bury(self, worker: Worker) -> str:
        """Keep the slot file of a dead worker as the record of its death, and return where it died."""
        where = self.where(worker)
        with suppress(FileNotFoundError):
            os.replace(self._path(worker), self._folder / f"died-{time.time():.3f}-{worker.process.pid}")
        return where

    def remove(self, worker: Worker) -> None:
        """Remove the slot file of a worker that has ended without a fault of its own."""
        self._path(worker).unlink(missing_ok=True)

    def _path(self, worker: Worker) -> Path:
        return slot_path(self._folder, worker.process.pid)

    def _read(self, worker: Worker) -> WorkerReport | None:
        return read_slots(self._path(worker))
