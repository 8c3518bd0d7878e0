"""The front of ``ivrkit serve``, called as granian calls it. ``tests/cli`` and ``tests/calls`` run it in granian."""

import asyncio
import threading
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pytest
from tests.web.webhook_calls import TOKEN, sign, twilio_params

from ivrkit import MenuOption, State
from ivrkit.web.front import front as module
from ivrkit.web.front.front import Front
from ivrkit.web.wsgi_call import WsgiCall

WEBHOOK = "https://ivr.example.com/webhook"
SID = "CA" + "1" * 32


class Headers(dict):
    """The headers of a request, as RSGI has them."""

    def items(self):
        """Return the headers."""
        return list(super().items())


class Protocol:
    """The connection of a request. It sends the body in chunks, and records the response.

    :param chunks: the chunks of the body. After the last one, the connection sends nothing for ever if ``hang`` is set.
    """

    def __init__(self, *chunks, hang=False):
        self.chunks, self.hang, self.read = chunks, hang, []

    async def __aiter__(self):
        """Return the chunks of the body."""
        for chunk in self.chunks:
            self.read.append(chunk)
            yield chunk
        if self.hang:
            await asyncio.Event().wait()

    def response_bytes(self, status, headers, body):
        """Record the response."""
        self.status, self.headers, self.body = status, dict(headers), body


def request(app, protocol, url=WEBHOOK, method="POST", **headers):
    """Send a request to the front of an app, and return the connection with the response."""
    parts = urlsplit(url)
    scope = SimpleNamespace(
        http_version="1.1", server="127.0.0.1:5000", client="127.0.0.1:40000", scheme=parts.scheme, method=method,
        path=parts.path, query_string=parts.query, authority=None, headers=Headers(host=parts.netloc, **headers),
    )  # fmt: skip
    asyncio.run(Front(app).__rsgi__(scope, protocol))
    return protocol


def webhook(app, protocol=Protocol, **params):
    """Send a signed webhook to the front of an app."""
    params = twilio_params(SID, **params)
    body = urlencode(params).encode()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(body)),
        "x-twilio-signature": sign(WEBHOOK, params.items(), TOKEN),
    }
    return request(app, protocol(body[:10], body[10:]), **headers)


@pytest.fixture
def short(monkeypatch):
    """Make the time limits short."""
    monkeypatch.setattr(module, "LAST_RESORT_AFTER", 0.05)
    monkeypatch.setattr(module, "ANSWER_WITHIN", 0.1)


def test_a_webhook_is_answered_in_a_thread_for_turns(make_app):
    """The front reads the whole body, and the app answers in a thread of the pool."""
    threads = []
    app = make_app()
    app.before_request(lambda: threads.append(threading.current_thread().name))
    response = webhook(app, status="ringing")
    assert (response.status, response.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert response.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?><Response>')
    assert threads == ["ivrkit-turn-1"]


def test_the_body_of_a_request_without_a_plausible_signature_is_not_read(make_app):
    """A request that is refused anyway gets its refusal at once, however slowly its body comes."""
    protocol = request(make_app(), Protocol(b"CallSid=", hang=True), **{"content-length": "1000"})
    assert (protocol.status, protocol.read) == (403, [])


def test_the_body_of_a_request_to_another_page_is_not_read(make_app):
    """Only endpoints that need a body wait for it."""
    protocol = request(make_app(), Protocol(b"x", hang=True), f"{WEBHOOK}s", **{"content-length": "1"})
    assert (protocol.status, protocol.read) == (404, [])
    assert request(make_app(), Protocol(), "https://ivr.example.com/healthz", "GET").status == 200


@pytest.mark.parametrize(
    ("headers", "read"),
    [({"content-length": "65537"}, 0), ({"transfer-encoding": "chunked"}, 3)],
)
def test_a_body_that_is_too_long_is_not_read_to_its_end(make_app, headers, read):
    """A body that is too long is refused by its length, or when the chunks have become too long."""
    chunk = b"x" * 30_000
    protocol = Protocol(chunk, chunk, chunk, hang=True)
    request(make_app(), protocol, **{"x-twilio-signature": "a" * 27 + "=", **headers})
    assert (protocol.status, len(protocol.read)) == (413, read)


def test_a_slow_body_is_refused(make_app, monkeypatch, logged):
    """A client that does not send the whole body in time gets 408. The log has the address and the fix."""
    monkeypatch.setattr(module, "BODY_SECONDS", 0.01)
    app = make_app()
    logged()
    headers = {"x-twilio-signature": "a" * 27 + "=", "content-length": "1000"}
    protocol = request(app, Protocol(b"CallSid=", hang=True), **headers)
    assert (protocol.status, protocol.body) == (408, b"The body of the request did not arrive in time.\n")
    (line,) = logged()
    assert line == (
        "WARNING 408 POST /webhook from 127.0.0.1: the body did not arrive within 0.01 seconds: Twilio sends the whole "
        "request at once, so check the proxy or find out which program sends this request"
    )


def test_the_caller_of_a_function_that_hangs_is_answered(make_app, release, logged):
    """After its deadline, the caller hears the apology, and the next state."""
    slow = State(lambda call: release.wait() and "Late.", deadline=0.1, options=MenuOption("1", "slow"))
    app = make_app(tree={"slow": slow}, start="slow")
    response = webhook(app, status="ringing")
    assert response.status == 200
    assert b"something went wrong" in response.body
    assert any("but its deadline is 0.1 seconds" in line for line in logged())


def test_a_session_store_that_hangs_costs_no_answer(make_app, release, short, monkeypatch):
    """If there is no time for the session, the last attempt answers."""
    app = make_app()
    monkeypatch.setattr(app.extensions["ivrkit"].sessions.store, "load", lambda sid: release.wait())
    response = webhook(app, status="ringing")
    assert b"<Redirect>webhook?again=1" in response.body


def test_a_request_without_an_answer_gets_503(make_app, release, short, monkeypatch, logged):
    """If not even the last attempt has an answer, Twilio gets a 503, and requests the fallback."""
    monkeypatch.setattr(WsgiCall, "answer", lambda self, attempt: release.wait())
    app = make_app()
    logged()
    assert webhook(app).status == 503
    assert logged() == ["ERROR POST /webhook was not answered within 0.1 seconds"]


def test_there_is_no_limit_in_a_debugger(make_app, release, short, monkeypatch):
    """If the code was stopped in a debugger, the first attempt answers, however late."""
    original = WsgiCall.answer

    def answer(self, attempt):
        attempt.in_debugger = True
        release.wait(0.3)
        assert not attempt.is_last_resort
        return original(self, attempt)

    monkeypatch.setattr(WsgiCall, "answer", answer)
    assert webhook(make_app()).status == 200


def test_an_error_of_the_app_is_logged(make_app, monkeypatch, logged):
    """An error that Flask does not handle is logged with its traceback, and the client gets 500."""
    app = make_app()
    monkeypatch.setattr(app, "wsgi_app", lambda environ, start_response: 1 / 0)
    logged()
    assert webhook(app).status == 500
    (line,) = logged()
    assert line.startswith("ERROR POST /webhook failed\nTraceback")
    assert "ZeroDivisionError" in line


def test_an_answer_after_the_end_is_ignored():
    """An answer that arrives after the time limit, or after the end of the server, raises no error."""

    async def late():
        waiter = module._Waiter(asyncio.get_running_loop())
        waiter._set(None)
        waiter.done("late")
        waiter.cancel_timer()
        await asyncio.sleep(0)
        assert await waiter.future is None
        return waiter

    asyncio.run(late()).done("later")
