"""The quarantine as a gate: what is counted, which code is refused, and what is logged and reported."""

import json
import logging
import os
import threading
from contextlib import suppress
from functools import partial

import pytest
from tests.host.quarantine.test_shared_record import Clock

from ivrkit import Owner, State
from ivrkit.flow.run.plugin_code import ENTER, EXIT, CodeRefused, PluginCode
from ivrkit.host.deadlines.turn_guard import TurnGuard
from ivrkit.host.quarantine.quarantine import NONE_CLOSED, Quarantine
from ivrkit.host.quarantine.record import Entry, Rules, add_entry, clear
from ivrkit.host.quarantine.shared_record import SharedRecord
from ivrkit.host.workers.deaths import Deaths
from ivrkit.host.workers.reports import DEATH_PREFIX
from ivrkit.session_store import StoredSession
from ivrkit.sessions.circuit_breaker import CircuitBreaker

RULES = Rules(failures=3, seconds=60.0, retry=30.0)
IN_QUARANTINE = (
    "state 'a' of acme 1.0 is in quarantine: 3 failures in 60 s. Its callers go to its on_error until a call succeeds "
    "in it, or it is released: ivrkit quarantine clear a"
)


class MemoryStore:
    """A session store in memory, which processes of a test share."""

    remote = False

    def __init__(self):
        self.saved = {}
        self.loads = 0

    def load(self, sid):
        """Return a session."""
        self.loads += 1
        return self.saved.get(sid)

    def save(self, session: StoredSession, expected_turn):
        """Save a session, unless another process was first."""
        stored = self.saved.get(session.sid)
        if stored is not None and stored.turn > expected_turn:
            return False
        self.saved[session.sid] = session
        return True


class Process:
    """One process that serves the states a and b.

    :param store: the store that all processes share.
    :param clock: the clock of the test.
    :param version: the version of the plugin.
    :param deaths: the deaths of workers.
    """

    def __init__(self, store, clock, version="1.0", rules=RULES, deaths=None):
        owner = Owner("acme", version)
        self.states = {name: State("Hello.", name=name, owner=owner) for name in ("a", "b")}
        self._store, self._clock = store, clock
        self.quarantine = Quarantine(self.states, self._record(), rules, clock, deaths)

    def _record(self):
        """Return the shared record, as a process opens it."""
        return SharedRecord(self._store, CircuitBreaker(clock=self._clock), "quarantine:test", self._clock)

    def command(self, change, **arguments):
        """Change the record as a command does, which is a process of its own."""
        self._record().change_in_store(self._store, partial(change, **arguments))

    def code(self, name="a", function=ENTER):
        """Return the code of a function of a state."""
        state = self.states[name]
        return PluginCode(function, state.owner, state)

    def run(self, sid="CA1", name="a", function=ENTER, error=None):
        """Run a function of a state in a call. Return ``None``, or the error that it raises."""

        def run():
            if error:
                raise error

        try:
            TurnGuard(sid, [self.quarantine])(self.code(name, function), run)
        except BaseException as raised:
            return raised
        return None

    def fail(self, times=1, **arguments):
        """Let a function of a state fail."""
        for _ in range(times):
            self.run(error=ValueError("no"), **arguments)

    def events(self):
        """Return the new events: the names of the states, and whether the state was put in quarantine."""
        return [(each.state.name, each.entry is not None) for each in self.quarantine.take_events()]


@pytest.fixture
def clock():
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def store():
    """Return a store that processes share."""
    return MemoryStore()


@pytest.fixture
def process(store, clock):
    """Return a process."""
    return Process(store, clock)


@pytest.fixture
def lines(caplog):
    """Return a function that returns the new lines of the log."""
    caplog.set_level(logging.INFO, "ivrkit")

    def read():
        found = [f"{each.levelname} {each.getMessage()}" for each in caplog.records]
        caplog.clear()
        return found

    return read


