"""The store of the calls is killed, stopped, locked or full while people call, and comes back: they notice nothing."""

import contextlib
import time
from collections.abc import Callable

import pytest
from tests.calls.caller import CountingCaller
from tests.calls.crowd import Crowd
from tests.calls.judge import is_well, summary
from tests.calls.killer import Killer
from tests.calls.servers import Server
from tests.calls.size import FULL, tell
from tests.calls.stores import Stores
from tests.processes import TOKEN, ask

from ivrkit.simulator.wire.signature import sign

pytestmark = [pytest.mark.calls, pytest.mark.server]
#: How many call at once, and how long they think, in seconds: fewer keys than two workers can answer.
CALLERS, THINK = (200, 2.5) if FULL else (20, 0.5)
#: How long a store is away, and how long it may be back before it is used again, in seconds.
AWAY, BACK = 5, 2
#: Within how many seconds every webhook is answered all the same.
SOON = 5.0
HARMS = [
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


def kept_number(server: Server, caller: CountingCaller) -> str:
    """Return what the store alone says of a call: its state is entered again, for somebody without a cookie."""
    params = {"CallSid": caller.outcome.sid, "CallStatus": "in-progress"}
    url = f"{server.url}?again=1"
    return ask(url, params, X_Twilio_Signature=sign(url, params.items(), TOKEN))[1]


@pytest.mark.parametrize(("name", "harm"), HARMS, ids=["-".join(each) for each in HARMS])
def test_nobody_notices_that_the_store_is_away(
    server_on: Callable[[str], Server], stores: Stores, name: str, harm: str
):
    """Nobody is dropped or loses the place, each answer comes soon, and what has come meanwhile is kept afterwards."""
    server, store = server_on(name), stores.get(name)
    if harm == "full" and not stores.can_be_full(name):
        pytest.skip("a disk that is full needs root, who mounts a small one")
    quiet = len(server.running.output)
    away: contextlib.AbstractContextManager[None] = getattr(store, harm)()
    with Crowd(server.url, CALLERS, THINK) as crowd:
        callers = [CountingCaller(server.number())]
        callers[0].presses()
        with away:
            callers.append(CountingCaller(server.number()))
            for _ in range(AWAY):
                time.sleep(1)
                for each in callers:
                    each.presses()
        time.sleep(BACK)
        for each in callers:
            each.presses()
            assert f"You are at {each.outcome.at}." in kept_number(server, each)
    assert "Traceback" in server.running.output[quiet:], "nobody missed the store: the test has tested nothing"
    outcomes = [*crowd.outcomes, *(each.outcome for each in callers)]
    tell(f"away {name} {harm}: {summary(outcomes)}")
    assert is_well(outcomes) == ""
    assert [each.outcome.at for each in callers] == [AWAY + 2, AWAY + 1]
    assert sum(each.failed for each in outcomes) == 0
    assert max(took for each in outcomes for took in each.answers) < SOON


@pytest.mark.parametrize("name", ["redis", "postgresql"])
def test_a_worker_that_starts_while_the_store_is_away(server_on: Callable[[str], Server], stores: Stores, name: str):
    """It serves as the others do, by what the calls bring along: nobody waits for the store to come back."""
    server, store = server_on(name), stores.get(name)
    with Crowd(server.url, CALLERS, THINK) as crowd, store.gone():
        killer = Killer(server)
        killer.kill(2)
    tell(f"started while away {name}: {summary(crowd.outcomes)}")
    assert is_well(crowd.outcomes) == ""
    assert len(set(killer.killed)) == 2
