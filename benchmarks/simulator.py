"""``python -m benchmarks.simulator``: the time of the simulator, compared with the app that it calls.

The benchmark makes calls of three webhooks to an app in the same process. A WSGI wrapper measures the time in the app;
the rest of a call is the time of the simulator. Both times come from the same call, so nothing has to be interleaved.
A figure is the median over the rounds, printed with the interquartile range.
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

TOKEN = "12345"  # noqa: S105  no real account has it
#: The simulator must take at most as long as the app that it calls.
GOAL = 1.0
#: The call starts in the menu, 3 leads to the state hours, 1 repeats it.
SCRIPT = (Press("3"), Press("1"))


class TimedApp:
    """A WSGI app with the time that was spent in it.

    :param app: the WSGI app.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self.elapsed = self.cpu = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        """Call the app, and add the time until its response is complete."""
        began, began_cpu = perf_counter_ns(), thread_time_ns()
        response = self._app(environ, start_response)
        body = list(response)
        if hasattr(response, "close"):
            response.close()
        self.elapsed += perf_counter_ns() - began
        self.cpu += thread_time_ns() - began_cpu
        return body


class Round(NamedTuple):
    """Microseconds of one webhook in the app and in the simulator."""

    app: float
    app_cpu: float
    simulator: float
    simulator_cpu: float


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulator", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="rounds to measure (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=40, help="calls in a round (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # a folder without settings
        measure(Path(folder), arguments.rounds, arguments.calls)


def measure(folder: Path, rounds: int, calls: int) -> None:
    """Measure calls of the simulator to ivrkit's host."""
    settings = Settings(auth_token=(TOKEN,), session_url=f"sqlite:///{folder / 'calls.sqlite3'}", dev=True)
    app = TimedApp(create_app(settings))
    simulator = Simulator.for_app(app, token=TOKEN)
    assert simulator.call(SCRIPT).path == ["menu", "hours", "hours"], "acme-states is not installed"
    run_round(simulator, app, calls)  # warm up
    measured = [run_round(simulator, app, calls) for _ in range(rounds)]
    print("One signed webhook in this process: the time of the simulator compared with the app.\n")
    times = [each.simulator / each.app for each in measured]
    processor = [each.simulator_cpu / each.app_cpu for each in measured]
    print(line("simulator / app, elapsed", times, ".3f"), f" goal: {GOAL}")
    print(line("simulator / app, CPU", processor, ".3f"), f" goal: {GOAL}")
    print(line("app, elapsed, us", [each.app for each in measured], ".0f"))
    print(line("simulator, elapsed, us", [each.simulator for each in measured], ".0f"))


def run_round(simulator: Simulator, app: TimedApp, calls: int) -> Round:
    """Make some calls; return the mean of their webhooks."""
    app.elapsed = app.cpu = webhooks = 0
    began, began_cpu = perf_counter_ns(), thread_time_ns()
    for _ in range(calls):
        webhooks += len(simulator.call(SCRIPT).responses)
    elapsed, cpu = perf_counter_ns() - began, thread_time_ns() - began_cpu
    assert webhooks == 3 * calls
    each = 1000 * webhooks  # nanoseconds of all webhooks -> microseconds of one
    return Round(app.elapsed / each, app.cpu / each, (elapsed - app.elapsed) / each, (cpu - app.cpu) / each)


if __name__ == "__main__":
    main()
