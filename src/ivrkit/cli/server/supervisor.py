"""The supervisor: the main process of the server. It keeps the listening socket, and replaces workers."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence

from ivrkit.cli.server import processes
from ivrkit.cli.server.heartbeat import Heartbeat
from ivrkit.cli.server.jobs import Report
from ivrkit.cli.server.position import Position
from ivrkit.cli.server.processes import Worker
from ivrkit.cli.server.signals import Signals
from ivrkit.cli.server.slot_files import SlotFiles
from ivrkit.errors import IvrkitError

#: The command line of a worker, without its job.
COMMAND = (sys.executable, "-m", "ivrkit.cli.server.worker")
#: How often the supervisor looks at its workers if nothing else wakes it up, in seconds.
INTERVAL = 1.0
#: How long a worker may load the phone tree, in seconds.
LOAD_TIMEOUT = 300.0

log = logging.getLogger("ivrkit.server")


class Supervisor:
    """Serves a phone tree with worker processes.

    1. The supervisor loads no code of a plugin, so no plugin can end it.
    2. All workers answer on one socket, which the supervisor keeps open. If all workers are dead, connections wait in
       the queue of the socket until the next worker is ready. So no connection is refused.
    3. A worker that has ended is replaced at once. If the new one ends before it is ready, the next attempt waits, for
       longer each time. The supervisor never gives up.
    4. After SIGHUP, a new worker loads the phone tree. If this fails, the old workers stay. Otherwise the workers are
       replaced one after the other, and each old one first finishes its responses.
    5. A worker whose Python code no longer runs, because some code holds the GIL, is killed and replaced.
    6. After SIGTERM or SIGINT, the workers have :data:`~ivrkit.cli.server.processes.GRACE` seconds to finish their
       responses. A second signal kills them.

    :param listener: the listening socket. The supervisor closes it at the end.
    :param size: the number of workers.
    :param banner: the text to print when the phone tree is served for the first time.
    :param environ: the environment variables of the workers.
    :param command: the command line of a worker, without its job.
    """

    def __init__(
        self,
        listener: socket.socket,
        size: int,
        banner: str,
        environ: Mapping[str, str],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._listener = listener
        self._banner = banner
        self._environ = environ
        self._command = command
        self._positions = [Position(number) for number in range(1, size + 1)]
        self._retired: list[tuple[int, Worker]] = []
        #: Whether a worker was ready before. The server ends if the first worker cannot load the phone tree.
        self._has_served = False
        #: Whether a worker of the present reload was ready.
        self._is_reload_loaded = True
        #: Whether the next worker logs what it has loaded. One of several workers with the same tree logs it.
        self._log_next_start = True

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        :raises IvrkitError: if the first worker cannot load the phone tree.
        """
        with SlotFiles() as self._slots, Signals() as self._signals, self._listener:
            self._environ = {**self._environ, **self._slots.environ}
            try:
                while not self._signals.stops:
                    self._step()
                    self._wait(self._pause())
            finally:
                self._end()

    def _pause(self) -> float:
        """Return the time until the supervisor has to look at the workers again, in seconds."""
        waits = [each.next_start - time.monotonic() for each in self._next_positions()]
        return max(0.0, min([INTERVAL, *waits]))

    def _wait(self, pause: float) -> None:
        """Wait for the given time, or until a signal or a report comes."""
        self._signals.wait(pause, [each.loading.report for each in self._positions if each.loading])

    def _step(self) -> None:
        """Look at all workers once, and start and end the processes that this makes necessary."""
        if self._signals.take_reload():
            self._begin_reload()
        for position in self._positions:
            self._read_report(position)
            self._look_after(position)
        self._start_missing()
        self._forget_ended()

    # Workers that load the phone tree.

    def _begin_reload(self) -> None:
        """Let all workers be replaced. A worker that is still loading may have read old files."""
        log.info("SIGHUP: the phone tree is loaded again")
        self._is_reload_loaded = False
        self._log_next_start = True
        for position in self._positions:
            position.outdated = position.worker is not None
            position.reset_wait()
            if position.loading:
                self._abandon(position)

    def _abandon(self, position: Position) -> None:
        """Kill the worker that loads the phone tree."""
        assert position.loading is not None  # noqa: S101  checked by the callers
        position.loading.abandon()
        self._retired.append((position.number, position.loading))
        position.loading = None

    def _next_positions(self) -> list[Position]:
        """Return the positions for which a worker has to be started.

        These are the positions without a worker. Before a worker was ready, this is the first position alone. Of the
        positions with outdated workers, this is one at a time.
        """
        if any(each.loading and each.outdated for each in self._positions):
            outdated = []
        else:
            outdated = [each for each in self._positions if each.outdated][:1]
        return [each for each in self._positions[: None if self._has_served else 1] if each.needs_worker] + outdated

    def _start_missing(self) -> None:
        """Start the workers that have to be started, unless an attempt must wait."""
        for position in self._next_positions():
            if time.monotonic() >= position.next_start:
                self._start(position)

    def _start(self, position: Position) -> None:
        """Start a worker that loads the phone tree."""
        banner = "" if self._has_served else self._banner
        try:
            position.loading = Worker(
                self._command,
                self._environ,
                self._listener.fileno(),
                log_start=self._log_next_start,
                banner=banner,
            )
        except OSError as error:
            self._fail(position, f"the process could not be started: {error.strerror}")
        self._log_next_start = False

    def _read_report(self, position: Position) -> None:
        """Read the report of the worker that loads the phone tree, if the report is there."""
        loading = position.loading
        if loading is None:
            return
        if not select.select([loading.report], [], [], 0)[0]:
            if time.monotonic() - loading.started > LOAD_TIMEOUT:
                self._abandon(position)
                self._fail(position, f"the phone tree was not loaded within {LOAD_TIMEOUT:g} s")
            return
        position.loading = None
        report = loading.read_report()
        if report is None:
            loading.kill()
            loading.process.wait()
            report = Report(f"the process {loading.end} while it loaded the phone tree")
        if report.problem:
            loading.retire()
            self._retired.append((position.number, loading))
            self._fail(position, report.problem)
        else:
            self._take_over(position, loading, report)

    def _take_over(self, position: Position, worker: Worker, report: Report) -> None:
        """Let a worker answer that has loaded the phone tree. Its predecessor finishes its responses, and ends."""
        self._has_served = True
        if position.worker:
            self._retire(position)
        position.fill(worker, Heartbeat(report.worker_timeout))
        if not self._is_reload_loaded:
            self._slots.forget_deaths()
        self._is_reload_loaded = True

    def _fail(self, position: Position, problem: str) -> None:
        """Report that a worker could not be started, and decide about the next attempt.

        :raises IvrkitError: if no worker was ready before.
        """
        if not self._has_served:
            raise IvrkitError(problem)
        if not self._is_reload_loaded and position.outdated:
            for each in self._positions:
                each.outdated = False
            self._is_reload_loaded = True
            log.error("%s\nthe phone tree was not reloaded; the old workers still serve it as it was before", problem)
            return
        wait = position.lengthen_wait()
        log.error("worker %s could not be started: %s\nthe next attempt is in %g s", position.number, problem, wait)

    # Workers that answer requests.

    def _look_after(self, position: Position) -> None:
        """Look at the worker that answers requests: free its position if it has ended, and kill it if it hangs."""
        worker = position.worker
        if worker is None:
            return
        if worker.poll() is None:
            self._check_heartbeat(position, worker)
            return
        worker.retire()
        where = self._slots.bury(worker, hung=position.heartbeat.has_stopped)
        if not position.heartbeat.has_stopped:
            log.error("worker %s %s%s; it is replaced", position.number, worker.end, where)
        self._log_next_start = True
        position.vacate()

    def _check_heartbeat(self, position: Position, worker: Worker) -> None:
        """Kill a worker whose Python code has not run for the time of ``worker_timeout``.

        SIGABRT makes the worker print the stacks of its threads, even if some code holds the GIL.
        """
        heartbeat = position.heartbeat
        if heartbeat.must_be_killed():
            worker.kill()
        elif heartbeat.stops_now(self._slots.heartbeat(worker)):
            log.error(
                "worker %s is replaced: its Python code has not run for %g s%s",
                position.number,
                heartbeat.timeout,
                self._slots.where(worker),
            )
            os.kill(worker.process.pid, signal.SIGABRT)

    # Workers that finish their responses.

    def _retire(self, position: Position) -> None:
        """Let a worker finish its responses and end."""
        assert position.worker is not None  # noqa: S101  checked by the callers
        position.worker.retire()
        self._retired.append((position.number, position.worker))
        position.vacate()

    def _forget_ended(self) -> None:
        """Forget the retired workers that have ended."""
        ended = [(number, worker) for number, worker in self._retired if worker.has_ended()]
        self._retired = [each for each in self._retired if each not in ended]
        for number, worker in ended:
            self._log_bad_end(number, worker)
            self._slots.remove(worker)

    def _log_bad_end(self, number: int, worker: Worker) -> None:
        """Log that a retired worker did not end as requested."""
        if worker.was_late:
            where = self._slots.where(worker)
            log.error("worker %s was killed, because it had not ended after %g s%s", number, processes.GRACE, where)
        elif not (worker.was_killed or worker.has_ended_well):
            where = self._slots.bury(worker)
            log.error("worker %s %s%s while it finished its responses", number, worker.end, where)

    def _end(self) -> None:
        """Let all workers finish their responses, and wait for them. A second signal kills them."""
        self._listener.close()
        for position in self._positions:
            if position.loading:
                self._abandon(position)
            if position.worker:
                self._retire(position)
        while self._retired:
            if self._signals.stops > 1:
                for _, worker in self._retired:
                    worker.kill()
            self._wait(INTERVAL)
            self._forget_ended()
