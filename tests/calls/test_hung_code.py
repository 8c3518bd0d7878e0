"""A handler that hangs, and clients that send nothing: other callers do not notice it."""

import socket
import threading
import time
from collections.abc import Callable

import pytest
from tests.calls.conftest import StartServer
from tests.calls.servers import HANGING, SERVERS, Server
from tests.calls.trees.hanging import ENDED, ENTERED, RELEASED
from tests.processes import PATIENCE, ask, wait_until

from ivrkit.simulator import SimulatedCall

pytestmark = [pytest.mark.calls, pytest.mark.server]

#: The calls that are in the handler that hangs at the same time.
STUCK = 50
#: How long another caller may wait, in seconds. The goal is one second, which an idle machine reaches easily. Without
#: the bounds, callers wait for the deadline of five seconds.
LIMIT = 3.0
APOLOGY = "We are sorry, something went wrong."


def in_threads(count: int, run: Callable[[], None]) -> list[threading.Thread]:
    """Start threads that run a function."""
    threads = [threading.Thread(target=run) for _ in range(count)]
    for each in threads:
        each.start()
    return threads


def lines(server: Server, file: str) -> list[str]:
    """Return the lines that handlers wrote."""
    path = server.folder / file
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.mark.parametrize("server_name", SERVERS)
def test_a_handler_that_hangs_holds_up_nobody_else(start_server: StartServer, server_name: str):
    """Fifty callers are in one state that hangs, on two workers. Each hears an apology, and others are answered.

    The log has the owner, the state, the call and the stack. The late answers of the handlers are thrown away.
    """
    server = start_server(server_name)
    calls: list[SimulatedCall] = []
    waits: list[float] = []
    callers = in_threads(STUCK, lambda: calls.append(server.simulator().call(to=HANGING)))
    wait_until(lambda: bool(lines(server, ENTERED)), lambda: server.running.output)
    while any(each.is_alive() for each in callers):
        began = time.monotonic()
        assert server.simulator().call().heard_last
        waits.append(time.monotonic() - began)
    assert max(waits) < LIMIT, f"{len(waits)} other callers waited {sorted(waits)[-5:]} s"
    assert len(calls) == STUCK
    for call in calls:
        assert [each.status for each in call.responses] == [200]
        assert call.heard_last.endswith("Sorry, and data {}.")
    in_handler = lines(server, ENTERED)
    for sid in in_handler:
        (call,) = (each for each in calls if each.sid == sid)
        assert APOLOGY in call.heard
    output = server.running.output
    assert "state 'hanging' of hanging.py has run for 5." in output
    assert f"seconds in call {in_handler[0]}, but its deadline is 5 seconds: its stack" in output
    assert ", in _hang" in output
    (server.folder / RELEASED).touch()
    wait_until(lambda: len(lines(server, ENDED)) == len(lines(server, ENTERED)), lambda: server.running.output)
    wait_until(lambda: "its result is thrown away" in server.running.output, lambda: server.running.output)
    for call in calls[:5]:
        assert call.press("1").heard_last == "You are at 0.", "the next key counts in the state on_error"


@pytest.mark.parametrize("has_signature", [False, True])
def test_held_connections_cost_other_callers_nothing(start_server: StartServer, has_signature: bool):
    """Two hundred clients send the beginning of a body and then nothing. Other callers are answered meanwhile.

    Without a plausible signature, a client gets its refusal at once. With one, it gets a 408 after five seconds.
    """
    server = start_server("serve")
    signature = "X-Twilio-Signature: " + "a" * 27 + "=\r\n" if has_signature else ""
    head = f"POST /webhook HTTP/1.1\r\nHost: a\r\n{signature}Content-Length: 1000\r\n\r\nCallSid=CA"
    held = []
    for _ in range(200):
        held.append(socket.create_connection(("127.0.0.1", int(server.base.rpartition(":")[2])), PATIENCE))
        held[-1].sendall(head.encode())
    for _ in range(20):
        began = time.monotonic()
        assert ask(f"{server.base}/healthz")[0] == 200
        assert server.simulator().call().heard_last
        assert time.monotonic() - began < LIMIT
    statuses = {each.recv(100)[9:12] for each in held}
    for each in held:
        each.close()
    assert statuses == ({b"408"} if has_signature else {b"403"})
