"""The counters of wrong answers in the session store: shared by processes, and closed while the store is away."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from tests.flow.conftest import bind
from tests.sessions.every_store import BREAK, REPAIR, every_store, sql

from ivrkit import State, StoreUnavailable, ask, compile_flow, leads_to
from ivrkit.flow.compile.flow_config import FlowConfig
from ivrkit.flow.model.attempts import MemoryCounters
from ivrkit.flow.model.call import make_call
from ivrkit.flow.run.plugin_code import CodeRefused
from ivrkit.plugins.load import find_plugins
from ivrkit.session_store import StoredSession
from ivrkit.sessions import open_sessions
from ivrkit.sessions.counters import PREFIX, CountersUnavailable, find_counter_warnings, make_counters
from ivrkit.sessions.encryption import SessionCipher
from ivrkit.sessions.manager import SessionManager
from ivrkit.settings import Settings

NUMBER = "+15550100"


class Processes:
    """Counters of several processes that share one store.

    :param url: the URL of the store.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.sessions: list[SessionManager] = []
        self.now = datetime.now(UTC)
        self._calls = 0

    def start(self, secret: str = "token", max_attempts: int = 3, minutes: int = 10):
        """Return the counters of a new process, with a store of its own."""
        self.sessions.append(open_sessions(self.url, find_plugins(Settings()).stores, ["token"], "en-US"))
        return make_counters(self.sessions[-1], secret, max_attempts, minutes)

    def attempts(self, counters, key: str = NUMBER, sid: str = ""):
        """Return the attempts of a new call."""
        self._calls += 1
        params = {"CallSid": sid or f"CA{self._calls}"}
        call = make_call(params, now=self.now, language="en-US", turn=1, data={}, counters=counters)
        return call.attempts("shop.pin", key)

    def close(self) -> None:
        """Close the stores."""
        for sessions in self.sessions:
            sessions.close()


@pytest.fixture
def processes(path):
    """Return processes that share an SQLite store."""
    processes = Processes(f"sqlite:///{path}")
    yield processes
    processes.close()


@every_store
class TestEveryStore:
    """The same rules with each session store of ivrkit."""

    @pytest.fixture
    def processes(self, store, session_url_of):
        """Return processes that share a store."""
        processes = Processes(session_url_of(store))
        yield processes
        processes.close()

    def test_processes_count_together(self, processes):
        """Wrong answers in different processes lock the key for all of them, and a right one clears it for all."""
        one, two = processes.start(), processes.start()
        assert not processes.attempts(one).check(False)
        assert not processes.attempts(two).check(False)
        assert processes.attempts(one).check(True)
        for counters in (one, two, one):
            assert not processes.attempts(counters).check(False)
        assert processes.attempts(two).locked
        assert not processes.attempts(two).check(True)
        assert processes.attempts(two, key="+15550101").check(True)
        processes.attempts(one).clear()
        assert processes.attempts(two).check(True)

    def test_a_lock_ends(self, processes):
        """After the minutes, the key is not locked, and the record of the store is used again."""
        counters = processes.start()
        for _ in range(3):
            processes.attempts(counters).check(False)
        processes.now += timedelta(minutes=10)
        assert processes.attempts(counters).check(True)
        for _ in range(3):
            assert not processes.attempts(counters).check(False)
        assert processes.attempts(counters).locked

    def test_many_calls_at_the_same_time_have_no_more_attempts_than_one(self, processes, no_store_timeouts):
        """Each wrong answer counts, however many processes count at the same time."""
        all_counters = [processes.start(max_attempts=20) for _ in range(4)]

        def guess(number):
            for turn in range(5):
                processes.attempts(all_counters[number], sid=f"CA{number}-{turn}").check(False)

        assert not processes.attempts(all_counters[0]).locked
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(guess, range(4)))
        assert processes.attempts(all_counters[0]).locked


def test_the_store_shows_neither_the_number_nor_the_call(processes, path):
    """The record has the times of the wrong answers. Its id is a hash that needs the secret of the host."""
    counters, other = processes.start(), processes.start(secret="another")
    processes.attempts(counters).check(False)
    processes.attempts(other).check(False)
    rows = sql(path, "SELECT sid, turn, expires, body FROM sessions")
    assert len({sid for sid, *_ in rows}) == 2
    for sid, turn, expires, body in rows:
        assert (sid[: len(PREFIX)], len(sid), turn) == (PREFIX, len(PREFIX) + 32, 1)
        ((time, webhook),) = json.loads(body)
        assert (time, expires) == (processes.now.timestamp(), processes.now.timestamp() + 600)
        assert (len(webhook), webhook.isalnum()) == (16, True)
    assert not any(word in str(rows) for word in ("5550100", "shop", "CA"))


def test_expired_records_are_removed_with_the_sessions(processes, path):
    """The store removes the records that no longer count as it removes expired sessions."""
    counters = processes.start()
    processes.attempts(counters).check(False)
    processes.sessions[0].remove_expired(processes.now.timestamp() + 599)
    assert len(sql(path, "SELECT sid FROM sessions")) == 1
    processes.sessions[0].remove_expired(processes.now.timestamp() + 601)
    assert sql(path, "SELECT sid FROM sessions") == []


