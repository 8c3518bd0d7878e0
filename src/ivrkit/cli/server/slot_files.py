"""The slot files of the workers, as the supervisor reads them: which state each worker is in."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from ivrkit.cli.server.processes import Worker
from ivrkit.host.workers.reports import (
    WORKER_DIR,
    WorkerReport,
    forget_deaths,
    make_worker_dir,
    read_slots,
    record_death,
    slot_path,
)


class SlotFiles:
    """A temporary folder with the slot files of all workers, and with the files of the dead ones.

    Use it as a context manager, which removes the folder.
    """

    def __init__(self) -> None:
        self._folder = Path(make_worker_dir())

    def __enter__(self) -> SlotFiles:
        """Return this object."""
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variable with which a worker finds the folder."""
        return {WORKER_DIR: str(self._folder)}

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

    def bury(self, worker: Worker, *, hung: bool = False) -> str:
        """Remove the slot file of a dead worker, leave a death record for the other workers, and return where it died.

        :param hung: whether the worker was killed because its Python code did not run for too long.
        """
        where = self.where(worker)
        record_death(self._folder, worker.process.pid, worker.process.returncode, hung=hung)
        return where

    def forget_deaths(self) -> None:
        """Remove the death records, because the code that killed the workers is no longer served."""
        forget_deaths(self._folder)

    def remove(self, worker: Worker) -> None:
        """Remove the slot file of a worker that has ended without a fault of its own."""
        self._path(worker).unlink(missing_ok=True)

    def _path(self, worker: Worker) -> Path:
        return slot_path(self._folder, worker.process.pid)

    def _read(self, worker: Worker) -> WorkerReport | None:
        return read_slots(self._path(worker))
