"""The circuit breaker: a store that failed gets no requests for a moment."""

import time

import pytest

from ivrkit.sessions.circuit_breaker import OPEN_SECONDS, CircuitBreaker


class Clock:
    """A clock that stands still until a test moves it."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock():
    """Return a clock."""
    return Clock()


def test_a_new_circuit_is_closed(clock):
    """Without a failure, the store gets requests."""
    assert CircuitBreaker(5.0, clock).is_open is False


def test_a_failure_opens_the_circuit_for_a_while(clock):
    """After a failure the circuit is open for the given time, and then closed."""
    breaker = CircuitBreaker(5.0, clock)
    breaker.record_failure()
    clock.now = 104.9
    assert breaker.is_open is True
    clock.now = 105.0
    assert breaker.is_open is False


def test_another_failure_keeps_the_circuit_open_for_longer(clock):
    """The time counts from the last failure."""
    breaker = CircuitBreaker(5.0, clock)
    breaker.record_failure()
    clock.now = 104.0
    breaker.record_failure()
    clock.now = 108.9
    assert breaker.is_open is True


def test_a_circuit_can_be_closed_by_hand(clock):
    """A circuit whose time is set to 0 is closed at once."""
    breaker = CircuitBreaker(5.0, clock)
    breaker.record_failure()
    breaker.open_until = 0.0
    assert breaker.is_open is False


def test_the_default_is_the_time_of_this_machine():
    """Without arguments, the circuit is open for one second of the monotonic clock."""
    breaker = CircuitBreaker()
    breaker.record_failure()
    assert 0 < breaker.open_until - time.monotonic() <= OPEN_SECONDS == 1.0
