"""A server that is told to end, while a webhook is being answered."""

import signal
import threading
import time

import pytest
from tests.calls.conftest import StartServer
from tests.calls.servers import SERVERS, SLOW
from tests.calls.trees.slow import TAKES
from tests.processes import PATIENCE, ask, wait_until

from ivrkit.simulator import SimulatedCall

pytestmark = [pytest.mark.calls, pytest.mark.server]


@pytest.mark.parametrize("kind", SERVERS)
def test_what_is_being_answered_is_answered_whole_and_nothing_is_left(start_server: StartServer, kind: str):
    """SIGTERM lets a handler that takes three seconds finish; then the port is closed and every process is gone."""
    server = start_server(kind)
    calls: list[SimulatedCall] = []
    caller = threading.Thread(target=lambda: calls.append(server.number().call(to=SLOW)))
    began = time.monotonic()
    caller.start()
    time.sleep(TAKES / 3)
    server.running.process.send_signal(signal.SIGTERM)
    caller.join(PATIENCE)
    assert time.monotonic() - began >= TAKES
    assert calls[0].heard_last == "That took a while."
    assert calls[0].warnings == []
    assert server.running.process.wait(PATIENCE) == 0
    wait_until(lambda: not server.running.processes, lambda: server.running.output)
    assert ask(f"{server.base}/healthz") == (0, "")
