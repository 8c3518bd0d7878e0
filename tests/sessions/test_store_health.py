"""The health of the store: many requests for it cost no more than one."""

import logging
import threading

import pytest

from ivrkit import SessionError
from ivrkit.sessions.circuit_breaker import CircuitBreaker
from ivrkit.sessions.store_health import CHECK_SECONDS, LOG_SECONDS, StoreHealth

FAILED = "the session store cannot be read: lost postgres://...@db/calls"


class Store:
    """A store that can fail, and counts its checks."""

    def __init__(self):
        self.fails = False
        self.checks = 0

    def check(self):
        """Count a check, and raise an error if the store fails."""
        self.checks += 1
        if self.fails:
            raise SessionError("lost\npostgres://user:password@db/calls")


@pytest.fixture
def now():
    """Return a list with the time of the clock."""
    return [100.0]


@pytest.fixture
def store():
    """Return a store."""
    return Store()


@pytest.fixture
def breaker(now):
    """Return the circuit breaker of the store."""
    return CircuitBreaker(clock=lambda: now[0])


@pytest.fixture
def health(store, breaker, now):
    """Return the health of the store."""
    return StoreHealth(store.check, breaker, lambda: now[0])


def test_a_store_is_checked_once_a_second(health, store, now):
    """Within a second, all requests get the result of one check."""
    assert [health.is_healthy() for _ in range(1000)] == [True] * 1000
    assert store.checks == 1
    now[0] += CHECK_SECONDS
    store.fails = True
    assert [health.is_healthy() for _ in range(1000)] == [False] * 1000
    assert store.checks == 2
    now[0] += CHECK_SECONDS
    store.fails = False
    assert health.is_healthy()


def test_a_failed_check_opens_the_circuit_breaker(health, store, breaker):
    """When a check fails, callers do not wait for the store either."""
    store.fails = True
    assert not health.is_healthy()
    assert breaker.is_open


def test_a_store_that_has_just_failed_is_not_checked(health, store, breaker):
    """While the circuit breaker is open, the store is reported as failed without a check."""
    breaker.record_failure()
    assert not health.is_healthy()
    assert store.checks == 0


def test_a_failing_store_has_one_line_in_a_minute(health, store, now, caplog):
    """A store that stays down is logged in one line in a minute, without a traceback and a password."""
    caplog.set_level(logging.INFO)
    store.fails = True
    for _ in range(int(LOG_SECONDS)):
        health.is_healthy()
        now[0] += CHECK_SECONDS
    assert store.checks == LOG_SECONDS
    (record,) = caplog.records
    assert (record.getMessage(), record.exc_info) == (FAILED, None)
    health.is_healthy()
    assert [each.getMessage() for each in caplog.records] == [FAILED, FAILED]


def test_the_end_of_a_failure_is_logged(health, store, now, caplog):
    """When the store can be read again, the log says so once."""
    caplog.set_level(logging.INFO)
    store.fails = True
    health.is_healthy()
    store.fails = False
    for _ in range(3):
        now[0] += CHECK_SECONDS
        assert health.is_healthy()
    assert [each.getMessage() for each in caplog.records] == [FAILED, "the session store can be read again"]


def test_other_threads_do_not_wait_for_a_check(breaker):
    """While one thread waits for the store, other threads get the last result at once."""
    started, end = threading.Event(), threading.Event()

    def wait():
        started.set()
        assert end.wait(20)

    health = StoreHealth(wait, breaker)
    thread = threading.Thread(target=health.is_healthy)
    thread.start()
    try:
        assert started.wait(20)
        assert health.is_healthy()  # this would wait for 20 seconds
    finally:
        end.set()
        thread.join()


def test_an_unexpected_error_does_not_stop_the_checks(breaker, now):
    """After an unexpected error, the store is checked again a second later."""
    errors = [ZeroDivisionError]

    def check():
        raise errors.pop() if errors else SessionError("down")

    health = StoreHealth(check, breaker, lambda: now[0])
    with pytest.raises(ZeroDivisionError):
        health.is_healthy()
    assert health.is_healthy()
    now[0] += CHECK_SECONDS
    assert not health.is_healthy()
