"""The parts of one webhook, each measured by itself with the same requests as the whole webhook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any, cast

import flask
from flask import Flask, Request, Response
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

from benchmarks import calls, plain
from ivrkit.flow.model.call import make_call
from ivrkit.flow.run.engine import advance
from ivrkit.flow.run.session import SentResponse
from ivrkit.host.observers import notify_of_turn
from ivrkit.plugins.load import LoadedTree
from ivrkit.sessions import SessionManager
from ivrkit.web.request_verifier import RequestVerifier

Timings = dict[str, list[int]]
_LANGUAGE = "en-US"


class Stopwatch:
    """Measures the elapsed times of parts.

    :param timings: part -> its nanoseconds in each webhook.
    """

    def __init__(self, timings: Timings) -> None:
        self._timings = timings

    def __call__(self, part: str, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a part, record its time, and return its result."""
        began = perf_counter_ns()
        result = run(*args, **kwargs)
        self._timings.setdefault(part, []).append(perf_counter_ns() - began)
        return result


def constant_app(*, cookie: bool) -> Flask:
    """Return a Flask app with one view that returns a constant.

    :param cookie: whether the view changes the session, which Flask keeps in a cookie.
    """
    app = Flask(__name__, static_folder=None)
    app.secret_key = "cookies"  # noqa: S105  of no real app

    @app.post("/webhook")
    def webhook() -> Response:
        if cookie:
            flask.session["call"] = flask.session.get("call", "CA" + "0" * 32)
            flask.session["state"] = "menu"
        return Response(b"<Response/>", content_type="text/xml; charset=utf-8")

    return app


def measure_flask(timings: Timings) -> None:
    """Measure the time of Flask itself with one call."""
    for part, app in _FLASK_APPS.items():
        timings.setdefault(part, []).extend(reply.elapsed for reply in calls.call(app, calls.new_sid()))


_FLASK_APPS = {
    "Flask: view that returns a constant": constant_app(cookie=False),
    "Flask: the same with a session": constant_app(cookie=True),
}


def measure_ivrkit(loaded: LoadedTree, sessions: SessionManager, verifier: RequestVerifier, timings: Timings) -> None:
    """Measure the parts of ivrkit's webhook with one call.

    :param loaded: the phone tree.
    :param sessions: the session manager.
    :param verifier: verifies the signatures.
    :param timings: gets the times.
    """
    measure = Stopwatch(timings)
    flow = loaded.flow
    cookie = ""
    for request in _requests(calls.new_sid()):
        params = measure("ivrkit: parse the form", _form_of, request)
        refusal = measure("ivrkit: verify the signature", verifier.refusal_reason, request, params)
        assert refusal is None, refusal
        sid = params["CallSid"]
        call_session = measure("ivrkit: decrypt the cookie", sessions.for_call, sid, cookie)
        session = measure("ivrkit: load the session", call_session.read)
        now = datetime.now(UTC)
        arguments = {"now": now, "language": _LANGUAGE, "turn": session.turn + 1, "data": session.data}
        call = measure("ivrkit: create the Call", make_call, params, **arguments)
        turn = measure("ivrkit: run the engine", advance, flow, call, session)
        session.add_response(
            SentResponse(session.turn + 1, request.headers["I-Twilio-Idempotency-Token"], "", turn.twiml.decode())
        )
        session.turn += 1
        session.expires = now.timestamp() + 90_000
        saved = measure("ivrkit: save the session", call_session.save, session, session.turn - 1)
        assert saved
        cookie = call_session.cookie
        measure("ivrkit: notify the observers", notify_of_turn, loaded.observers, turn)
        measure("ivrkit: create the response", Response, turn.twiml, content_type="text/xml; charset=utf-8")


def _form_of(request: Request) -> dict[str, str]:
    return request.form.to_dict()


def measure_plain_app(timings: Timings) -> None:
    """Measure the parts of the plain app's webhook with one call; :func:`measure_flask` measures its session."""
    measure = Stopwatch(timings)
    validator = RequestValidator(calls.TOKEN)
    for request, state in zip(_requests(calls.new_sid()), ("greeting", "hours", "hours"), strict=True):
        measure("plain: parse the form", _form_of, request)
        valid = measure("plain: verify the signature", _is_valid, validator, request)
        assert valid
        measure("plain: create the TwiML", _build_twiml, state)


def _is_valid(validator: RequestValidator, request: Request) -> bool:
    return bool(validator.validate(request.url, request.form, request.headers["X-Twilio-Signature"]))


def _build_twiml(state: str) -> str:
    response = VoiceResponse()
    plain.STATES[state](response)
    return str(response)


def _requests(sid: str) -> Iterator[Any]:
    for turn in range(len(calls.KEYS)):
        request = Request(calls.environ_of(sid, turn))
        # Flask sets it before it calls a view.
        request.url_rule = cast(Any, SimpleNamespace(endpoint="webhook"))
        yield request
