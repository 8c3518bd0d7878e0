"""The session store is killed, suspended, locked or full while calls go on, and comes back: no caller notices."""

import contextlib
import time
from collections.abc import Callable

import pytest
from tests.calls.concurrent_callers import ConcurrentCallers
from tests.calls.counting_caller import CountingCaller
from tests.calls.health_flood import HealthFlood
from tests.calls.results import describe_failures, summary
from tests.calls.servers import Server
from tests.calls.size import FULL, report
from tests.calls.stores import Stores
from tests.calls.worker_killer import WorkerKiller
from tests.processes import TOKEN, ask

from ivrkit.simulator.wire.signature import sign

pytestmark = [pytest.mark.calls, pytest.mark.server]
#: The number of callers, and the seconds between two keys: fewer keys than two workers can answer.
CALLERS, THINK = (200, 2.5) if FULL else (20, 0.5)
#: How long a store is unavailable, and how long after its return it may still be unused, in seconds.
UNAVAILABLE, RECOVERY = 5, 2
#: The longest time that a response may take, in seconds.
MAX_RESPONSE_TIME = 5.0
FAILURES = [
    ("sqlite", "locked"),
    ("sqlite", "full"),
    ("redis", "gone"),
    ("redis", "refusing"),
    ("redis", "stopped"),
    ("redis", "full"),
    ("postgresql", "gone"),
    ("postgresql", "refusing"),
    ("postgresql", "stopped"),
    ("postgresql", "locked"),
    ("postgresql", "full"),
]


def stored_words(server: Server, caller: CountingCaller) -> str:
    """Enter the state of a call again without its cookie, and return the TwiML: it shows what is in the store."""
    params = {"CallSid": caller.result.sid, "CallStatus": "in-progress"}
    url = f"{server.url}?again=1"
    return ask(url, params, X_Twilio_Signature=sign(url, params.items(), TOKEN))[1]


@pytest.mark.parametrize(("store_name", "failure"), FAILURES, ids=["-".join(each) for each in FAILURES])
def test_calls_go_on_while_the_store_is_unavailable(
    server_on: Callable[[str], Server], stores: Stores, store_name: str, failure: str
):
    """No call is dropped or loses its count, each response comes in time, and afterwards the store is up to date."""
    server, store = server_on(store_name), stores.get(store_name)
    if failure == "full" and not stores.can_be_full(store_name):
        pytest.skip("only root can mount the small disk that this test fills")
    printed = len(server.running.output)
    store_failure: contextlib.AbstractContextManager[None] = getattr(store, failure)()
    with ConcurrentCallers(server.url, CALLERS, THINK) as others:
        callers = [CountingCaller(server.simulator())]
        callers[0].press_key()
        with store_failure:
            callers.append(CountingCaller(server.simulator()))
            for _ in range(UNAVAILABLE):
                time.sleep(1)
                for each in callers:
                    each.press_key()
        time.sleep(RECOVERY)
        for each in callers:
            each.press_key()
            assert f"You are at {each.result.number}." in stored_words(server, each)
    assert "Traceback" in server.running.output[printed:], "the store never failed, so nothing was tested"
    results = [*others.results, *(each.result for each in callers)]
    report(f"{store_name} {failure}: {summary(results)}")
    assert describe_failures(results) == ""
    assert [each.result.number for each in callers] == [UNAVAILABLE + 2, UNAVAILABLE + 1]
    assert sum(each.failed_requests for each in results) == 0
    assert max(seconds for each in results for seconds in each.response_times) < MAX_RESPONSE_TIME


@pytest.mark.parametrize("store_name", ["redis", "postgresql"])
def test_a_worker_can_start_while_the_store_is_unavailable(
    server_on: Callable[[str], Server], stores: Stores, store_name: str
):
    """A new worker answers from the cookies of the calls; no caller waits until the store comes back."""
    server, store = server_on(store_name), stores.get(store_name)
    with ConcurrentCallers(server.url, CALLERS, THINK) as callers, store.gone():
        killer = WorkerKiller(server, callers.retries)
        killer.kill(2)
    report(f"{store_name} gone, new workers: {summary(callers.results)}")
    assert describe_failures(callers.results) == ""
    assert len(set(killer.killed)) == 2


#: The number of clients that request the health check, and of the keys that a caller presses meanwhile.
FLOOD, KEYS = (100, 20) if FULL else (30, 6)


def test_a_flood_of_health_checks_does_not_hold_up_callers(server_on: Callable[[str], Server], stores: Stores):
    """While the store does not answer and many clients request the health check, callers are answered in time."""
    server, store = server_on("redis"), stores.get("redis")
    printed = len(server.running.output)
    caller = CountingCaller(server.simulator())
    with store.stopped(), HealthFlood(f"{server.base}/healthz", FLOOD) as flood:
        for _ in range(KEYS):
            caller.press_key()
    assert caller.result.number == KEYS
    report(f"{len(flood.statuses)} health checks: {summary([caller.result])}")
    assert len(flood.statuses) > FLOOD
    assert set(flood.statuses) == {200}
    assert describe_failures([caller.result]) == ""
    assert max(caller.result.response_times) < MAX_RESPONSE_TIME
    # One line of each worker in a minute, whatever the number of requests.
    lines = [line for line in server.running.output[printed:].splitlines() if "cannot be read: " in line]
    assert len(lines) <= server.size * 2, lines
