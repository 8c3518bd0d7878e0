"""Workers are killed while hundreds call: nobody is dropped, loses the place, or has a key counted twice."""

import pytest
from tests.calls.conftest import StartServer
from tests.calls.crowd import Crowd
from tests.calls.judge import is_well, summary
from tests.calls.killer import Killer
from tests.calls.servers import SERVERS
from tests.calls.size import FULL, tell
from tests.calls.stores import STORES, Stores

pytestmark = [pytest.mark.calls, pytest.mark.server]
CALLERS, KILLS = (2000, 200) if FULL else (200, 20)
#: Seconds for a key: 20 of them take a little longer than all kills.
THINK = 16.0 if FULL else 2.5


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("kind", SERVERS)
def test_a_killed_worker_costs_nobody_the_call(start_server: StartServer, stores: Stores, kind: str, store: str):
    """Kill by kill, the calls that it cuts off are asked for again at the fallback, and go on where they were."""
    server = start_server(kind, stores.url(store), workers=4)
    killer = Killer(server)
    with Crowd(server.url, CALLERS, THINK, processes=4 if FULL else 1) as crowd:
        killer.kill(KILLS)
    tell(f"killed {kind} {store}: {len(killer.killed)} kills, {summary(crowd.outcomes)}")
    assert is_well(crowd.outcomes) == ""
    assert len(set(killer.killed)) == KILLS
    assert len(crowd.outcomes) >= CALLERS
    assert sum(each.failed for each in crowd.outcomes) > 0, "no call was cut off: the test has tested nothing"
