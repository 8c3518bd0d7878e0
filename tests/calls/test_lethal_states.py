"""Calls to states that end the worker's process, one after the other: all other callers are still answered.

A worker takes the webhooks with it that it has already accepted. All others wait for the next worker in the listening
socket, which outlives the workers.
"""

import contextlib
import http.client
import secrets
import threading
import time
from collections import Counter
from urllib.parse import urlencode, urlsplit

import pytest
from tests.calls.conftest import StartServer
from tests.calls.servers import SERVERS
from tests.calls.size import FULL, report
from tests.calls.trees.lethal import LETHAL
from tests.processes import PATIENCE, TOKEN, wait_until
from twilio.request_validator import RequestValidator

pytestmark = [pytest.mark.calls, pytest.mark.server]
#: The number of lethal calls, and the seconds between two of them.
CALLS, EVERY = (40, 3.0) if FULL else (4, 1.0)
#: The other callers at the same time.
CALLERS = 2
#: The largest share of the other webhooks that may fail. In CI there are too few webhooks for a share.
MAX_FAILED = 0.005
ANSWERED, REFUSED, CUT_OFF = "answered", "refused", "cut off"


class Others:
    """Callers who begin calls all the time: two at once, twenty calls a second each.

    :param url: the URL of the webhook.
    """

    def __init__(self, url: str) -> None:
        self.results: Counter[str] = Counter()
        self.slowest = 0.0
        self._url = url
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._begin_calls) for _ in range(CALLERS)]

    def __enter__(self) -> "Others":
        """Begin the first calls."""
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Wait for the last answers."""
        self._end.set()
        for each in self._threads:
            each.join()

    def _begin_calls(self) -> None:
        validator = RequestValidator(TOKEN)
        while not self._end.wait(0.05):
            params = {
                "AccountSid": f"AC{'0' * 32}",
                "CallSid": f"CA{secrets.token_hex(16)}",
                "CallStatus": "ringing",
                "From": "+15005550001",
                "To": "+15005550002",
            }
            signature = validator.compute_signature(self._url, params)
            began = time.monotonic()
            self.results[self._send(urlencode(params), signature)] += 1
            self.slowest = max(self.slowest, time.monotonic() - began)

    def _send(self, body: str, signature: str) -> str:
        """Send a webhook on a new connection, and return the result."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=PATIENCE)
        with contextlib.closing(connection):
            try:
                connection.connect()
            except OSError:
                return REFUSED
            try:
                connection.request("POST", urlsplit(self._url).path, body, headers)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return CUT_OFF
        return ANSWERED if status == 200 else f"answered with {status}"


@pytest.mark.parametrize("server_name", SERVERS)
def test_states_that_end_the_process_leave_other_callers_alone(start_server: StartServer, server_name: str):
    """No call kills two workers. No other webhook is refused, and at most 0.5 % are cut off with the workers."""
    server = start_server(server_name, plugins=["lethal.py"])
    with Others(server.url) as others:
        for number in range(CALLS):
            call = server.simulator().call(to=f"{LETHAL}{number:03}")
            assert call.heard.startswith("We are sorry, something went wrong.\n")
            died = f"in state 'lethal-{number:03}' of lethal.py, call {call.sid}"
            wait_until(lambda line=died: line in server.running.output, lambda: server.running.output[-2000:])
            time.sleep(EVERY)
        wait_until(lambda: len(server.workers()) == server.size)
    output = server.running.output
    failed = others.results.total() - others.results[ANSWERED]
    report(f"lethal {server_name}: {CALLS} deaths, other webhooks: {others.results}, {others.slowest:.1f} s at most")
    assert output.count("in state 'lethal-") == CALLS
    assert others.results.keys() <= {ANSWERED, CUT_OFF}
    assert failed <= (MAX_FAILED * others.results.total() if FULL else CALLERS * CALLS)
