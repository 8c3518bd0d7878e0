"""Many simultaneous calls to one server with one SQLite file.

At full size there are two thousand calls, with fifty new ones per second, which keep two cores busy. In CI the load is
so small that a machine which is busy with other tests can carry it.
"""

import asyncio

import pytest
from tests.calls.conftest import StartServer
from tests.calls.load_generator import Load, LoadGenerator
from tests.calls.results import describe_failures, summary
from tests.calls.size import FULL, report

pytestmark = [pytest.mark.calls, pytest.mark.server]
LOAD = Load(seconds=600) if FULL else Load(seconds=60, rate=10, think=16)
_MEGABYTE = 1024 * 1024
#: The largest growth of the memory from the first quarter to the last one, as a factor.
_MAX_GROWTH = 1.05


def test_simultaneous_callers_are_answered_without_an_error(start_server: StartServer):
    """Every key of every caller is answered correctly; in a long run, the memory does not grow."""
    server = start_server("serve", workers=2)
    quarter = int(LOAD.seconds / 4)
    memory: dict[int, int] = {}

    def measure(second: int) -> None:
        if second in (quarter, 4 * quarter - 1):
            memory[second] = server.memory()

    generator = LoadGenerator(server.url, LOAD, measure)
    asyncio.run(generator.run())
    early, late = memory.values()
    report(f"load: {summary(generator.results)}")
    report(f"load: {LOAD.seconds} s, keys late by {generator.latest:.2f} s at most")
    report(f"load: memory {early / _MEGABYTE:.1f} MB after a quarter, {late / _MEGABYTE:.1f} MB at the end")
    assert describe_failures(generator.results) == ""
    assert sum(each.failed_requests for each in generator.results) == 0
    assert min(generator.concurrent_calls[int(LOAD.ramp) :]) >= 0.95 * LOAD.concurrent
    if FULL:
        assert late <= early * _MAX_GROWTH
