"""``python -m benchmarks.simulator``: what the simulator costs, against the app that it calls.

A call of three webhooks, in process: the time inside the app is taken at its WSGI door, and the rest is the
simulator's. Both are of the same call, so that nothing has to be interleaved. A figure is the median over rounds;
beside it stands the middle half of them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter_ns, thread_time_ns
from typing import Any, NamedTuple

from benchmarks.__main__ import line
from ivrkit import Settings
from ivrkit.simulator import Press, Simulator
from ivrkit.web import create_app

TOKEN = "12345"  # noqa: S105  of an account that does not exist
#: The simulator is to cost as much as the app that it calls, or less.
GOAL = 1.0
#: start -> menu, 3 -> hours, 1 -> hours again.
SCRIPT = (Press("3"), Press("1"))


class Door:
    """An app, and how long it has been inside it.

    :param app: a WSGI app.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self.took = self.cpu = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """Let the app answer, and take its time to the last byte."""
        began, began_cpu = perf_counter_ns(), thread_time_ns()
        answer = self._app(environ, start_response)
        body = list(answer)
        if hasattr(answer, "close"):
            answer.close()
        self.took += perf_counter_ns() - began
        self.cpu += thread_time_ns() - began_cpu
        return body


class Round(NamedTuple):
    """What one webhook took, in microseconds: in the app, and in the simulator."""

    app: float
    app_cpu: float
    simulator: float
    simulator_cpu: float


def main() -> None:
    """Measure, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulator", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="rounds to measure (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=40, help="calls in a round (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # away from any settings that lie about
        measure(Path(folder), arguments.rounds, arguments.calls)


def measure(folder: Path, rounds: int, calls: int) -> None:
    """Measure ivrkit's host with the simulator as its caller."""
    settings = Settings(auth_token=(TOKEN,), session_url=f"sqlite:///{folder / 'calls.sqlite3'}", dev=True)
    door = Door(create_app(settings))
    simulator = Simulator.for_app(door, token=TOKEN)
    assert simulator.call(SCRIPT).path == ["menu", "hours", "hours"], "the tree of acme-states is not installed"
    one_round(simulator, door, calls)  # warm
    measured = [one_round(simulator, door, calls) for _ in range(rounds)]
    print("one webhook, in process, signed: the simulator against the app that it calls\n")
    times = [each.simulator / each.app for each in measured]
    processor = [each.simulator_cpu / each.app_cpu for each in measured]
    print(line("simulator / app, time", times, ".3f"), f" goal: {GOAL}")
    print(line("simulator / app, processor", processor, ".3f"), f" goal: {GOAL}")
    print(line("app, time, us", [each.app for each in measured], ".0f"))
    print(line("simulator, time, us", [each.simulator for each in measured], ".0f"))


def one_round(simulator: Simulator, door: Door, calls: int) -> Round:
    """Make some calls; the figure is the mean of their webhooks."""
    door.took = door.cpu = webhooks = 0
    began, began_cpu = perf_counter_ns(), thread_time_ns()
    for _ in range(calls):
        webhooks += len(simulator.call(SCRIPT).responses)
    took, cpu = perf_counter_ns() - began, thread_time_ns() - began_cpu
    assert webhooks == 3 * calls
    each = 1000 * webhooks
    return Round(door.took / each, door.cpu / each, (took - door.took) / each, (cpu - door.cpu) / each)


if __name__ == "__main__":
    main()