class TestCounting:
    """What closes a state."""

    def test_failures_close_the_state_for_all_calls(self, process, lines):
        """After the third failure the code no longer runs, which is logged and reported once."""
        process.fail(2)
        assert process.quarantine.closed("CA2") is NONE_CLOSED
        process.fail()
        assert process.quarantine.closed("CA2") == {"a"}
        assert process.events() == [("a", True)]
        assert process.events() == []
        assert lines() == [f"ERROR {IN_QUARANTINE}"]
        refused = process.run("CA2")
        assert type(refused) is CodeRefused
        assert refused.message == "the state is in quarantine: 3 failures in 60 s"
        assert process.run("CA2", "b") is None

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
    def test_any_error_is_a_failure(self, process, error):
        """An error that is no ``Exception`` counts as well."""
        for _ in range(3):
            process.run(error=error)
        assert process.quarantine.closed("CA2") == {"a"}

    def test_a_refusal_is_no_failure(self, process):
        """Code that another gate has refused did not run, so it has not failed."""
        for _ in range(5):
            process.run(error=CodeRefused("too many calls"))
        assert process.quarantine.closed("CA2") == NONE_CLOSED

    def test_hooks_are_not_counted(self, process):
        """A hook that fails for a state is not the fault of the state."""
        process.fail(5, function="ivrkit_state_entered")
        state = process.states["a"]
        process.quarantine.missed(PluginCode("ivrkit_state_entered", state.owner, state), "CA1")
        process.quarantine.leave(PluginCode("ivrkit_clean_up", state.owner, None), "CA1", ValueError())
        assert process.quarantine.closed("CA2") == NONE_CLOSED

    def test_a_state_that_mostly_works_stays_open(self, process, clock):
        """Failures do not close a state in which more calls succeed, because one caller may cause them all."""
        process.fail()
        for _ in range(4):
            assert process.run("CA2") is None
        process.fail(2)
        assert process.quarantine.closed("CA2") == NONE_CLOSED
        process.fail()
        assert process.quarantine.closed("CA2") == {"a"}, "as many failures as successes"

    def test_old_successes_do_not_count(self, process, clock):
        """The successes are counted from a failure on, and only as long as failures count."""
        process.fail()
        for _ in range(9):
            process.run("CA2")
        clock.now += 60
        process.fail(3)
        assert process.quarantine.closed("CA2") == {"a"}

    def test_successes_of_enter_do_not_make_up_for_exit(self, process):
        """A state whose exit function always fails is closed, although its enter function always succeeds."""
        for _ in range(3):
            process.run()
            process.run()
            process.fail(function=EXIT)
        assert process.quarantine.closed("CA2") == {"a"}

    def test_missed_deadlines_close_the_state(self, process, lines):
        """Code that misses its deadline has failed, and what it returns later does not count."""
        for number in range(3):
            code, sid = process.code(), f"CA{number}"
            process.quarantine.enter(code, sid)
            process.quarantine.missed(code, sid)
            process.quarantine.leave(code, sid, ValueError() if number else None)
        (entry,) = process.quarantine.entries.values()
        assert entry.reason == "3 missed deadlines in 60 s"

    def test_the_next_result_of_the_same_call_counts_again(self, process):
        """After the late result of missed code, the next failure in the same call is a failure of its own."""
        process.quarantine.missed(process.code(), "CA1")
        process.fail(2)  # the first is the late result
        assert process.quarantine.closed("CA2") == NONE_CLOSED
        process.fail()
        assert process.quarantine.closed("CA2") == {"a"}

    def test_zero_switches_the_counting_off(self, store, clock):
        """With the setting 0, failures are not counted, and a person can still put a state in quarantine."""
        process = Process(store, clock, rules=Rules(failures=0))
        process.fail(20)
        assert store.saved == {}
        process.command(add_entry, state="a", entry=Entry("by hand", clock.now))
        assert process.quarantine.closed("CA1") == {"a"}


