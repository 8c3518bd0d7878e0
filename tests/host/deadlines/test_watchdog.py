"""The watchdog: code of plugins that misses its deadline is logged with its stack, and its turn acts on it."""

import logging
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest

from ivrkit import Owner, State
from ivrkit.flow.run.plugin_code import PluginCode
from ivrkit.host.deadlines import watchdog
from ivrkit.host.deadlines.attempt import Attempt
from ivrkit.host.deadlines.turn_guard import TurnGuard
from ivrkit.host.deadlines.watchdog import Watchdog
from ivrkit.host.rate_limit import RateLimit

OWNER = Owner("shop", "1.0")
SLOW = PluginCode("enter", OWNER, State("x", name="slow", owner=OWNER, deadline=0.1))
HOOK = PluginCode("ivrkit_call_ended", OWNER, None)


class MissGate:
    """A gate with the method ``missed``. The event ``missed_one`` is set at the first missed deadline."""

    def __init__(self):
        self.events, self.missed_one = [], threading.Event()

    def enter(self, code, sid):
        """Record the call."""
        self.events.append("enter")

    def missed(self, code, sid):
        """Record the miss."""
        self.events.append(f"missed {code} {sid}")
        self.missed_one.set()

    def leave(self, code, sid, error):
        """Record the call."""
        self.events.append("leave")


class PlainGate:
    """A gate without the method ``missed``."""

    def enter(self, code, sid):
        """Do nothing."""

    def leave(self, code, sid, error):
        """Do nothing."""


@pytest.fixture(autouse=True)
def _new_limit(monkeypatch):
    """Let each test log the first lines."""
    monkeypatch.setattr(watchdog, "_misses", RateLimit())


def run_until_missed(gate, code, attempt=None, sid="CA1"):
    """Run code that waits until it has missed its deadline."""
    guard = TurnGuard(sid, [PlainGate(), gate], attempt, deadline=0.01)
    with guard.turn():
        return guard(code, lambda: wait_for_the_watchdog(gate, "4711"))


def wait_for_the_watchdog(gate, pin):
    """Wait until the watchdog has found this code."""
    return gate.missed_one.wait()


def test_a_missed_deadline_is_logged_with_the_stack(logged):
    """The log has owner, state, call and the source lines of the stack from the plugin's code on, without values."""
    gate = MissGate()
    assert run_until_missed(gate, SLOW, sid="CA1\nforged")
    missed, ended = logged()
    first, *stack = missed.splitlines()
    assert first.startswith("ERROR state 'slow' of shop 1.0 has run for 0.")
    assert first.endswith(r" seconds in call CA1\nforged, but its deadline is 0.1 seconds: its stack")
    assert stack[0].endswith(", in <lambda>")
    assert stack[1:3] == [
        '      return guard(code, lambda: wait_for_the_watchdog(gate, "4711"))',
        *[line for line in stack if line.endswith(", in wait_for_the_watchdog")],
    ]
    assert "return gate.missed_one.wait()" in missed
    assert "wait_for_the_watchdog" in missed
    assert ended.startswith("WARNING state 'slow' of shop 1.0 has ended after 0.")
    assert ended.endswith(r" seconds in call CA1\nforged: its result is used")


def test_the_gates_learn_of_a_missed_deadline():
    """A gate with the method ``missed`` is told while the code still runs. Afterwards, the code leaves the gate."""
    gate = MissGate()
    run_until_missed(gate, HOOK)
    assert gate.events == ["enter", "missed ivrkit_call_ended of shop 1.0 CA1", "leave"]


def test_the_late_result_of_an_abandoned_attempt_is_logged_as_thrown_away(logged):
    """The log says whether the late result of the code is used."""
    attempt = Attempt(missed=Attempt.abandon)
    run_until_missed(MissGate(), SLOW, attempt)
    assert logged()[-1].endswith(" seconds in call CA1: its result is thrown away")


