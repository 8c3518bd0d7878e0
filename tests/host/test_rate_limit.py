"""The rate limit of log lines."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ivrkit.host.rate_limit import MAX_LINES, PERIOD, RateLimit


class Clock:
    """A clock that a test sets."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        """Return the time in seconds."""
        return self.now


@pytest.fixture
def clock():
    """Return the clock of the limit."""
    return Clock()


def test_the_first_lines_of_a_period_are_logged(clock):
    """Five lines of one reason are logged in a minute, and the rest is dropped."""
    limit = RateLimit(clock)
    assert [limit.admit("403") for _ in range(MAX_LINES + 3)] == [0] * MAX_LINES + [None] * 3
    clock.now += PERIOD - 0.1
    assert limit.admit("403") is None


def test_the_next_line_has_the_number_of_dropped_lines(clock):
    """The first line after the period says how many were dropped; the count then starts again."""
    limit = RateLimit(clock)
    for _ in range(MAX_LINES + 4312):
        limit.admit("403")
    clock.now += PERIOD
    assert limit.admit("403") == 4312
    assert limit.admit("403") == 0
    clock.now += 10 * PERIOD
    assert limit.admit("403") == 0


def test_each_reason_has_its_own_limit(clock):
    """A flood of one reason does not hide a line of another one."""
    limit = RateLimit(clock)
    for _ in range(100):
        limit.admit("403 unsigned")
    assert limit.admit("403 signed") == 0


def test_threads_share_a_limit(clock):
    """Lines from many threads at once are all counted: each is either logged or dropped."""
    limit = RateLimit(clock)
    with ThreadPoolExecutor(8) as pool:
        admitted = list(pool.map(lambda _: limit.admit("403"), range(4000)))
    assert admitted.count(0) == MAX_LINES
    clock.now += PERIOD
    assert limit.admit("403") == 4000 - MAX_LINES