class TestTrial:
    """How a state gets out of quarantine."""

    @pytest.fixture
    def process(self, process, clock, lines):
        """Return a process that may try the state a again."""
        process.fail(3)
        process.events()
        clock.now += 30
        lines()
        return process

    def test_a_success_releases_the_state(self, process, lines):
        """When the trial call succeeds, all calls may enter the state again."""
        assert process.quarantine.closed("CA2") == NONE_CLOSED
        assert process.run("CA2") is None
        assert process.quarantine.entries == {}
        assert process.events() == [("a", False)]
        assert lines() == ["WARNING state 'a' of acme 1.0 is no longer in quarantine"]

    def test_a_failure_keeps_the_state_in_quarantine(self, process, clock, lines):
        """When the trial call fails, the next trial is after the same time."""
        process.fail(sid="CA2")
        assert process.quarantine.closed("CA2") == {"a"}
        assert process.events() == []
        assert lines() == ["ERROR state 'a' of acme 1.0 failed again and stays in quarantine"]
        clock.now += 30
        assert process.quarantine.closed("CA2") == NONE_CLOSED

    @pytest.mark.parametrize("missed", [False, True])
    def test_the_function_that_failed_last_must_succeed(self, process, clock, missed):
        """If another function fails or misses its deadline in the trial call, this one must succeed in the next."""
        if missed:
            process.quarantine.enter(process.code(function=EXIT), "CA2")
            process.quarantine.missed(process.code(function=EXIT), "CA2")
        else:
            process.fail(sid="CA2", function=EXIT)
        assert process.quarantine.closed("CA2") == {"a"}
        clock.now += 30
        assert process.run("CA3") is None
        assert {*process.quarantine.entries} == {"a"}
        assert process.run("CA3", function=EXIT) is None
        assert process.quarantine.entries == {}

    def test_one_call_at_a_time_is_let_in(self, process, lines):
        """While the trial call runs, the code is refused for other calls, and runs for the same call."""
        code = process.code()
        process.quarantine.enter(code, "CA2")
        assert process.quarantine.closed("CA2") == NONE_CLOSED
        assert process.quarantine.closed("CA3") == {"a"}
        assert type(process.run("CA3")) is CodeRefused
        process.quarantine.enter(code, "CA2")
        process.quarantine.leave(code, "CA2", None)
        assert process.run("CA3") is None

    def test_two_processes_share_the_trial(self, process, store, clock):
        """A call in another process is refused, although that process has not read the record again."""
        other = Process(store, clock)
        other.quarantine.read()
        process.quarantine.enter(process.code(), "CA2")
        assert type(other.run("CA3")) is CodeRefused

    def test_a_state_that_another_process_has_released_is_entered(self, process, store, clock):
        """A call that would be the trial call enters the state as any other if the state is open by now."""
        other = Process(store, clock)
        other.quarantine.read()
        assert process.run("CA2") is None
        assert other.run("CA3") is None
        assert other.events() == []

    def test_late_results_do_not_count(self, process):
        """A call that entered the state before the quarantine neither releases the state nor delays the trial."""
        process.quarantine.leave(process.code(), "CA9", None)
        process.quarantine.leave(process.code(), "CA9", ValueError())
        assert "a" in process.quarantine.entries
        assert process.quarantine.closed("CA2") == NONE_CLOSED

    def test_the_count_starts_again_after_the_release(self, process):
        """A released state has as many failures left as any other state."""
        process.run("CA2")
        process.fail(2)
        assert process.quarantine.closed("CA2") == NONE_CLOSED
        process.fail()
        assert process.quarantine.closed("CA2") == {"a"}


