"""A handler that kills its own process, on each server."""

import pytest
from tests.calls.conftest import StartServer
from tests.calls.servers import CRASHING, SERVERS
from tests.calls.trees.crashing import RUNS
from tests.processes import wait_until

pytestmark = [pytest.mark.calls, pytest.mark.server]


@pytest.mark.parametrize("server_name", SERVERS)
def test_a_handler_that_kills_its_process_is_not_run_again(start_server: StartServer, server_name: str):
    """The fallback URL repeats the state before the handler, the worker is replaced, and the call goes on."""
    server = start_server(server_name)
    before = set(server.workers())
    call = server.simulator().call(to=CRASHING)
    call.press("1")
    assert call.heard_last == "We are sorry, something went wrong.\nPress one."
    assert (server.folder / RUNS).read_text(encoding="utf-8") == f"{call.sid}:2\n"
    wait_until(lambda: len(set(server.workers()) - before) == 1 and len(server.workers()) == server.size)
    assert call.press("2").heard_last == "Goodbye."
    assert (server.folder / RUNS).read_text(encoding="utf-8").count("\n") == 1
