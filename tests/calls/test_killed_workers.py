"""Workers are killed while hundreds of calls go on: no call is dropped, and each key is counted once."""

import pytest
from tests.calls.concurrent_callers import ConcurrentCallers
from tests.calls.conftest import StartServer
from tests.calls.results import describe_failures, summary
from tests.calls.servers import SERVERS
from tests.calls.size import FULL, report
from tests.calls.stores import STORES, Stores
from tests.calls.worker_killer import WorkerKiller

pytestmark = [pytest.mark.calls, pytest.mark.server]
CALLERS, KILLS = (2000, 200) if FULL else (200, 20)
#: The seconds between two keys. The 20 keys of a call take a little longer than all kills.
THINK = 16.0 if FULL else 2.5


@pytest.mark.parametrize("store_name", STORES)
@pytest.mark.parametrize("server_name", SERVERS)
def test_a_killed_worker_drops_no_call(start_server: StartServer, stores: Stores, server_name: str, store_name: str):
    """Calls whose response is lost with the worker go on in the same state through the fallback URL."""
    server = start_server(server_name, stores.url(store_name), workers=4, plugins=["patient_stores.py"])
    with ConcurrentCallers(server.url, CALLERS, THINK, processes=4 if FULL else 1) as callers:
        killer = WorkerKiller(server, callers.retries)
        killer.kill(KILLS)
    report(f"killed {server_name} {store_name}: {len(killer.killed)} kills, {summary(callers.results)}")
    assert describe_failures(callers.results) == ""
    assert len(set(killer.killed)) == KILLS
    assert len(callers.results) >= CALLERS
    assert sum(each.failed_requests for each in callers.results) > 0, "no request failed, so nothing was tested"
