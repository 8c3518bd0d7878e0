"""Many simultaneous callers in processes of their own, with a thread for each, so that a slow call delays no other."""

import multiprocessing
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Self

from tests.calls.counting_caller import CountingCaller
from tests.calls.results import BAD, DROPPED, CallResult
from tests.calls.size import vary
from tests.calls.transport import DelayedHttpTransport
from tests.processes import TOKEN

from ivrkit.simulator import Simulator

#: Processes are spawned: a fork of pytest's process would have copies of its threads' locks.
_SPAWN = multiprocessing.get_context("spawn")
#: The seconds between two keys when the callers finish their calls.
_HURRIED_THINK = 0.2
#: How long the callers may take to finish their calls, in seconds.
_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of one process.

    :param url: the webhook.
    :param callers: the number of simultaneous callers; a caller whose call is over calls again.
    :param think: the seconds between a prompt and the next key.
    """

    url: str
    callers: int
    think: float


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
        self._finish = _SPAWN.Event()
        self._connections, self._processes = [], []
        for index in range(processes):
            plan = Plan(url, len(range(index, callers, processes)), think)
            ours, theirs = _SPAWN.Pipe(duplex=False)
            self._connections.append(ours)
            self._processes.append(_SPAWN.Process(target=_play, args=(plan, self._finish, theirs), daemon=True))

    def __enter__(self) -> Self:
        """Start the callers, and wait until each has called."""
        for process in self._processes:
            process.start()
        for connection in self._connections:
            assert self._receive(connection) == "all have called"
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """Let all callers finish their calls, and collect the results."""
        self._finish.set()
        try:
            for connection in self._connections if error is None else ():
                self.results += self._receive(connection)
        finally:
            for process in self._processes:
                process.join(5)
                process.kill()

    @staticmethod
    def _receive(connection: Connection) -> object:
        assert connection.poll(_PATIENCE), "the callers did not finish"
        return connection.recv()


def _play(plan: Plan, finish: Event, connection: Connection) -> None:
    """Run the callers of one process: send a message when each has called, and the results at the end."""
    simulator = Simulator(DelayedHttpTransport(), plan.url, token=TOKEN, fallback_url="/webhook/fallback")
    results: list[CallResult] = []
    has_called = threading.Semaphore(0)
    threads = [
        threading.Thread(target=_call_repeatedly, args=(plan, simulator, finish, results, has_called), daemon=True)
        for _ in range(plan.callers)
    ]
    for thread in threads:
        thread.start()
        time.sleep(min(plan.think / plan.callers, 0.05))  # spread the first calls
    for _ in threads:
        has_called.acquire()
    connection.send("all have called")
    for thread in threads:
        thread.join()
    connection.send(results)


def _call_repeatedly(
    plan: Plan, simulator: Simulator, finish: Event, results: list[CallResult], has_called: threading.Semaphore
) -> None:
    """Make calls until ``finish`` is set or a call goes wrong. An error of the simulator counts as a dropped call."""
    try:
        verdict = _call(plan, simulator, finish, results, has_called=has_called)
        while not (finish.is_set() or verdict in BAD):
            verdict = _call(plan, simulator, finish, results)
    except Exception:
        results.append(CallResult(verdict=DROPPED, transcript=traceback.format_exc()))


def _call(
    plan: Plan,
    simulator: Simulator,
    finish: Event,
    results: list[CallResult],
    has_called: threading.Semaphore | None = None,
) -> str:
    """Make one call, press keys until it is over, and return its verdict.

    :param has_called: is released when the call has begun. Only a caller's first call has one, and goes on to its end.
    """
    try:
        caller = CountingCaller(simulator, key="2")
    finally:
        if has_called:
            has_called.release()
    results.append(caller.result)
    while not caller.is_over:
        time.sleep(vary(_HURRIED_THINK if finish.is_set() else plan.think))
        if finish.is_set() and not has_called:
            caller.hang_up()
        else:
            caller.press_key()
    return caller.result.verdict