def test_many_missed_deadlines_do_not_flood_the_log(logged, monkeypatch):
    """The log has at most five stacks of the same code a minute. The next line has the number of the others."""
    now = [0.0]
    monkeypatch.setattr(watchdog, "_misses", RateLimit(lambda: now[0]))
    for _ in range(7):
        run_until_missed(MissGate(), HOOK)
    assert sum("its stack" in line for line in logged()) == 5
    now[0] = 61.0
    run_until_missed(MissGate(), HOOK)
    assert "its deadline is 0.01 seconds (2 more were not logged): its stack" in logged()[0]


def test_an_error_in_the_log_does_not_stop_the_watchdog(capsys):
    """If a log handler of the application fails, the turn still acts on the missed deadline, and so do later turns."""

    class Broken(logging.Handler):
        def handle(self, record):
            raise RuntimeError("no disk")

    handler, logger = Broken(), logging.getLogger("ivrkit.plugins")
    logger.addHandler(handler)
    try:
        for _ in range(2):
            gate = MissGate()
            with pytest.raises(RuntimeError, match="no disk"):  # of the line about the late end
                run_until_missed(gate, HOOK)
            assert gate.events[1].startswith("missed")
    finally:
        logger.removeHandler(handler)
    assert "no disk" in capsys.readouterr().err


def test_code_in_a_debugger_has_no_deadline(logged):
    """Code that a developer has stopped in a debugger does not miss its deadline."""
    attempt, gate, checked = Attempt(), MissGate(), threading.Event()
    dog = Watchdog()
    guard = TurnGuard("CA1", [gate], attempt, deadline=0.0)
    namespace = {"__name__": "pdb", "checked": checked}
    exec("def interaction(): return checked.wait()", namespace)
    thread = threading.Thread(target=lambda: guard(HOOK, namespace["interaction"]))
    thread.start()
    dog.add(guard)
    while not attempt.in_debugger:
        pass
    checked.set()
    thread.join()
    dog.remove(guard)
    assert gate.events == ["enter", "leave"]
    assert logged() == []


def test_code_that_has_just_ended_has_no_stack(logged):
    """If the code ends at the moment of its deadline, the log has no stack of something else."""
    attempt, gate = Attempt(), MissGate()
    running = attempt.start(HOOK, "CA1", 0.0)
    running.thread = -1
    with watched(TurnGuard("CA1", [gate], attempt)):
        gate.missed_one.wait()
    (line,) = logged()
    assert line.endswith(": its stack")


def test_a_watchdog_has_one_thread():
    """Two turns that start at the same time start one thread."""
    dog = Watchdog()
    before = threading.active_count()
    dog._start()
    dog._start()
    assert threading.active_count() == before + 1


@contextmanager
def watched(guard):
    """Let a watchdog watch a turn."""
    dog = Watchdog()
    dog.add(guard)
    yield
    dog.remove(guard)


FORK = """
import os, threading
from ivrkit import Owner
from ivrkit.flow.run.plugin_code import PluginCode
from ivrkit.host.deadlines.turn_guard import TurnGuard

class Gate:
    def __init__(self): self.event = threading.Event()
    def enter(self, code, sid): pass
    def leave(self, code, sid, error): pass
    def missed(self, code, sid): self.event.set()

def run():
    gate = Gate()
    guard = TurnGuard("CA1", [gate], deadline=0.0)
    with guard.turn():
        guard(PluginCode("ivrkit_call_ended", Owner("shop"), None), gate.event.wait)

outer = TurnGuard("CA1", [])
with outer.turn():
    run()
    child = os.fork()
    run()
if child == 0:
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_child_process_has_a_watchdog_of_its_own():
    """After a fork, the code in the child process has deadlines, too."""
    command = [sys.executable, "-W", "ignore", "-c", FORK]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout == "7\n"


def test_the_watchdog_is_a_daemon_thread_with_a_name():
    """The watchdog does not hold up the end of the process, and a dump of all stacks names it."""
    assert run_until_missed(MissGate(), SLOW)
    found = [each for each in threading.enumerate() if each.name == "ivrkit-watchdog"]
    assert found
    assert all(each.daemon for each in found)
