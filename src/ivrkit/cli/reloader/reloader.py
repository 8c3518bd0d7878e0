"""The reloader: the main process of the development server. It watches files and replaces the processes that answer."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType

from ivrkit.cli.reloader.watch import Scan, WatchList, changed_files
from ivrkit.cli.server.jobs import Report
from ivrkit.cli.server.processes import Worker

#: The shortest pause between two scans of the watched files, in seconds.
MIN_PAUSE = 0.5
#: A pause is at least this many times as long as the scan before it, so that a large folder takes little of the CPU.
PAUSE_PER_SCAN = 20
#: The longest pause, in seconds. The reloader also notices signals after a pause.
MAX_PAUSE = 2.0
#: The command line of a process that answers, without its job.
COMMAND = (sys.executable, "-m", "ivrkit.cli.reloader.worker")
#: A process that ends sooner than this after its start is not started again before the next change, in seconds.
STABLE_AFTER = 5.0

log = logging.getLogger("ivrkit.reload")


class Reloader:
    """Serves the phone tree, and loads it again after each change of its files.

    1. A new process loads the phone tree. The old processes keep answering meanwhile.
    2. If the new phone tree has problems, the problems are printed once, and the old processes stay.
    3. Otherwise the new process answers, and the old ones end after the answers that they have begun.
    4. All processes answer on one socket, which the reloader keeps open. So no connection is refused or cut off.

    :param listener: a bound socket. The first process with a valid phone tree starts to listen on it.
    :param workers: the number of processes that answer requests.
    :param banner: the text to print when the phone tree is served for the first time.
    :param environ: the environment variables of the processes.
    :param report: a function that prints a text for the user.
    """

    def __init__(
        self,
        listener: socket.socket,
        workers: int,
        banner: str,
        environ: Mapping[str, str],
        report: Callable[[str], None],
    ) -> None:
        self._listener = listener
        self._workers = workers
        self._banner = banner
        self._environ = dict(environ)
        self._report = report
        self._current: list[Worker] = []
        self._retired: list[Worker] = []
        #: The process that loads the phone tree at the moment.
        self._loading: Worker | None = None
        self._sources = WatchList()
        #: The files as the phone tree was last loaded from them, and as the last scan has found them.
        self._loaded: Scan = {}
        self._last: Scan = {}
        self._load_time = 0
        self._stopping = False

    def run(self) -> None:
        """Serve until SIGTERM, SIGINT or SIGHUP. The terminal sends SIGHUP when it is closed."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            self._load()
            while not self._stopping:
                self._step()
        finally:
            self._end()

    def _step(self) -> None:
        """Look at the watched files and the processes once, and pause."""
        began = time.monotonic()
        scan = self._sources.scan()
        pause = min(MAX_PAUSE, max(MIN_PAUSE, PAUSE_PER_SCAN * (time.monotonic() - began)))
        # A change is taken up when it is over: an editor or an installer may still be writing.
        changes = changed_files(self._loaded, scan) if scan == self._last else []
        self._last = scan
        if changes:
            log.info("%s, reloading", self._sources.describe(changes))
            self._load()
        self._restart_after_a_crash()
        self._retired = [each for each in self._retired if not each.has_ended()]
        self._wait_for_report(pause)

    def _load(self) -> None:
        """Start a process that loads the phone tree. If another one is still loading, its files are out of date."""
        self._abandon()
        self._loaded = self._last
        self._load_time = time.time_ns()
        # Only the first phone tree that is served needs the URL.
        banner = "" if self._current else self._banner
        self._loading = self._start(banner=banner)

    def _start(self, *, is_first: bool = True, banner: str = "") -> Worker:
        """Start a process. Only the first one of several processes reports its sources and logs its start."""
        return Worker(
            COMMAND, self._environ, self._listener.fileno(), reports=is_first, log_start=is_first, banner=banner
        )

    def _abandon(self) -> None:
        """End the process that is loading the phone tree, if there is one."""
        if self._loading is not None:
            self._loading.abandon()
            self._retired.append(self._loading)
            self._loading = None

    def _wait_for_report(self, pause: float) -> None:
        """Wait for the given time, or until the process that loads the phone tree reports the result."""
        worker = self._loading
        if worker is None:
            time.sleep(pause)
        elif select.select([worker.report], [], [], pause)[0]:
            self._loading = None
            self._take_over(worker, worker.read_report())

    def _take_over(self, worker: Worker, report: Report | None) -> None:
        """Let a new process answer in place of the old ones, unless its phone tree has problems.

        :param worker: the new process.
        :param report: its report, or ``None`` if it has ended without one.
        """
        if report is None:
            report = Report(f"the process exited with code {worker.process.wait()} while it loaded the phone tree")
            worker.retire()
        elif report.problem:
            worker.retire()
        else:
            self._retire_all()
            self._current = [worker, *(self._start(is_first=False) for _ in range(self._workers - 1))]
        self._watch(report)
        if report.problem:
            self._retired.append(worker)
            # After a change in the meantime, the problem may be fixed. It is reported by the next process if it is not.
            if not changed_files(self._loaded, self._last):
                self._report_problem(report.problem)

    def _report_problem(self, problem: str) -> None:
        self._report(f"Error: {problem}")
        served = "is still served as it was before" if self._current else "is not served yet"
        log.warning("the phone tree %s; it is loaded again after the next change", served)

    def _watch(self, report: Report) -> None:
        """Watch the files of a report. A phone tree with problems may not have named all of its files."""
        before = self._sources if report.problem else WatchList()
        self._sources = before | WatchList.from_lists(report.sources)
        scan = self._sources.scan()
        # A file that the reloader has not watched before may have changed since the process began to load it.
        new = {path: file for path, file in scan.items() if path not in self._last and file[0] <= self._load_time}
        known = {path: file for path, file in self._loaded.items() if path in scan or not os.path.exists(path)}
        self._loaded = {**new, **known}
        self._last = scan

    def _restart_after_a_crash(self) -> None:
        """Start the server again if a process has ended by itself.

        A process with the exit code 0 has found problems, because the files changed after the phone tree was loaded
        for the first process. The next scan finds this change.
        """
        ended = [each for each in self._current if each.process.poll() is not None]
        self._current = [each for each in self._current if each not in ended]
        for worker in ended:
            worker.retire()
        crashed = [each for each in ended if each.process.returncode]
        for worker in crashed:
            log.error("a process of the server exited with code %s", worker.process.returncode)
        if any(time.monotonic() - each.started > STABLE_AFTER for each in crashed):
            self._load()
        elif crashed:
            log.warning("the process is started again after the next change")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: end gracefully at the first signal, and kill all processes at the second one."""
        if self._stopping:
            for worker in (*self._current, *self._retired):
                worker.kill()
        self._stopping = True

    def _retire_all(self) -> None:
        for worker in self._current:
            worker.retire()
        self._retired += self._current
        self._current = []

    def _end(self) -> None:
        """End all processes, and wait for them."""
        self._abandon()
        self._retire_all()
        while not all(each.has_ended() for each in self._retired):
            time.sleep(0.02)