class TestSharing:
    """What other processes do."""

    def test_another_process_skips_the_state_within_a_second(self, process, store, clock, lines):
        """Another process reads the record after a second, and reports nothing but a line in its log."""
        other = Process(store, clock)
        assert other.quarantine.closed("CA9") == NONE_CLOSED
        process.fail(3)
        assert other.quarantine.closed("CA9") == NONE_CLOSED
        clock.now += 1
        lines()
        assert other.quarantine.closed("CA9") == {"a"}
        assert other.events() == []
        assert lines() == [f"INFO {IN_QUARANTINE}"]

    def test_the_failures_of_all_processes_are_counted_together(self, process, store, clock):
        """Failures in different processes close the state."""
        other = Process(store, clock)
        process.fail()
        other.fail()
        process.fail()
        assert process.quarantine.closed("CA9") == {"a"}

    def test_the_store_is_asked_once_a_second(self, process, store, clock):
        """Webhooks within a second cause one request to the store."""
        for _ in range(100):
            process.quarantine.closed("CA1")
            clock.now += 0.02
        assert store.loads == 2

    def test_calls_do_not_wait_for_the_thread_that_reads(self, process, store, clock):
        """While one thread waits for the store, the others go on with the copy of the record."""
        reading, go_on = threading.Event(), threading.Event()
        load = store.load

        def slow(sid):
            reading.set()
            assert go_on.wait(30)
            return load(sid)

        store.load = slow
        thread = threading.Thread(target=process.quarantine.closed, args=["CA1"])
        thread.start()
        assert reading.wait(30)
        assert process.quarantine.closed("CA2") == NONE_CLOSED
        go_on.set()
        thread.join()

    def test_another_version_of_the_plugin_is_served(self, process, store, clock, lines):
        """A deploy of another version ends the quarantine for its processes, which count their own failures."""
        process.fail(3)
        lines()
        new = Process(store, clock, version="1.1")
        assert new.quarantine.closed("CA1") == NONE_CLOSED
        assert lines() == []
        new.fail(3)
        assert new.quarantine.closed("CA1") == {"a"}
        assert "state 'a' of acme 1.1 is in quarantine" in lines()[0]

    def test_a_state_that_the_process_does_not_have_is_ignored(self, store, clock, process):
        """A record with a state of another deploy does no harm."""
        process.command(add_entry, state="gone", entry=Entry("by hand", clock.now))
        assert process.quarantine.closed("CA1") == NONE_CLOSED
        assert process.events() == []


class TestPeople:
    """The commands of people, which change the record in processes of their own."""

    def test_a_person_puts_a_state_in_quarantine(self, process, clock, lines):
        """The state stays closed until it is released, and the log has the reason."""
        assert process.quarantine.closed("CA1") == NONE_CLOSED
        process.command(add_entry, state="a", entry=Entry("the CRM is down", clock.now))
        clock.now += 1e6
        assert process.quarantine.closed("CA1") == {"a"}
        assert lines() == [
            (
                "INFO state 'a' of acme 1.0 is in quarantine: the CRM is down. Its callers go to its on_error until "
                "it is released: ivrkit quarantine clear a"
            )
        ]
        assert process.events() == []

    def test_a_person_releases_a_state(self, process, clock, lines):
        """The state is open after a second, which is logged, and its failures are forgotten."""
        process.fail(3)
        process.command(clear, state="a", now=clock.now)
        lines()
        clock.now += 1
        assert process.quarantine.closed("CA1") == NONE_CLOSED
        assert lines() == ["INFO state 'a' of acme 1.0 is no longer in quarantine"]
        process.fail(2)
        assert process.quarantine.closed("CA1") == NONE_CLOSED

    def test_the_name_of_a_state_is_quoted_in_the_command(self, process, clock, lines):
        """The command in the log can be copied into a shell."""
        name = "my state"
        process.states[name] = State("Hello.", name=name, owner=Owner("acme", "1.0"))
        process.command(add_entry, state=name, entry=Entry("by hand", clock.now))
        process.quarantine.read()
        assert lines()[0].endswith("ivrkit quarantine clear 'my state'")


