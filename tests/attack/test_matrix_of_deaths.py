"""Code that ends its process, hangs or stops all threads, at each place of a plugin, while other callers call.

In CI each fate is tried on each server, at another place; at full size each fate at each place.
"""

import http.client
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from tests.attack.callers import TWILIO_TIMEOUT, PatientCaller, new_sid, other_callers
from tests.attack.cells import PLACES, number_of
from tests.attack.client import Client
from tests.attack.lethal_fates import DEADLINE, HANGING, LETHAL, STOPPING, WORKER_TIMEOUT
from tests.attack.servers import SERVERS, Server, tree
from tests.attack.size import FULL, generator, report
from tests.processes import wait_until

pytestmark = [pytest.mark.attack, pytest.mark.server]
SETTINGS = f"""\
block = ["acme-states"]
session_url = "sqlite:///calls.sqlite3"
operator = "fine"
deadline = {DEADLINE}
worker_timeout = {WORKER_TIMEOUT}
quarantine_failures = 0
"""


@dataclass(frozen=True)
class Result:
    """The result of a call to one cell.

    :param place: one of ``PLACES``.
    :param fate: the name of a fate.
    :param caller: the caller.
    :param problem: the reason why the call was not led on, or ``""``.
    """

    place: str
    fate: str
    caller: PatientCaller
    problem: str

    @property
    def slowest(self) -> float:
        """The longest time that the caller waited for an answer, in seconds."""
        return max((each.seconds for each in self.caller.answers), default=0.0)


def call_cell(server: Server, place: str, fate: str, sid: str) -> Result:
    """Make a call to a cell, go on to the state ``fine``, and hang up."""
    client = Client(server.port, timeout=TWILIO_TIMEOUT, keeps_connection=False)
    caller, problem = PatientCaller(client, sid, number_of(place, fate)), ""
    try:
        caller.walk("Fine.")
        caller.hang_up()
        if "Fine." not in caller.heard:
            problem = f"heard {caller.heard!r}"
    except (OSError, http.client.HTTPException) as error:
        problem = f"{error!r} after {caller.failures}"
    return Result(place, fate, caller, f"{place}, {fate}: {problem}" if problem else "")


def cells_of(fates: dict[str, object]) -> list[list[tuple[str, str]]]:
    """Return groups of (place, fate): in CI one group in which each fate has another place, else one for each fate.

    No group has a place twice: code in which two workers died is not run again.
    """
    if FULL:
        return [[(place, fate) for place in PLACES] for fate in fates]
    return [[(PLACES[(2 * number) % len(PLACES)], fate) for number, fate in enumerate(fates)]]


def group_name(cells: list[tuple[str, str]]) -> str:
    """Return the name of a group for the name of a test."""
    return cells[0][1] if FULL else f"{len(cells)} fates"


@pytest.fixture
def start(start_server) -> Callable[[str], Server]:
    """Return a function that starts a server with the evil plugin."""

    def start(server_name: str) -> Server:
        plugins = {**tree("director.py"), **tree("evil.py")}
        return start_server(server_name, settings=SETTINGS, plugins=plugins)

    return start


@pytest.mark.parametrize("cells", cells_of(LETHAL), ids=group_name)
@pytest.mark.parametrize("server_name", SERVERS)
def test_code_that_ends_its_process(start, server_name, cells):
    """The caller goes on through the fallback URL, the log names the plugin and the call, and nobody is refused."""
    server, rng, results = start(server_name), generator(f"lethal {server_name}"), []
    with other_callers(server.port, 2, patient=True) as others:
        for place, fate in cells:
            wait_until(lambda: len(server.workers()) >= 2, lambda: server.output)
            results.append(call_cell(server, place, fate, new_sid(rng)))
    report(
        f"lethal {server_name}: {len(results)} cells; {len(others.seconds)} answers to other callers, slowest"
        f" {others.slowest:.2f} s, {len(others.failures)} answered by the fallback"
    )
    assert [each.problem for each in results if each.problem] == []
    for each in results:
        assert each.caller.failures, f"{each.fate} at {each.place} harmed nobody"
        lines = [line for line in server.output.splitlines() if each.caller.sid in line and "evil.py" in line]
        assert any("died" in line or "exited" in line for line in lines), (each.place, each.fate, lines)
    assert others.problems == []
    assert not [each for each in others.failures if isinstance(each, ConnectionRefusedError)]
    assert others.slowest < TWILIO_TIMEOUT


@pytest.mark.parametrize("cells", cells_of(HANGING), ids=group_name)
@pytest.mark.parametrize("server_name", SERVERS)
def test_code_that_hangs(start, server_name, cells):
    """The caller is answered in time, the log names the plugin and the call, and other callers notice nothing."""
    server, rng = start(server_name), generator(f"hanging {server_name}")
    with other_callers(server.port, 2) as others:
        results = [call_cell(server, place, fate, new_sid(rng)) for place, fate in cells]
    report(
        f"hanging {server_name}: {len(results)} cells, slowest {max(each.slowest for each in results):.2f} s;"
        f" {len(others.seconds)} answers to other callers, slowest {others.slowest:.2f} s"
    )
    assert [each.problem for each in results if each.problem] == []
    for each in results:
        assert each.caller.failures == []
        assert each.slowest < 10
        lines = [line for line in server.output.splitlines() if each.caller.sid in line and "evil.py" in line]
        assert any("deadline" in line or "has run for" in line for line in lines), (each.place, each.fate, lines)
    assert others.problems == []
    assert others.slowest < 5


@pytest.mark.parametrize("cells", cells_of(STOPPING), ids=group_name)
def test_code_that_holds_the_gil(start, cells):
    """``ivrkit serve`` replaces a worker in which no Python code runs, and the log names the plugin and the call."""
    server, rng, results = start("serve"), generator("stopping"), []
    with other_callers(server.port, 2, patient=True) as others:
        for place, fate in cells:
            wait_until(lambda: len(server.workers()) >= 2, lambda: server.output)
            results.append(call_cell(server, place, fate, new_sid(rng)))
    report(
        f"stopping serve: {len(results)} cells; {len(others.seconds)} answers to other callers, slowest"
        f" {others.slowest:.2f} s, {len(others.failures)} answered by the fallback"
    )
    assert [each.problem for each in results if each.problem] == []
    for each in results:
        lines = [line for line in server.output.splitlines() if each.caller.sid in line and "evil.py" in line]
        assert any("is replaced" in line for line in lines), (each.place, each.fate, lines)
    assert others.problems == []
