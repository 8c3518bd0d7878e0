"""``python -m benchmarks.deadlines``: the cost of the deadlines of plugins' code.

1. One webhook in this process, with the gates, the deadline and the watchdog, and without them.
2. The same webhook as on a WSGI server with threads: handed over to a thread for turns, and in the server's thread.
3. The server granian with the front of ``ivrkit serve``, and with granian's own WSGI interface: one worker, the time of
   a webhook for one client and for eight, and the CPU time of the worker.

The variants run in turns, in one run. A figure is the median over the rounds, printed with the interquartile range.
In this process, the figures are the CPU time of all threads, because other programs disturb it less.
The phone tree's states are functions: each webhook runs an exit function, an ``enter`` function and two hooks.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask

from benchmarks import calls
from benchmarks.__main__ import line
from ivrkit import SAME, Call, Settings, State, ask, hookimpl, leads_to
from ivrkit.host.deadlines.attempt import Attempt
from ivrkit.host.dispatcher import Dispatcher
from ivrkit.web import create_app
from ivrkit.web.front.front import Front

#: The gates, the deadline and the watchdog must add at most this fraction to a webhook.
GOAL = 1.05
#: The variables of the environment with the settings of the servers.
_FOLDER = "IVRKIT_BENCHMARK_FOLDER"
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}


@leads_to(SAME)
def _again(call: Call) -> object:
    return SAME


class Tree:
    """A plugin with one state whose functions run in each webhook, and two hooks."""

    @hookimpl
    def ivrkit_register_states(self) -> dict[str, State]:
        """Return the state."""
        return {"count": State(lambda call: ask(f"You pressed {call.digits}."), _again)}

    @hookimpl
    def ivrkit_state_entered(self, call: Call, state: State) -> None:
        """Observe the state."""

    @hookimpl
    def ivrkit_state_left(self, call: Call, state: State) -> None:
        """Observe the state."""


def make_app(folder: Path, **settings: Any) -> Flask:
    """Return an app with the phone tree.

    :param folder: the folder for the session store.
    """
    url = f"sqlite:///{folder / 'calls.sqlite3'}"
    given = Settings(start="count", auth_token=(calls.TOKEN,), session_url=url, **settings)
    return create_app(given, plugins={"tree": Tree()})


def wsgi_app() -> Flask:
    """Return the app for granian's WSGI interface."""
    return make_app(Path(os.environ[_FOLDER]), public_url=f"https://{calls.HOST}")


def front() -> Front:
    """Return the front of the app, for granian's RSGI interface."""
    return Front(wsgi_app())


def without_guard(dispatcher: Dispatcher, params: Any, **options: Any) -> Any:
    """Answer a webhook without gates, deadline and watchdog."""
    step, cookie, token = options["fallback_step"], options["cookie"], options["token"]
    return dispatcher._answer_webhook(params, token, step, cookie, Attempt())


@contextmanager
def unguarded() -> Iterator[None]:
    """Return a context manager in which all dispatchers answer without gates, deadline and watchdog."""
    guarded = Dispatcher.answer_webhook
    Dispatcher.answer_webhook = without_guard  # type: ignore[method-assign,assignment]  # for the measurement
    try:
        yield
    finally:
        Dispatcher.answer_webhook = guarded  # type: ignore[method-assign]  # the original


def time_of(app: calls.WSGIApp, **environ: object) -> float:
    """Make one call, and return the CPU time of one webhook in microseconds."""
    sid, cookie, total = calls.new_sid(), "", 0
    for turn in range(len(calls.KEYS)):
        request = {**calls.environ_of(sid, turn, cookie), **environ}
        began = time.process_time_ns()
        reply = calls.send(app, request)
        total += time.process_time_ns() - began
        assert reply.status == "200 OK", reply.body
        cookie = reply.cookie or cookie
    return total / len(calls.KEYS) / 1000


def compare(title: str, rounds: list[tuple[float, float]], goal: str = "") -> None:
    """Print the ratio of two variants and their times.

    :param title: both variants, the measured one first: ``with guard / without``.
    :param rounds: the times of both variants in each round.
    """
    first, _, second = title.partition(" / ")
    print(line(f"{title}, ratio", [one / other for one, other in rounds], ".3f"), goal)
    print(line(f"  {first}, us", [one for one, _ in rounds], ".0f"))
    print(line(f"  {second}, us", [other for _, other in rounds], ".0f"))