class TestDeaths:
    """States that have killed workers of the server."""

    @pytest.fixture
    def deaths(self, tmp_path):
        """Return the folder of the death records."""
        return tmp_path

    @pytest.fixture
    def process(self, store, clock, deaths):
        """Return a process of a server with this folder."""
        return Process(store, clock, deaths=Deaths(deaths))

    def die(self, folder, clock, *names):
        """Leave the death record of a worker for each name of a state."""
        for name in names:
            record = folder / f"{DEATH_PREFIX}{name}-{len(list(folder.iterdir()))}"
            record.write_text(json.dumps([(ENTER, name, "acme", "1.0", f"CA{record.name}", 0.0)]))
            os.utime(record, (clock.now, clock.now))

    def test_a_state_that_has_killed_two_workers_is_put_in_quarantine(self, process, deaths, clock, lines, store):
        """The state is closed in all processes until it is released, and reported once."""
        self.die(deaths, clock, "a", "b", "a", "other", "other")
        assert process.quarantine.closed("CA1") == {"a"}
        clock.now += 1
        assert process.quarantine.closed("CA1") == {"a"}
        assert process.quarantine.entries == {"a": Entry("2 workers died in it", clock.now - 1, owner="acme 1.0")}
        assert process.events() == [("a", True)]
        assert len(lines()) == 1
        assert Process(store, clock).quarantine.closed("CA1") == {"a"}

    def test_the_state_of_another_plugin_stays_open(self, process, deaths, clock):
        """A state that has replaced the state of another plugin is not to blame."""
        process.states["a"] = State("Hello.", name="a", owner=Owner("other", "1.0"))
        self.die(deaths, clock, "a", "a")
        assert process.quarantine.closed("CA1") == NONE_CLOSED

    def test_a_state_that_is_tried_again_is_not_tried_again_after_deaths(self, process, deaths, clock):
        """Deaths replace an earlier quarantine with retries."""
        process.fail(3)
        self.die(deaths, clock, "a", "a")
        clock.now += 100
        assert process.quarantine.closed("CA1") == {"a"}
        assert process.quarantine.entries["a"].retry_at is None

    def test_a_state_that_a_person_has_released_runs_again(self, process, deaths, clock):
        """After the release, the deaths before it no longer count, and two later deaths close the state again."""
        gate = Deaths(deaths)
        process = Process(MemoryStore(), clock, deaths=gate)
        self.die(deaths, clock, "a", "a")
        assert process.quarantine.closed("CA1") == {"a"}
        clock.now += 1
        process.command(clear, state="a", now=clock.now)
        clock.now += 1
        assert process.quarantine.closed("CA1") == NONE_CLOSED
        gate.enter(process.code(), "CA1")
        self.die(deaths, clock, "a")
        clock.now += 1
        assert process.quarantine.closed("CA1") == NONE_CLOSED
        self.die(deaths, clock, "a")
        clock.now += 1
        assert process.quarantine.closed("CA1") == {"a"}
        with pytest.raises(CodeRefused, match="2 workers died in it"):
            gate.enter(process.code(), "CA1")

    def test_a_new_worker_counts_the_deaths_after_the_release(self, process, store, deaths, clock):
        """A worker that starts after the deaths knows the release, and does not forgive later deaths."""
        process.command(clear, state="a", now=clock.now)
        process.command(clear, state="gone", now=clock.now)
        clock.now += 1
        self.die(deaths, clock, "a", "a")
        assert Process(store, clock, deaths=Deaths(deaths)).quarantine.closed("CA1") == {"a"}


def test_threads_count_every_failure(store, clock):
    """Failures in many threads are all counted, and the state is put in quarantine once."""
    process = Process(store, clock, rules=Rules(failures=40))
    threads = [threading.Thread(target=process.fail, args=[5]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert process.events() == [("a", True)]
    with suppress(CodeRefused):
        process.quarantine.enter(process.code(), "CA1")
        pytest.fail("the state is in quarantine")
