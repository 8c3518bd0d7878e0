"""The quarantine on real servers: a state that fails in one worker is skipped by all workers."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from tests.attack.callers import Caller
from tests.attack.client import Client
from tests.attack.servers import SERVERS, Server

pytestmark = [pytest.mark.attack, pytest.mark.server]
#: The state is not tried again by itself: the tests release it.
SETTINGS = """\
block = ["acme-states"]
start = "menu"
session_url = "sqlite:///calls.sqlite3"
deadline = 0.2
quarantine_failures = 4
quarantine_retry = 3600
"""
#: A menu that says in which worker it runs, and a state that fails in the way that the file ``fate`` names.
PLUGIN = """
import os
import time
from dataclasses import replace
from pathlib import Path

from ivrkit import HOME, Menu, MenuOption, State, hookimpl

RUNS = Path("runs")


def say_worker(call):
    return Menu(f"Worker {os.getpid()}.")


def run(call):
    with RUNS.open("a") as file:
        file.write("x")
    fate = Path("fate").read_text()
    if fate == "fail":
        raise ValueError("the database is down")
    if fate == "hang":
        time.sleep(2)
    if fate == "abort":
        os.abort()
    return "It works."


@hookimpl
def ivrkit_edit_state(state):
    return replace(state, enter=say_worker) if state.name == "menu" else None


@hookimpl
def ivrkit_state_quarantined(state, reason):
    with Path("events").open("a") as file:
        file.write(f"{state.name} {reason}\\n")


desk = State(run, HOME, options=MenuOption("1", "the desk"))
"""
UNAVAILABLE = "Sorry, that is not available at the moment."
#: How long the workers may take to do what they must, in seconds. They take about one.
PATIENCE = 30.0


class Line:
    """Calls to a server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def call(self, *keys: str) -> Caller:
        """Make a call, press keys, and return the caller."""
        client = Client(self._server.port)
        caller = Caller(client, f"CA{secrets.token_hex(16)}")
        try:
            caller.dial()
            for key in keys:
                caller.press(key)
        finally:
            client.close()
        return caller

    def menus(self) -> dict[str, bool]:
        """Return the worker of each menu, and whether all its menus have the option, after several calls at once."""
        found: dict[str, bool] = {}
        with ThreadPoolExecutor(8) as pool:
            for caller in pool.map(lambda _: self.call(), range(8)):
                worker = caller.heard.split()[1]
                found[worker] = found.get(worker, True) and "For the desk, press one." in caller.heard
        return found

    def wait_for_menus(self, *, offered: bool) -> list[str]:
        """Wait until two workers have menus with the option, or without it, and return the workers."""
        end = time.monotonic() + PATIENCE
        seen: dict[str, bool] = {}
        while time.monotonic() < end:
            seen |= self.menus()
            workers = [worker for worker in seen if worker in {f"{pid}." for pid in self._server.workers()}]
            if len(workers) == 2 and all(seen[worker] is offered for worker in workers):
                return workers
        raise AssertionError(f"the menus of the workers: {seen}")


def ivrkit(server: Server, *arguments: str) -> str:
    """Run a command in the folder of a server, and return its output."""
    done = subprocess.run(
        ["ivrkit", "quarantine", *arguments],
        cwd=server.folder,
        env={**os.environ, "TWILIO_AUTH_TOKEN": "12345"},
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    return done.stdout


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, start_server: Callable[..., Server]) -> Server:
    """Return a server with two workers and the tree of this module."""
    server = start_server(request.param, settings=SETTINGS, plugins={"desk.py": PLUGIN}, wait=False)
    (server.folder / "fate").write_text("work")
    server.running.wait()
    return server


def runs(server: Server) -> int:
    """Return how often the function of the state has run."""
    return len((server.folder / "runs").read_text())


@pytest.mark.parametrize(("fate", "reason"), [("fail", "4 failures"), ("hang", "4 missed deadlines")])
def test_all_workers_skip_a_state_that_fails(server: Server, fate: str, reason: str):
    """After four failures both workers leave the option out, and run the state again after its release."""
    line = Line(server)
    line.wait_for_menus(offered=True)
    (server.folder / "fate").write_text(fate)
    for _ in range(4):
        assert "We are sorry, something went wrong." in line.call("1").heard
    line.wait_for_menus(offered=False)
    assert runs(server) == 4
    with ThreadPoolExecutor(8) as pool:
        assert all(UNAVAILABLE in caller.heard for caller in pool.map(lambda _: line.call("1"), range(8)))
    assert runs(server) == 4
    (entry,) = json.loads(ivrkit(server, "--json"))
    assert (entry["state"], entry["reason"]) == ("desk", f"{reason} in 60 s")
    assert (server.folder / "events").read_text() == f"desk {reason} in 60 s\n"
    assert f"state 'desk' of desk.py is in quarantine: {reason} in 60 s. " in server.output
    (server.folder / "fate").write_text("work")
    assert ivrkit(server, "clear", "desk") == "desk is released\n"
    line.wait_for_menus(offered=True)
    assert "It works." in line.call("1").heard


def test_a_state_that_has_killed_two_workers_is_skipped(server: Server):
    """After two deaths the new workers leave the option out, and never run the state until its release."""
    line = Line(server)
    line.wait_for_menus(offered=True)
    (server.folder / "fate").write_text("abort")
    for _ in range(2):
        with suppress(OSError):
            line.call("1")
        line.wait_for_menus(offered=runs(server) < 2)
    with ThreadPoolExecutor(8) as pool:
        assert all(UNAVAILABLE in caller.heard for caller in pool.map(lambda _: line.call("1"), range(8)))
    assert runs(server) == 2
    (entry,) = json.loads(ivrkit(server, "--json"))
    assert (entry["state"], entry["reason"], entry["next_try"]) == ("desk", "2 workers died in it", None)
    (server.folder / "fate").write_text("work")
    ivrkit(server, "clear", "desk")
    line.wait_for_menus(offered=True)
    assert "It works." in line.call("1").heard


def test_a_person_closes_a_state_without_a_restart(server: Server):
    """A command closes a state that works, and opens it again, in all workers."""
    line = Line(server)
    workers = line.wait_for_menus(offered=True)
    ivrkit(server, "add", "desk", "--reason", "the CRM is down")
    assert sorted(line.wait_for_menus(offered=False)) == sorted(workers)
    assert UNAVAILABLE in line.call("1").heard
    ivrkit(server, "clear", "--all")
    line.wait_for_menus(offered=True)
    assert "It works." in line.call("1").heard