def test_a_right_answer_of_a_key_without_wrong_ones_writes_nothing(processes, path):
    """The usual case costs one read of the store."""
    counters = processes.start()
    assert processes.attempts(counters).check(True)
    assert sql(path, "SELECT sid FROM sessions") == []


def test_a_lock_is_logged_once_without_the_number(processes, caplog):
    """The log names the attempts and the call, so that somebody can look into it, and never the key."""
    counters = processes.start()
    for _ in range(6):
        processes.attempts(counters).check(False)
    assert [record.getMessage() for record in caplog.records] == [
        "too many attempts: 'shop.pin' is locked for 10 minutes, since call CA3"
    ]


def test_a_line_break_in_a_call_sid_does_not_forge_a_line(processes, caplog):
    """Control characters of the CallSid are escaped in the log."""
    counters = processes.start(max_attempts=1)
    processes.attempts(counters, sid="CA1\nforged").check(False)
    assert "forged" in caplog.text
    assert "\nforged" not in caplog.records[0].getMessage()


def test_a_store_that_is_away_lets_nobody_in(processes, path, caplog):
    """While the store fails, every use raises an error, and the log says so. Then the wrong answers still count."""
    counters = processes.start()
    for _ in range(3):
        processes.attempts(counters).check(False)
    caplog.clear()
    sql(path, BREAK)
    with pytest.raises(CountersUnavailable) as first:
        processes.attempts(counters).check(True)
    assert isinstance(first.value, StoreUnavailable)
    assert isinstance(first.value, CodeRefused)  # not an error of the state: it is not put in quarantine
    (record,) = caplog.records
    assert record.getMessage().startswith("wrong answers cannot be counted, so no answer is accepted: ")
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    # The circuit breaker is open: the next call does not wait for the store.
    with pytest.raises(CountersUnavailable, match="the session store is unavailable: it has just failed"):
        processes.attempts(counters).check(True)
    assert len(caplog.records) == 1
    sql(path, REPAIR)
    processes.sessions[0].breaker.open_until = 0.0
    assert processes.attempts(counters).check(True) is False


@pytest.mark.parametrize("body", ["no json", "5", "[5]", '[["x", "y"]]', "[[1]]"])
def test_a_record_of_another_program_lets_nobody_in(processes, path, body):
    """A record that cannot be read is an error, and not taken for no wrong answers."""
    counters = processes.start()
    processes.attempts(counters).check(False)
    sql(path, f"UPDATE sessions SET body = '{body}'")
    with pytest.raises(CountersUnavailable, match="a record of wrong answers cannot be read"):
        processes.attempts(counters).check(True)


class ForgetfulStore:
    """A store that refuses every save."""

    remote = False

    def load(self, sid):
        """Return no session."""

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Refuse the session."""
        return False


class RaisingStore(ForgetfulStore):
    """A store of a plugin that breaks the rules."""

    def load(self, sid):
        """Raise an error that is no SessionError."""
        raise LookupError("no such shelf")


@pytest.mark.parametrize(
    ("store", "message"),
    [
        (ForgetfulStore(), "other processes have counted wrong answers first, 50 times in a row"),
        (RaisingStore(), "LookupError: no such shelf"),
    ],
)
def test_a_store_that_breaks_the_rules_lets_nobody_in(store, message):
    """A store that never saves, or raises any other error, is treated as one that is away."""
    processes = Processes("")
    counters = make_counters(SessionManager(store, SessionCipher(["token"]), "en-US"), "token", 3, 10)
    with pytest.raises(CountersUnavailable, match=message):
        processes.attempts(counters).check(False)


def test_without_a_store_a_process_counts_for_itself(caplog):
    """With ``cookie:``, the counters are in the memory of the process, and a lock is logged as well."""
    processes = Processes("cookie:")
    one, two = processes.start(), processes.start()
    assert isinstance(one, MemoryCounters)
    for _ in range(3):
        processes.attempts(one).check(False)
    assert processes.attempts(one).locked
    assert not processes.attempts(two).locked
    assert "too many attempts: 'shop.pin' is locked for 10 minutes, since call CA3" in caplog.text


def test_counting_alone_is_a_startup_warning(tmp_path):
    """Without a session store, a secret state and a limit of calls are startup warnings with a hint."""

    @leads_to(None)
    def check(call):
        return None

    states = bind({"pin": State(ask("PIN?"), check, secret=True), "open": State(ask("Key?"), check)})
    flow = compile_flow(states, FlowConfig(start="pin", max_calls_per_hour=5))
    processes = Processes("cookie:")
    processes.start()
    warnings = [str(each) for each in find_counter_warnings(processes.sessions[0], flow)]
    hint = "\n  hint: set session_url to a store, such as sqlite:///calls.sqlite3"
    assert warnings == [
        f"max_calls_per_hour counts in each process separately, because there is no session store{hint}",
        f"wrong answers in 'pin' count in each process separately, because there is no session store{hint}",
    ]
    plain = compile_flow(states[1:], FlowConfig(start="open"))
    assert list(find_counter_warnings(processes.sessions[0], plain)) == []
    stored = Processes(f"sqlite:///{tmp_path / 'calls.sqlite3'}")
    stored.start()
    assert list(find_counter_warnings(stored.sessions[0], flow)) == []
    stored.close()
