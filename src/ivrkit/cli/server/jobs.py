"""The messages between the main process of a server and its workers: a job for a worker, and the worker's report."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

#: A text in a banner that is replaced by the setting ``url_prefix``, which may change until the worker reads it.
PREFIX = "{url_prefix}"


@dataclass(frozen=True)
class Job:
    """The parameters of a worker.

    :param listener: the file descriptor of the socket on which the worker answers.
    :param lifeline: the file descriptor of a pipe. The main process closes its other end to end the worker. The other
        end is closed as well if the main process is killed.
    :param report: the file descriptor of a pipe for a :class:`Report`, or ``None`` if nobody reads the report.
    :param log_start: whether the worker logs what it has loaded. One of several workers with the same tree logs it.
    :param banner: a text to print before the log of the start, see :data:`PREFIX`.
    """

    listener: int
    lifeline: int
    report: int | None = None
    log_start: bool = True
    banner: str = ""

    def to_json(self) -> str:
        """Return the job as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        """Return the job of a JSON text that :meth:`to_json` made."""
        return cls(**json.loads(text))

    @property
    def descriptors(self) -> list[int]:
        """The file descriptors that the worker inherits."""
        return [each for each in (self.listener, self.lifeline, self.report) if each is not None]

    def send(self, report: Report) -> None:
        """Send a report to the main process. A job has one report."""
        if self.report is not None:
            with os.fdopen(self.report, "w", encoding="utf-8") as pipe:
                pipe.write(report.to_json())


@dataclass(frozen=True)
class Report:
    """The result of loading a phone tree in a worker.

    :param problem: the reason why the phone tree cannot be served, or ``""`` if the worker answers requests.
    :param worker_timeout: the setting ``worker_timeout``.
    :param sources: the files to watch in development: name of a list -> paths.
    """

    problem: str = ""
    worker_timeout: float = 0.0
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Return the report of a JSON text that :meth:`to_json` made."""
        return cls(**json.loads(text))

    @classmethod
    def read(cls, pipe: int) -> Report | None:
        """Read the report of a worker, and close the pipe.

        :returns: the report, or ``None`` if the worker ended before it had written the whole report.
        """
        with os.fdopen(pipe, encoding="utf-8") as file:
            try:
                return cls.from_json(file.read())
            except ValueError:
                return None
