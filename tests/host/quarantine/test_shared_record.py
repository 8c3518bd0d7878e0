"""The record of the quarantine in the session store: shared by processes, and never in the way of a call."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.sessions.every_store import BREAK, REPAIR, every_store, sql

from ivrkit.host.quarantine.record import Entry, Record, add_entry, release
from ivrkit.host.quarantine.shared_record import LEAVE_ALONE, LIFETIME, SharedRecord, record_id
from ivrkit.plugins.load import find_plugins
from ivrkit.session_store import StoredSession
from ivrkit.sessions import open_sessions
from ivrkit.sessions.circuit_breaker import CircuitBreaker
from ivrkit.settings import Settings

A, B = Entry("a fails", 1.0, 61.0), Entry("b fails", 2.0)
KEY = record_id("ivrkit")


class Clock:
    """A clock that stands still, in 2033: Redis removes what has expired by its own clock."""

    def __init__(self):
        self.now = 2_000_000_000.0

    def __call__(self):
        """Return the time in seconds since 1970."""
        return self.now


class Processes:
    """Objects of several processes that share one store.

    :param url: the URL of the store.
    """

    def __init__(self, url):
        self.clock = Clock()
        self._url, self._sessions = url, []

    def start(self):
        """Return the record of a new process, and its circuit breaker, with a store of its own."""
        stores = find_plugins(Settings()).stores
        sessions = open_sessions(self._url, stores, ["token"], "en-US")
        self._sessions.append(sessions)
        # A circuit breaker with the clock of the test.
        breaker = CircuitBreaker(clock=self.clock)
        return SharedRecord(sessions.store, breaker, KEY, self.clock), breaker, sessions.store

    def close(self):
        """Close the stores."""
        for sessions in self._sessions:
            sessions.close()


@pytest.fixture
def file(tmp_path):
    """Return the path of an SQLite store."""
    return tmp_path / "shared.sqlite3"


@pytest.fixture
def processes(file):
    """Return processes that share an SQLite store."""
    processes = Processes(f"sqlite:///{file}")
    yield processes
    processes.close()


def put(name, entry):
    """Return the change that puts a state in quarantine."""
    return lambda record: add_entry(record, name, entry)


@every_store
class TestEveryStore:
    """The same rules with each session store of ivrkit."""

    @pytest.fixture
    def processes(self, store, session_url_of):
        """Return processes that share a store."""
        processes = Processes(session_url_of(store))
        yield processes
        processes.close()

    def test_another_process_finds_the_change(self, processes):
        """A change of one process is in the record that another process reads."""
        (one, *_), (two, *_) = processes.start(), processes.start()
        assert two.exchange().changed == Record()
        assert one.exchange(put("a", A)).changed == Record({"a": A})
        assert two.exchange() == (Record(), Record({"a": A}), Record({"a": A}))
        assert two.exchange(put("b", B)).changed == Record({"a": A, "b": B})
        assert one.exchange(lambda record: release(record, "a")) == (
            Record({"a": A}),
            Record({"a": A, "b": B}),
            Record({"b": B}),
        )

    def test_no_change_is_lost_in_a_race(self, processes, no_store_timeouts):
        """Changes of many threads and processes at the same time are all in the record."""
        records = [processes.start()[0] for _ in range(4)]

        def change(number):
            for count in range(5):
                records[number].exchange(put(f"{number}-{count}", A))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(change, range(4)))
        assert len(records[0].exchange().changed.entries) == 20

    def test_the_record_is_kept_for_years(self, processes):
        """The removal of expired sessions does not remove the record."""
        record, _, store = processes.start()
        record.exchange(put("a", A))
        assert store.load(KEY).expires == processes.clock.now + LIFETIME
        store.remove_expired(processes.clock.now + LIFETIME - 1)
        assert record.exchange().changed == Record({"a": A})


def test_a_change_that_changes_nothing_is_not_written(processes):
    """The store keeps the same turn if the record stays the same."""
    record, _, store = processes.start()
    record.exchange(lambda found: found)
    assert store.load(KEY) is None
    record.exchange(put("a", A))
    record.exchange(put("a", A))
    assert store.load(KEY).turn == 1


def test_the_copy_is_read_again_after_a_second(processes):
    """The store is asked at most once a second, and again if the clock was set back."""
    record, *_ = processes.start()
    assert record.is_old()
    record.exchange()
    assert not record.is_old()
    processes.clock.now += 0.9
    assert not record.is_old()
    processes.clock.now += 0.1
    assert record.is_old()
    record.exchange()
    processes.clock.now -= 0.1
    assert record.is_old()


def test_without_a_store_the_copy_counts():
    """Without a session store, the record belongs to one process."""
    clock = Clock()
    record = SharedRecord(None, CircuitBreaker(clock=clock), KEY, clock)
    assert record.exchange() == (Record(), Record(), Record())
    assert record.exchange(put("a", A)) == (Record(), Record(), Record({"a": A}))
    assert record.exchange() == (Record({"a": A}),) * 3


def test_a_failing_store_is_left_alone_for_a_while(processes, file, caplog):
    """While the store fails, the copy counts; the store is asked again after a while, and gets the missed changes."""
    caplog.set_level(logging.INFO, "ivrkit")
    (one, breaker, store), (two, *_) = processes.start(), processes.start()
    one.exchange(put("a", A))
    sql(file, BREAK)
    processes.clock.now += 1
    assert one.exchange(put("b", B)) == (Record({"a": A}), Record({"a": A}), Record({"a": A, "b": B}))
    assert breaker.is_open
    sql(file, REPAIR)
    processes.clock.now += LEAVE_ALONE - 0.1
    assert not breaker.is_open
    assert one.exchange().found == Record({"a": A, "b": B})
    assert store.load(KEY).turn == 1
    two.exchange(lambda record: release(record, "a"))
    processes.clock.now += 0.1
    assert one.exchange() == (Record({"a": A, "b": B}), Record({"b": B}), Record({"b": B}))
    assert two.exchange().changed == Record({"b": B})
    messages = [(each.levelname, each.getMessage()) for each in caplog.records]
    assert messages == [
        (
            "WARNING",
            (
                "the quarantine is not shared with other processes, because the store fails: "
                f"the session file {file}: no such column: body"
            ),
        ),
        ("INFO", "the quarantine is shared with the other processes again"),
    ]


def test_a_store_that_goes_on_failing_is_logged_once(processes, file, caplog):
    """An outage is one line of the log, however long it lasts."""
    record, *_ = processes.start()
    sql(file, BREAK)
    for _ in range(3):
        processes.clock.now += LEAVE_ALONE
        record.exchange(put("a", A))
    assert record.record == Record({"a": A})
    assert len(caplog.records) == 1


def test_an_open_circuit_breaker_keeps_the_store_from_being_asked(processes, file, caplog):
    """If the store has just failed for a call, the quarantine does not wait for it."""
    record, breaker, _ = processes.start()
    breaker.record_failure()
    sql(file, BREAK)
    record.exchange(put("a", A))
    assert caplog.records == []
    assert record.record == Record({"a": A})


def test_a_record_that_cannot_be_read_is_replaced(processes, caplog):
    """A record that another program has damaged is logged once, and replaced at the next change."""
    record, _, store = processes.start()
    store.save(StoredSession(KEY, 7, processes.clock.now + 60, "nonsense"), 0)
    assert record.exchange().changed == Record()
    assert record.exchange().changed == Record()
    (line,) = caplog.records
    assert line.getMessage().startswith("the record of the quarantine cannot be read: ")
    record.exchange(put("a", A))
    assert store.load(KEY).turn == 8
    assert record.exchange().changed == Record({"a": A})


def test_a_store_that_ignores_saves_is_a_failing_store(processes, file, caplog):
    """If each save is lost, the copy counts and the log says why."""
    record, *_ = processes.start()
    record.exchange(put("a", A))
    sql(file, "CREATE TRIGGER lose BEFORE UPDATE ON sessions BEGIN SELECT RAISE(IGNORE); END")
    assert record.exchange(put("b", B)).changed == Record({"a": A, "b": B})
    (line,) = caplog.records
    assert line.getMessage() == (
        "the quarantine is not shared with other processes, because the store fails: "
        "other processes have saved the record of the quarantine first, 20 times in a row"
    )
