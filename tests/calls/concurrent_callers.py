"""Many simultaneous callers in processes of their own, with a thread for each, so that a slow call delays no other."""

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Self

from tests.calls.counting_caller import CountingCaller
from tests.calls.results import BAD, DROPPED, CallResult
from tests.calls.size import vary
from tests.calls.transport import SPAWN, DelayedHttpTransport, Retries
from tests.processes import PATIENCE, TOKEN

from ivrkit.simulator import Simulator

#: The seconds between two keys when the callers finish their calls.
_HURRIED_THINK = 0.2
#: How often a process sends a message if there was progress, in seconds.
_PROGRESS_INTERVAL = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of one process.

    :param url: the webhook.
    :param callers: the number of simultaneous callers; a caller whose call is over calls again.
    :param think: the seconds between a prompt and the next key.
    :param finish: is set when the callers must finish their calls.
    :param retries: counts the calls that are being retried.
    """

    url: str
    callers: int
    think: float
    finish: Event
    retries: Retries


class ConcurrentCallers:
    """A context manager: callers who call again and again until it is left, and then finish their calls.

    The first call of each caller goes on to its end; later calls hang up when the context is left. So the results hold
    a complete call of each caller, and nobody takes long to finish.

    :param url: the webhook.
    :param callers: the number of simultaneous callers.
    :param think: the seconds between a prompt and the next key, on average.
    :param processes: the number of processes that share the callers.
    """

    def __init__(self, url: str, callers: int, think: float, processes: int = 1) -> None:
        self.results: list[CallResult] = []
        #: The calls that are being retried at the moment.
        self.retries = Retries()
        self._finish = SPAWN.Event()
        self._connections, self._processes = [], []
        for index in range(processes):
            plan = Plan(url, len(range(index, callers, processes)), think, self._finish, self.retries)
            ours, theirs = SPAWN.Pipe(duplex=False)
            self._connections.append(ours)
            self._processes.append(SPAWN.Process(target=_play, args=(plan, theirs), daemon=True))

    def __enter__(self) -> Self:
        """Start the callers, and wait until each has called."""
        for process in self._processes:
            process.start()
        for connection in self._connections:
            assert _receive(connection) == "all have called"
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Let all callers finish their calls, and collect the results."""
        self._finish.set()
        try:
            for connection in self._connections if error is None else ():
                self.results += _receive(connection)
        finally:
            for process in self._processes:
                process.join(5)
                process.kill()


def _receive(connection: Connection) -> object:
    """Return the next message of a process that is not just a sign of progress, however long it takes."""
    while True:
        assert connection.poll(PATIENCE), "the callers made no progress"
        message = connection.recv()
        if message != "progress":
            return message


def _play(plan: Plan, connection: Connection) -> None:
    """Run the callers of one process: send a message when each has called, and the results at the end."""
    results: list[list[CallResult]] = [[] for _ in range(plan.callers)]
    threads = [threading.Thread(target=_call_repeatedly, args=(plan, each), daemon=True) for each in results]
    for thread in threads:
        thread.start()
        time.sleep(min(plan.think / plan.callers, 0.05))  # spread the first calls
    _send_progress(connection, results, until=lambda: all(results))
    connection.send("all have called")
    _send_progress(connection, results, until=lambda: not any(thread.is_alive() for thread in threads))
    connection.send([each for results_of_caller in results for each in results_of_caller])


def _send_progress(connection: Connection, results: list[list[CallResult]], until: Callable[[], bool]) -> None:
    """Send a message whenever callers have got responses, until a condition is true."""
    sent = 0
    while not until():
        responses = sum(len(each.response_times) for results_of_caller in results for each in results_of_caller)
        if responses > sent:
            sent = responses
            connection.send("progress")
        time.sleep(_PROGRESS_INTERVAL)


def _call_repeatedly(plan: Plan, results: list[CallResult]) -> None:
    """Make calls until ``finish`` is set or a call goes wrong. An error of the simulator counts as a dropped call."""
    try:
        verdict = ""
        while not results or not (plan.finish.is_set() or verdict in BAD):
            verdict = _call(plan, results)
    except Exception:
        results.append(CallResult(verdict=DROPPED, transcript=traceback.format_exc()))


def _call(plan: Plan, results: list[CallResult]) -> str:
    """Make one call, press keys until it is over, and return its verdict.

    :param results: the results of the same caller, without this one. The first call goes on to its end.
    """
    is_first = not results
    transport = DelayedHttpTransport(plan.retries)
    simulator = Simulator(transport, plan.url, token=TOKEN, fallback_url="/webhook/fallback")
    try:
        caller = CountingCaller(simulator, key="2")
        results.append(caller.result)
        while not caller.is_over:
            transport.end_retry()
            time.sleep(vary(_HURRIED_THINK if plan.finish.is_set() else plan.think))
            if plan.finish.is_set() and not is_first:
                caller.hang_up()
            else:
                caller.press_key()
    finally:
        transport.end_retry()
    return caller.result.verdict
