"""The parts of one webhook, each measured by itself over the same requests as the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any, cast

from flask import Flask, Request, Response, session
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

from benchmarks import calls, plain
from ivrkit.flow.model.call import make_call
from ivrkit.flow.run.engine import advance
from ivrkit.flow.run.session import SentResponse
from ivrkit.host.dispatcher import Dispatcher
from ivrkit.plugins.load import LoadedTree
from ivrkit.sessions import SessionManager
from ivrkit.web.request_verifier import RequestVerifier

Timings = dict[str, list[int]]
_LANGUAGE = "en-US"


class Clock:
    """Keeps how long each part took.

    :param timings: part -> nanoseconds, one for each webhook.
    """

    def __init__(self, timings: Timings) -> None:
        self._timings = timings

    def __call__(self, part: str, run: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Run a part and return what it returns."""
        began = perf_counter_ns()
        result = run(*given, **named)
        self._timings.setdefault(part, []).append(perf_counter_ns() - began)
        return result


def constant_app(*, cookie: bool) -> Flask:
    """Return the least that Flask does: a view with a constant answer, and perhaps a session in a cookie."""
    app = Flask(__name__, static_folder=None)
    app.secret_key = "cookies"  # noqa: S105  of nobody

    @app.post("/webhook")
    def webhook() -> Response:
        if cookie:
            session["call"] = session.get("call", "CA" + "0" * 32)
            session["state"] = "menu"
        return Response(b"<Response/>", content_type="text/xml; charset=utf-8")

    return app


def hosts(timings: Timings) -> None:
    """Measure what Flask costs before and after the view, on one call."""
    for part, app in _HOSTS.items():
        timings.setdefault(part, []).extend(reply.took for reply in calls.call(app, calls.new_sid()))


_HOSTS = {
    "Flask view with a constant answer": constant_app(cookie=False),
    "the same with a cookie session": constant_app(cookie=True),
}


def ours(loaded: LoadedTree, sessions: SessionManager, verifier: RequestVerifier, timings: Timings) -> None:
    """Measure the parts of ivrkit's webhook on one call.

    :param loaded: the plugins.
    :param sessions: where the call is kept.
    :param verifier: checks its signatures.
    :param timings: where the figures go.
    """
    clock = Clock(timings)
    flow = loaded.flow
    dispatcher = Dispatcher(flow, sessions, loaded.observers, lambda: datetime.now(UTC), 25)
    cookie = ""
    for request in _requests(calls.new_sid()):
        params = clock("ivrkit: form", _form_of, request)
        refusal = clock("ivrkit: signature", verifier.refusal_reason, request, params)
        assert refusal is None, refusal
        sid = params["CallSid"]
        call_session = clock("ivrkit: session cookie read", sessions.for_call, sid, cookie)
        kept = clock("ivrkit: session load", call_session.read)
        now = datetime.now(UTC)
        call = clock("ivrkit: call", make_call, params, now=now, language=_LANGUAGE, turn=kept.turn + 1, data=kept.data)
        turn = clock("ivrkit: engine", advance, flow, call, kept)
        kept.add_response(
            SentResponse(kept.turn + 1, request.headers["I-Twilio-Idempotency-Token"], "", turn.twiml.decode())
        )
        kept.turn += 1
        kept.expires = now.timestamp() + 90_000
        saved = clock("ivrkit: session save", call_session.save, kept, kept.turn - 1)
        assert saved
        cookie = call_session.cookie
        clock("ivrkit: events", dispatcher._notify_observers, turn)
        clock("ivrkit: answer", Response, turn.twiml, content_type="text/xml; charset=utf-8")


def _form_of(request: Request) -> dict[str, str]:
    return request.form.to_dict()


def theirs(timings: Timings) -> None:
    """Measure the parts of the plain file's webhook on one call; its session is in ``hosts``."""
    clock = Clock(timings)
    validator = RequestValidator(calls.TOKEN)
    for request, state in zip(_requests(calls.new_sid()), ("greeting", "hours", "hours"), strict=True):
        clock("plain: form", _form_of, request)
        valid = clock("plain: signature", _is_valid, validator, request)
        assert valid
        clock("plain: TwiML", _built, state)


def _is_valid(validator: RequestValidator, request: Request) -> bool:
    return bool(validator.validate(request.url, request.form, request.headers["X-Twilio-Signature"]))


def _built(state: str) -> str:
    response = VoiceResponse()
    plain.STATES[state](response)
    return str(response)


def _requests(sid: str) -> Iterator[Any]:
    for turn in range(len(calls.KEYS)):
        request = Request(calls.environ_of(sid, turn))
        # What Flask has done by the time a view runs.
        request.url_rule = cast(Any, SimpleNamespace(endpoint="webhook"))
        yield request
