"""Calls as Twilio makes them: signed POST requests over WSGI, with the cookie of the previous response."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import itertools
from collections.abc import Callable, Iterator
from time import perf_counter_ns, thread_time_ns
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

TOKEN = "12345"  # noqa: S105  no real account has it
ACCOUNT = "AC" + "5e" * 16
HOST = "ivr.example.com"
URL = f"https://{HOST}/webhook"

#: The key of each webhook: none at the start of the call, which reads the menu; 3 reads the hours, 1 repeats them.
KEYS = ("", "3", "1")

#: The parameters of a call from the United States to a toll-free number that are the same in all calls.
_FIELDS = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "Called": "+15005550001",
    "CalledCountry": "US",
    "CalledState": "",
    "CalledZip": "",
    "CallerCity": "LEXINGTON-FAYETTE",
    "CallerCountry": "US",
    "CallerState": "KY",
    "CallerZip": "40507",
    "Direction": "inbound",
    "FromCity": "LEXINGTON-FAYETTE",
    "FromCountry": "US",
    "FromState": "KY",
    "FromZip": "40507",
    "To": "+15005550001",
    "ToCountry": "US",
    "ToState": "",
    "ToZip": "",
}

WSGIApp = Callable[..., Any]
#: Each call has a new CallSid. With only one, the session store would be measured with a single row.
_numbers = itertools.count(1)


class Reply:
    """The response of an app with its time.

    :param status: such as ``200 OK``.
    :param headers: names and values.
    :param body: the TwiML document.
    :param elapsed: the elapsed time in nanoseconds.
    :param cpu: the CPU time of the thread in nanoseconds.
    """

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes, elapsed: int, cpu: int) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.elapsed = elapsed
        self.cpu = cpu

    @property
    def cookie(self) -> str:
        """The header ``Cookie`` of the next request."""
        return "; ".join(value.partition(";")[0] for name, value in self.headers if name == "Set-Cookie")


def new_sid() -> str:
    """Return an unused CallSid."""
    return f"CA{next(_numbers):032x}"


def fields_of(sid: str, key: str) -> dict[str, str]:
    """Return the parameters of one webhook: 23 at the start of a call, 25 with a key.

    The caller's number depends on the CallSid, so that each request has different bytes and no cache helps.
    """
    caller = f"+1500{int(sid[-7:], 16) % 10_000_000:07d}"
    fields = {**_FIELDS, "CallSid": sid, "From": caller, "Caller": caller}
    if not key:
        return {**fields, "CallStatus": "ringing"}
    return {**fields, "CallStatus": "in-progress", "Digits": key, "FinishedOnKey": ""}


def environ_of(sid: str, turn: int, cookie: str = "") -> dict[str, Any]:
    """Return the WSGI environment of one webhook, as from a server behind a proxy with TLS."""
    fields = fields_of(sid, KEYS[turn])
    body = urlencode(fields).encode()
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/webhook",
        "QUERY_STRING": "",
        "SERVER_NAME": HOST,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "198.51.100.7",
        "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=UTF-8",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": HOST,
        "HTTP_ACCEPT": "*/*",
        "HTTP_USER_AGENT": "TwilioProxy/1.1",
        "HTTP_X_TWILIO_SIGNATURE": sign(fields),
        "HTTP_I_TWILIO_IDEMPOTENCY_TOKEN": f"{sid}-{turn}",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,  # of a server with threads, a webhook is handed over: benchmarks/deadlines.py
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if cookie:
        environ["HTTP_COOKIE"] = cookie
    return environ


def sign(fields: dict[str, str]) -> str:
    """Return X-Twilio-Signature (https://www.twilio.com/docs/usage/security#validating-requests)."""
    signed = URL + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def send(app: WSGIApp, environ: dict[str, Any]) -> Reply:
    """Send a request to an app. Only the app is timed, until the last byte of its response."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> Callable[..., None]:
        started[:] = [status, headers]
        return lambda _data: None

    began, began_cpu = perf_counter_ns(), thread_time_ns()
    response = app(environ, start_response)
    body = b"".join(response)
    if hasattr(response, "close"):
        response.close()
    cpu, elapsed = thread_time_ns() - began_cpu, perf_counter_ns() - began
    return Reply(started[0], started[1], body, elapsed, cpu)


def call(app: WSGIApp, sid: str) -> Iterator[Reply]:
    """Make one call of three webhooks."""
    cookie = ""
    for turn in range(len(KEYS)):
        reply = send(app, environ_of(sid, turn, cookie))
        cookie = reply.cookie or cookie
        yield reply


def sentences(reply: Reply) -> list[str]:
    """Return the text of each ``<Say>`` in a response.

    :raises AssertionError: if the status is not 200.
    """
    assert reply.status == "200 OK", f"{reply.status}: {reply.body!r}"
    return [say.text or "" for say in ElementTree.fromstring(reply.body).iter("Say")]  # noqa: S314  made by the app
