"""A server that gets SIGTERM while it answers a webhook."""

import signal
import threading
import time

import pytest
from tests.calls.conftest import StartServer
from tests.calls.servers import SERVERS, SLOW
from tests.calls.trees.slow import DURATION, STARTED
from tests.processes import PATIENCE, ask, wait_until

from ivrkit.simulator import SimulatedCall

pytestmark = [pytest.mark.calls, pytest.mark.server]


@pytest.mark.parametrize("server_name", SERVERS)
def test_a_server_completes_its_response_before_it_ends(start_server: StartServer, server_name: str):
    """SIGTERM lets a handler of three seconds finish; then the port is closed, and no process is left."""
    server = start_server(server_name)
    calls: list[SimulatedCall] = []
    caller = threading.Thread(target=lambda: calls.append(server.simulator().call(to=SLOW)))
    began = time.monotonic()
    caller.start()
    wait_until((server.folder / STARTED).exists, lambda: server.running.output)
    server.running.process.send_signal(signal.SIGTERM)
    caller.join(PATIENCE)
    assert time.monotonic() - began >= DURATION
    assert calls[0].heard_last == "That took a while."
    assert calls[0].warnings == []
    assert server.running.process.wait(PATIENCE) == 0
    wait_until(lambda: not server.running.processes, lambda: server.running.output)
    assert ask(f"{server.base}/healthz") == (0, "")