def measure_in_process(folder: Path, rounds: int, count: int) -> None:
    """Measure the guard and the handover. The variants take turns with each call."""
    app = make_app(folder)
    guard, handover = [], []
    for _ in range(rounds):
        times: list[tuple[float, float, float]] = []
        for _ in range(count):
            with_guard, handed_over = time_of(app), time_of(app, SERVER_SOFTWARE="benchmark")
            with unguarded():
                times.append((with_guard, handed_over, time_of(app)))
        guarded, handed_over, bare = (statistics.median(each) for each in zip(*times, strict=True))
        guard.append((guarded, bare))
        handover.append((handed_over, guarded))
    compare("with guard / without", guard, f" goal: {GOAL}")
    compare("handed over / in the server's thread", handover)


class Server:
    """A granian server with one worker.

    :param interface: ``wsgi`` or ``rsgi``.
    """

    def __init__(self, interface: str, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        target = "wsgi_app" if interface == "wsgi" else "front"
        # As many threads as `ivrkit serve` used with granian's WSGI interface.
        options = ["--blocking-threads", "5"] if interface == "wsgi" else ["--task-impl", "asyncio"]
        command = [sys.executable, "-m", "granian", "--interface", interface, "--factory", "--no-ws", *options]
        command += ["--port", str(self.port), "--log-level", "warning", f"benchmarks.deadlines:{target}"]
        environ = {**os.environ, _FOLDER: str(folder), "PYTHONPATH": str(Path(__file__).parents[1])}
        self._process = subprocess.Popen(command, env=environ)  # noqa: S603  our own command line
        while not self._answers():
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=5).request("GET", "/healthz")
        except OSError:
            return False
        return True

    def cpu(self) -> float:
        """Return the CPU time of the worker in microseconds."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text(encoding="ascii")
        fields = [
            Path(f"/proc/{each}/stat").read_text(encoding="ascii").rpartition(")")[2] for each in children.split()
        ]
        ticks = sum(int(each.split()[11]) + int(each.split()[12]) for each in fields)
        return ticks / os.sysconf("SC_CLK_TCK") * 1e6

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        self._process.wait()


def send_calls(port: int, count: int, elapsed: list[float]) -> None:
    """Make some calls on one connection, and record the time of each webhook in microseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(count):
        sid, cookie = calls.new_sid(), ""
        for turn, key in enumerate(calls.KEYS):
            fields = calls.fields_of(sid, key)
            headers = {
                **_HEADERS,
                "X-Twilio-Signature": calls.sign(fields),
                "I-Twilio-Idempotency-Token": f"{sid}{turn}",
            }
            body = urlencode(fields)
            began = time.perf_counter()
            connection.request("POST", "/webhook", body, {**headers, **({"Cookie": cookie} if cookie else {})})
            response = connection.getresponse()
            response.read()
            elapsed.append((time.perf_counter() - began) * 1e6)
            assert response.status == 200
            cookie = (response.headers["Set-Cookie"] or cookie).partition(";")[0]


def load(server: Server, clients: int, count: int) -> tuple[float, float]:
    """Return the time of one webhook and the CPU time of the worker for one webhook, in microseconds."""
    elapsed: list[float] = []
    before = server.cpu()
    threads = [threading.Thread(target=send_calls, args=(server.port, count, elapsed)) for _ in range(clients)]
    run_all: list[Callable[[], None]] = [each.start for each in threads] + [each.join for each in threads]
    for run in run_all:
        run()
    return statistics.median(elapsed), (server.cpu() - before) / len(elapsed)


def measure_servers(folder: Path, rounds: int, count: int) -> None:
    """Measure the front against granian's WSGI interface."""
    servers = {interface: Server(interface, folder) for interface in ("rsgi", "wsgi")}
    try:
        for clients in (1, 8):
            results = [[load(servers[each], clients, count) for each in ("rsgi", "wsgi")] for _ in range(rounds)]
            compare(f"front / WSGI, {clients} clients", [(rsgi[0], wsgi[0]) for rsgi, wsgi in results])
            compare(f"front / WSGI, {clients} clients, CPU", [(rsgi[1], wsgi[1]) for rsgi, wsgi in results])
    finally:
        for each in servers.values():
            each.stop()


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.deadlines", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="rounds to measure (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=20, help="calls in a round (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # a folder without settings
        measure_in_process(Path(folder), arguments.rounds, arguments.calls)
        measure_servers(Path(folder), max(arguments.rounds // 4, 3), arguments.calls * 5)


if __name__ == "__main__":
    main()
