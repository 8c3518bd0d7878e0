"""Many callers at once, in processes of their own: a thread each, so that one who waits keeps nobody waiting."""

import multiprocessing
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Self

from tests.calls.caller import CountingCaller
from tests.calls.judge import BAD, DROPPED, Outcome
from tests.calls.network import FarAway
from tests.calls.size import about
from tests.processes import TOKEN

from ivrkit.simulator import Simulator

#: Not forked: a copy of pytest's process would have its threads' locks.
_SPAWN = multiprocessing.get_context("spawn")
#: How long callers think who were asked to come to an end, in seconds.
_HURRY = 0.2
#: How long they may take to come to it, in seconds.
_LAST = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What the callers of a process do.

    :param url: the webhook.
    :param callers: how many there are at any time: whose call is over begins another one.
    :param think: how long they think about a key, in seconds.
    """

    url: str
    callers: int
    think: float


class Crowd:
    """Callers who are there as long as the ``with`` lasts, and then bring their calls to an end.

    Whoever reached the end before calls again, and hangs up when it is over: nobody is missing, and nobody stays long.

    :param url: the webhook.
    :param callers: how many at once.
    :param think: seconds between what is heard and the next key; people differ.
    :param processes: how many processes share them.
    """

    def __init__(self, url: str, callers: int, think: float, processes: int = 1) -> None:
        self.outcomes: list[Outcome] = []
        self._over = _SPAWN.Event()
        self._ends, self._processes = [], []
        for index in range(processes):
            plan = Plan(url, len(range(index, callers, processes)), think)
            ours, theirs = _SPAWN.Pipe(duplex=False)
            self._ends.append(ours)
            self._processes.append(_SPAWN.Process(target=_play, args=(plan, self._over, theirs), daemon=True))

    def __enter__(self) -> Self:
        """Let them call; wait until everybody has."""
        for process in self._processes:
            process.start()
        for end in self._ends:
            assert self._from(end) == "all have called"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let everybody come to the end of the call."""
        self._over.set()
        try:
            for end in self._ends if error is None else ():
                self.outcomes += self._from(end)
        finally:
            for process in self._processes:
                process.join(5)
                process.kill()

    @staticmethod
    def _from(end: Connection) -> object:
        assert end.poll(_LAST), "the callers came to no end"
        return end.recv()


def _play(plan: Plan, over: Event, told: Connection) -> None:
    """Let all callers of a process call, and tell how it went."""
    number = Simulator(FarAway(), plan.url, token=TOKEN, fallback_url="/webhook/fallback")
    outcomes: list[Outcome] = []
    present = threading.Semaphore(0)
    threads = [
        threading.Thread(target=_call_again_and_again, args=(plan, number, over, outcomes, present), daemon=True)
        for _ in range(plan.callers)
    ]
    for thread in threads:
        thread.start()
        time.sleep(min(plan.think / plan.callers, 0.05))  # they do not all call in the same moment
    for _ in threads:
        present.acquire()
    told.send("all have called")
    for thread in threads:
        thread.join()
    told.send(outcomes)


def _call_again_and_again(
    plan: Plan, number: Simulator, over: Event, outcomes: list[Outcome], present: threading.Semaphore
) -> None:
    """Call to the end, then again until it is over; whatever fails on the caller's side is told as a dropped call."""
    try:
        verdict = _call(plan, number, over, outcomes, first=present)
        while not (over.is_set() or verdict in BAD):
            verdict = _call(plan, number, over, outcomes)
    except Exception:
        outcomes.append(Outcome(verdict=DROPPED, told=traceback.format_exc()))


def _call(
    plan: Plan, number: Simulator, over: Event, outcomes: list[Outcome], first: threading.Semaphore | None = None
) -> str:
    """Press keys until the call is over, and return how it came out.

    :param first: where this call is the first: told that it has begun. It goes to the end, however late it is.
    """
    try:
        caller = CountingCaller(number, key="2")
    finally:
        if first:
            first.release()
    outcomes.append(caller.outcome)
    while not caller.is_over:
        time.sleep(about(_HURRY if over.is_set() else plan.think))
        if over.is_set() and not first:
            caller.leaves()
        else:
            caller.presses()
    return caller.outcome.verdict
