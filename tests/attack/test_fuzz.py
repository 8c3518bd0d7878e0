"""20,000 odd webhooks: no server error, no malformed document, no text of an error, and no memory that grows.

At full size (``make soak``) there are ten times as many.
"""

import collections
import logging
import random
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.attack.client import Answer, Client, send_raw
from tests.attack.odd_calls import OddCall
from tests.attack.odd_requests import call_app, odd_environ, raw_request
from tests.attack.servers import SERVERS, Server, tree
from tests.attack.size import generator, report, sized
from tests.attack.trees import attacked
from tests.processes import TOKEN
from tests.web.sample_trees import TreePlugin

from ivrkit import State

pytestmark = [pytest.mark.attack, pytest.mark.server]
#: The number of clients that send requests at the same time.
CLIENTS = 6
#: Server -> the number of webhooks in whole calls, and of raw requests.
COUNTS = {"serve": (7_000, 3_000), "gunicorn": (6_000, 3_000)}
#: The most that the memory of a server may grow after the first third of the requests. It grows until each thread has
#: run a turn and has opened the store: by the same 30 MB after 10,000 requests as after 100,000.
GROWTH = 1.3
#: A line of the log, or of a server's own log.
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ |\[")
#: The text of a forged line in the odd input.
FORGED = "2026-01-01 00:00:00,000"


class Results:
    """The results of an attack.

    :param name: its name in the report.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.statuses: collections.Counter[int] = collections.Counter()
        self.problems: list[tuple[str, object]] = []
        self.slowest = 0.0

    def add(self, answer: Answer, source: object) -> None:
        """Add an answer.

        :param source: the request, to show it if the answer has a problem.
        """
        self.statuses[answer.status] += 1
        self.slowest = max(self.slowest, answer.seconds)
        problem = answer.problem()
        if problem:
            self.problems.append((problem, source, answer.body[:300]))

    def __str__(self) -> str:
        counts = ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items()))
        return f"{self.name}: {self.statuses.total()} answers ({counts}), slowest {self.slowest:.2f} s"


def run_clients(run: Callable[[random.Random, int], None], name: str, count: int) -> None:
    """Run clients side by side.

    :param run: sends a number of requests; is called in several threads, with the random generator of each.
    :param name: the name of the attack.
    :param count: the number of requests of all clients together.
    """
    with ThreadPoolExecutor(CLIENTS) as pool:
        generators = [generator(f"{name} {index}") for index in range(CLIENTS)]
        for done in [pool.submit(run, each, count // CLIENTS) for each in generators]:
            done.result()


def send_calls(server: Server, results: Results, name: str, count: int) -> None:
    """Send the webhooks of odd calls to a server."""

    def run(rng: random.Random, number: int) -> None:
        client = Client(server.port)
        call = OddCall(client, rng)
        for _ in range(number):
            if call.is_over or rng.random() < 0.05:
                call = OddCall(client, rng)
            results.add(call.step(), call.sid)
        client.close()

    run_clients(run, name, count)


def send_raw_requests(server: Server, results: Results, name: str, count: int) -> None:
    """Send odd bytes to a server."""

    def run(rng: random.Random, number: int) -> None:
        for _ in range(number):
            request = raw_request(rng, server.base)
            for answer in send_raw(server.port, request):
                if not is_answer_of_gunicorn(answer):
                    results.add(answer, request[:500])

    run_clients(run, name, count)


def is_answer_of_gunicorn(answer: Answer) -> bool:
    """Return whether gunicorn itself refused a request that it does not support. Then ivrkit did not see the request.

    Its answers are small pages, for example 501 for an unknown Transfer-Encoding.
    """
    return answer.status in (501, 505) and b"<title>" in answer.body


def forged_lines(output: str) -> list[str]:
    """Return the lines of a server's output that a request has put there, or that belong to an error."""
    lines = [line for line in output.rstrip("\n").split("\n") if not line.startswith("Serving ")]
    return [line for line in lines if not LOG_LINE.match(line) or FORGED in line[:40] or not line.isprintable()]


@pytest.mark.parametrize("server_name", SERVERS)
def test_odd_webhooks_get_an_answer(start_server: Callable[..., Server], server_name: str):
    """A server answers each odd webhook without an error, and its memory does not grow with the number of requests."""
    server = start_server(
        server_name, plugins=tree("attacked.py"), settings='session_url = "sqlite:///calls.sqlite3"\n'
    )
    results = Results(f"fuzz {server_name}")
    webhooks, raw = (sized(count) for count in COUNTS[server_name])
    memory = []
    for part in range(3):
        send_calls(server, results, f"{server_name} calls {part}", webhooks // 3)
        send_raw_requests(server, results, f"{server_name} raw {part}", raw // 3)
        memory.append(server.memory())
    figures = ", ".join(f"{size / 1e6:.0f}" for size in memory)
    report(f"{results}; memory after each third: {figures} MB")
    assert results.problems == []
    assert results.statuses[200] > webhooks / 2
    assert memory[-1] < memory[0] * GROWTH
    client = Client(server.port)
    assert OddCall(client, generator("end")).step().status == 200
    client.close()
    assert forged_lines(server.output) == []


STATES = {name: value for name, value in vars(attacked).items() if isinstance(value, State)}
#: Name of a host -> its settings.
HOSTS = {
    "a token": {},
    "two tokens": {"auth_token": (TOKEN, "the next token")},
    "accounts and shared keys": {"accounts": {f"AC{'5' * 32}": "of the account"}, "shared_keys": {"a": "of the key"}},
    "a proxy": {"trusted_proxies": 1},
    "a public URL": {"public_url": "https://ivr.example.com/ivr"},
    "dev mode with a token": {"dev": True},
    "dev mode": {"dev": True, "auth_token": ()},
}


@pytest.mark.parametrize("host", HOSTS)
def test_odd_requests_get_an_answer_from_every_host(make_app, caplog, host):
    """With any settings, an odd request gets an answer, also one that no server would pass on."""
    caplog.set_level(logging.CRITICAL, logger="ivrkit")
    app = make_app(TreePlugin(STATES), **HOSTS[host])
    rng, results = generator(f"host {host}"), Results(f"fuzz in process, {host}")
    tokens = (TOKEN, "the next token", "of the account", "of the key")
    for _ in range(sized(600)):
        environ = odd_environ(rng, "localhost:5000", tokens)
        shown = {name: value for name, value in environ.items() if isinstance(value, str)}
        results.add(call_app(app, environ), shown)
    report(str(results))
    assert results.problems == []
    assert {200, 403, 404, 405} <= {*results.statuses}
