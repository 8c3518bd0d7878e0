"""Two thousand calls at once, and fifty new ones a second, on one machine and a file."""

import asyncio

import pytest
from tests.calls.conftest import StartServer
from tests.calls.judge import is_well, summary
from tests.calls.lean import Callers, Load
from tests.calls.size import FULL, tell

pytestmark = [pytest.mark.calls, pytest.mark.server]
LOAD = Load(seconds=600 if FULL else 60)
_MEGABYTE = 1024 * 1024
#: By how much the memory may grow from the first to the last quarter.
_GROWTH = 1.05


def test_two_thousand_callers_are_answered_without_an_error(start_server: StartServer):
    """Every key of every caller is answered right; and in a long run the memory stays what it is."""
    server = start_server("serve", workers=2)
    quarter = int(LOAD.seconds / 4)
    memory: dict[int, int] = {}

    def measure(second: int) -> None:
        if second in (quarter, 4 * quarter - 1):
            memory[second] = server.memory()

    callers = Callers(server.url, LOAD, measure)
    asyncio.run(callers.play())
    early, late = memory.values()
    tell(f"load: {summary(callers.outcomes)}")
    tell(f"load: {LOAD.seconds} s, callers late by {callers.latest:.2f} s at most")
    tell(f"load: memory {early / _MEGABYTE:.1f} MB after a quarter, {late / _MEGABYTE:.1f} MB at the end")
    assert is_well(callers.outcomes) == ""
    assert sum(each.failed for each in callers.outcomes) == 0
    assert min(callers.there[int(LOAD.ramp) :]) >= 0.95 * LOAD.concurrent
    if FULL:
        assert late <= early * _GROWTH
