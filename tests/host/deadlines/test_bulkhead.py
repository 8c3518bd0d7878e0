"""The bulkhead: bounds of the calls that are in the code of a state, of a plugin, and of all plugins."""

import threading
from contextlib import contextmanager

import pytest

from ivrkit import Owner, State
from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode
from ivrkit.host.deadlines import bulkhead
from ivrkit.host.deadlines.bulkhead import Bulkhead


def code(name, plugin="shop"):
    """Return the enter function of a state, or a hook implementation if the name is a hook."""
    owner = Owner(plugin, "1.0")
    if name.startswith("ivrkit_"):
        return PluginCode(name, owner, None)
    return PluginCode("enter", owner, State("x", name=name, owner=owner))


@pytest.fixture
def time(monkeypatch):
    """Return a clock that stands still. ``time[0]`` is the time in seconds."""
    now = [100.0]
    monkeypatch.setattr(bulkhead, "clock", lambda: now[0])
    return now


@contextmanager
def calls_in(gate, each, count):
    """Let calls enter code, each in a thread of its own, and leave it at the end of the block."""
    release = threading.Event()
    entered = threading.Semaphore(0)

    def call():
        gate.enter(each, "CA1")
        entered.release()
        release.wait()
        gate.leave(each, "CA1", None)

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    for _ in threads:
        entered.acquire()
    try:
        yield
    finally:
        release.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize(
    ("full", "another", "free", "message"),
    [
        ("slow", "slow", "fast", "2 calls are in the code of state 'slow' already"),
        ("ivrkit_call_started", "fast", None, "3 calls are in the code of shop 1.0 already"),
    ],
)
def test_a_call_is_refused_if_the_code_hangs(time, full, another, free, message):
    """If the last call entered the code long ago, the code hangs, and another call is refused at once."""
    gate = Bulkhead(per_state=2, per_plugin=3, total=4)
    with calls_in(gate, code(full), 2 if free else 3):
        time[0] += bulkhead.PATIENCE
        with pytest.raises(CodeRefused) as refused:
            gate.enter(code(another), "CA2")
        assert refused.value.message == message
        for allowed in filter(None, (code(free) if free else None, code("other", "other"))):
            gate.enter(allowed, "CA2")
            gate.leave(allowed, "CA2", None)
    gate.enter(code(another), "CA2")


def test_all_plugins_together_have_a_bound(time):
    """Threads are left for the states of the core, even if the code of several plugins hangs. The core has no bound."""
    gate = Bulkhead(per_state=2, per_plugin=2, total=4)
    with calls_in(gate, code("a", "one"), 2), calls_in(gate, code("b", "two"), 2):
        time[0] += bulkhead.PATIENCE
        with pytest.raises(CodeRefused, match="4 calls are in the code of all plugins already"):
            gate.enter(code("c", "three"), "CA2")
        gate.enter(code("menu", "ivrkit"), "CA2")
        gate.leave(code("menu", "ivrkit"), "CA2", None)


def test_a_call_waits_for_code_that_is_only_busy():
    """If a call leaves the code in time, a call that waits enters it."""
    gate = Bulkhead(per_state=1, per_plugin=2, total=4)
    gate.enter(code("slow"), "CA1")
    results = []

    def wait():
        gate.enter(code("slow"), "CA2")
        results.append("entered")
        gate.leave(code("slow"), "CA2", None)

    thread = threading.Thread(target=wait)
    thread.start()
    gate.leave(code("slow"), "CA1", None)
    thread.join()
    assert results == ["entered"]


def test_a_call_waits_longer_for_code_that_does_not_hang():
    """A call waits for half a second after the last call has entered, and for two seconds altogether."""
    compartment = bulkhead._Compartment("slow", 2)
    compartment.entered = {1: 100.0, 2: 100.4}
    assert compartment.wait_until(100.3) == 100.9
    compartment.entered = {1: 102.1, 2: 102.2}
    assert compartment.wait_until(100.3) == 102.3


def test_a_call_is_refused_when_it_has_waited():
    """A call that arrives just after the others is refused when the code has not become free in time."""
    gate = Bulkhead(per_state=1, per_plugin=2, total=4)
    with calls_in(gate, code("slow"), 1), pytest.raises(CodeRefused):
        gate.enter(code("slow"), "CA2")
