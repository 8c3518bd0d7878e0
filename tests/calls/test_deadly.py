"""A handler that kills the process it runs in, on each server."""

import pytest
from tests.calls.conftest import StartServer
from tests.calls.servers import DEADLY, SERVERS
from tests.calls.trees.deadly import LINES
from tests.processes import wait_until

pytestmark = [pytest.mark.calls, pytest.mark.server]


@pytest.mark.parametrize("kind", SERVERS)
def test_what_kills_a_process_is_not_run_again(start_server: StartServer, kind: str):
    """The fallback answers with the state before it, the worker is replaced, and the call goes on."""
    server = start_server(kind)
    before = set(server.workers())
    call = server.number().call(to=DEADLY)
    call.press("1")
    assert call.heard_last == "We are sorry, something went wrong.\nPress one."
    assert (server.folder / LINES).read_text(encoding="utf-8") == f"{call.sid}:2\n"
    wait_until(lambda: len(set(server.workers()) - before) == 1 and len(server.workers()) == server.size)
    assert call.press("2").heard_last == "Goodbye."
    assert (server.folder / LINES).read_text(encoding="utf-8").count("\n") == 1
