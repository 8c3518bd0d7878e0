"""Calls as Twilio makes them: signed form posts over WSGI, one CallSid a call, the cookie carried."""

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

TOKEN = "12345"  # noqa: S105  of an account that does not exist
ACCOUNT = "AC" + "5e" * 16
HOST = "ivr.example.com"
URL = f"https://{HOST}/webhook"

#: What the caller does: nothing yet, then a key each. start -> menu, 3 -> hours, 1 -> hours again.
KEYS = ("", "3", "1")

#: The parameters that a webhook of a call from the United States to a toll-free number carries besides the call's own.
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
#: Every CallSid of a run is another one: a store that saw only one would be measured on one row.
_numbers = itertools.count(1)


class Reply:
    """What an app answered, and how long it took.

    :param status: such as ``200 OK``.
    :param headers: as the app gave them.
    :param body: the document.
    :param took: in nanoseconds.
    :param cpu: how much of it the processor worked for it, in nanoseconds.
    """

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes, took: int, cpu: int) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.took = took
        self.cpu = cpu

    @property
    def cookie(self) -> str:
        """What Twilio would send back as ``Cookie``."""
        return "; ".join(value.partition(";")[0] for name, value in self.headers if name == "Set-Cookie")


def new_sid() -> str:
    """Return a CallSid that no call had yet."""
    return f"CA{next(_numbers):032x}"


def fields_of(sid: str, key: str) -> dict[str, str]:
    """Return the form of one webhook: 23 fields when the call comes in, 25 with a key.

    The caller's number is the call's own, as are the bytes of the form: no cache may know them.
    """
    caller = f"+1500{int(sid[-7:], 16) % 10_000_000:07d}"
    fields = {**_FIELDS, "CallSid": sid, "From": caller, "Caller": caller}
    if not key:
        return {**fields, "CallStatus": "ringing"}
    return {**fields, "CallStatus": "in-progress", "Digits": key, "FinishedOnKey": ""}


def environ_of(sid: str, turn: int, cookie: str = "") -> dict[str, Any]:
    """Return the WSGI environment of one webhook, as a server behind TLS hands it in."""
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
        "wsgi.multithread": True,
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


def ask(app: WSGIApp, environ: dict[str, Any]) -> Reply:
    """Ask an app; only the app is timed, to the last byte of its answer."""
    told: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> Callable[..., None]:
        told[:] = [status, headers]
        return lambda _data: None

    began, began_cpu = perf_counter_ns(), thread_time_ns()
    answer = app(environ, start_response)
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    cpu, took = thread_time_ns() - began_cpu, perf_counter_ns() - began
    return Reply(told[0], told[1], body, took, cpu)


def call(app: WSGIApp, sid: str) -> Iterator[Reply]:
    """Make one call of three webhooks."""
    cookie = ""
    for turn in range(len(KEYS)):
        reply = ask(app, environ_of(sid, turn, cookie))
        cookie = reply.cookie or cookie
        yield reply


def words(reply: Reply) -> list[str]:
    """Return what a caller hears, sentence by sentence.

    :raises AssertionError: when the answer is none.
    """
    assert reply.status == "200 OK", f"{reply.status}: {reply.body!r}"
    return [say.text or "" for say in ElementTree.fromstring(reply.body).iter("Say")]  # noqa: S314  made by the app
