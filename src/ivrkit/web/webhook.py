"""The pages that Twilio asks: webhook, fallback, status callback, whisper; and whether the host is well."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from flask import Blueprint, Request, Response, jsonify, request

from ivrkit.flow.compile.twiml import HANGUP, document, with_overrides
from ivrkit.flow.compile.whisper import PAGE, answer_whisper
from ivrkit.flow.model.state import State
from ivrkit.host.dispatcher import Dispatcher
from ivrkit.plugins.load import LoadedTree
from ivrkit.web.doctor_endpoint import PATH, add_diagnosis
from ivrkit.web.request_verifier import RequestVerifier

#: What the webhook of a number's "primary handler fails" is answered with, by the mark that the failed URL carried.
#: The first time the stored state is entered again, the second time the operator is taken.
_NEXT_MARK = {0: 1, 1: 2}
_XML = "text/xml; charset=utf-8"
#: A webhook with more bytes than this is not Twilio's.
MOST_BYTES = 256_000
#: The pages, below the prefix of a tree.
PAGES = ("/webhook", "/webhook/status", "/webhook/fallback", f"/webhook/{PAGE}", "/healthz", PATH)

log = logging.getLogger("ivrkit.web")


def make_blueprint(
    dispatcher: Dispatcher, verifier: RequestVerifier, loaded: LoadedTree, *, dev: bool, name: str = "ivrkit"
) -> Blueprint:
    """Return the pages as a blueprint, to be mounted under any prefix.

    :param dispatcher: answers the webhooks.
    :param verifier: decides who may ask.
    :param loaded: the plugins and states that are served.
    :param dev: whether answers name state and owner.
    :param name: the blueprint's name.
    """
    blueprint = Blueprint(name, __name__)
    pages = _Pages(dispatcher, verifier, loaded, dev=dev, cookie=name)
    webhook, status, fallback, whisper, healthz, doctor = PAGES
    both = ("GET", "POST")
    blueprint.before_request(_too_long)
    blueprint.add_url_rule(webhook, "webhook", pages.webhook, methods=both)
    blueprint.add_url_rule(status, "status", pages.status, methods=both)
    blueprint.add_url_rule(fallback, "fallback", pages.fallback, methods=both)
    blueprint.add_url_rule(whisper, "whisper", pages.whisper, methods=both)
    blueprint.add_url_rule(healthz, "healthz", pages.healthz)
    add_diagnosis(blueprint, doctor, verifier)
    return blueprint


class _Pages:
    """The views. Only ``/webhook`` serves states."""

    def __init__(
        self, dispatcher: Dispatcher, verifier: RequestVerifier, loaded: LoadedTree, *, dev: bool, cookie: str
    ) -> None:
        self._dispatcher = dispatcher
        self._gatekeeper = verifier
        self._loaded = loaded
        self._dev = dev
        self._cookie = cookie

    def webhook(self) -> Response:
        """Answer "what now?" with a document."""
        asked = _asked()
        params = _params(asked)
        refused = self._refused(asked, params)
        if refused:
            return refused
        mark = _mark(asked.query_string.decode("latin-1"))
        token = asked.headers.get("I-Twilio-Idempotency-Token", "")
        carried = self._carried(asked)
        try:
            reply = self._dispatcher.answer_webhook(params, token=token, again=mark, cookie=carried)
        except Exception:
            log.exception("call %s could not be answered", params["CallSid"])
            return self._sorry(self._dispatcher.apology(), mark, "webhook", pause=True)
        answer = self._answer(reply.twiml, reply.state)
        self._carry(asked, answer, reply.cookie)
        return answer

    def status(self) -> Response:
        """Take the news that a call is over; nothing that goes wrong here can help or hurt the caller."""
        asked = _asked()
        params = _params(asked)
        refused = self._refused(asked, params)
        if refused:
            return refused
        try:
            self._dispatcher.record_status(params, cookie=self._carried(asked))
        except Exception:
            log.exception("the end of call %s could not be saved", params["CallSid"])
        return Response(status=204)

    def fallback(self) -> Response:
        """Apologise and send the call back to the webhook, because Twilio could not use what it got there."""
        asked = _asked()
        params = _params(asked)
        refused = self._refused(asked, params)
        if refused:
            return refused
        path, query = _split(params.get("ErrorUrl", ""))
        log.error("call %s fell back: Twilio's error %s at %s", params["CallSid"], params.get("ErrorCode"), path)
        return self._sorry(
            self._dispatcher.apology(params["CallSid"], self._carried(asked)), _mark(query), "../webhook", pause=False
        )

    def whisper(self) -> Response:
        """Answer whoever was dialled, before they talk to the caller."""
        asked = _asked()
        params = _params(asked)
        refused = self._refused(asked, params)
        if refused:
            return refused
        return self._answer(answer_whisper(self._dispatcher.flow, asked.args, params.get("Digits", "")), None)

    def healthz(self) -> Response:
        """Tell whether calls can be answered, and the store is well; names and versions only in dev.

        While the store is away calls go on by their cookies: to take the host out of service would help nobody.
        """
        well = self._dispatcher.sessions.is_healthy()
        told: dict[str, object] = {"status": "ok" if well else "degraded", "store": "ok" if well else "not ok"}
        if self._dev:
            states = self._loaded.flow.states.values()
            told["plugins"] = {plugin.owner.plugin: plugin.owner.version for plugin in self._loaded.plugins}
            told["states"] = {each.name: str(each.state.owner) for each in states}
            told["problems"] = [str(problem) for problem in self._loaded.problems]
        return jsonify(told)

    def _carried(self, asked: Request) -> str:
        """Return what a call brought along of its place."""
        return asked.cookies.get(self._cookie, "")

    def _carry(self, asked: Request, answer: Response, cookie: str) -> None:
        """Let a call bring its place along at the next webhook."""
        if cookie:
            answer.set_cookie(self._cookie, cookie, secure=asked.is_secure, httponly=True, samesite="Lax")
        elif self._cookie in asked.cookies:
            answer.delete_cookie(self._cookie)

    def _refused(self, asked: Request, params: Mapping[str, str]) -> Response | None:
        """Return the refusal of a request that is not Twilio's, ``None`` for one that is."""
        reason = self._gatekeeper.refusal(asked, params)
        if reason:
            log.warning("403: %s", reason)
            return Response(f"{reason}\n" if self._dev else "Forbidden\n", status=403, mimetype="text/plain")
        if not params.get("CallSid"):
            return Response("CallSid is missing: Twilio asks here when a call comes in.\n", 400, mimetype="text/plain")
        return None

    def _sorry(self, apology: bytes, mark: int, webhook: str, *, pause: bool) -> Response:
        """Return an apology, then the webhook again with the next mark; the last time, the end of the call."""
        if mark not in _NEXT_MARK:
            return self._answer(document([apology, HANGUP]), None)
        overrides = self._dispatcher.flow.config.connection_overrides
        url = with_overrides(f"{webhook}?again={_NEXT_MARK[mark]}", overrides)
        redirect = f"<Redirect>{escape(url)}</Redirect>".encode()
        return self._answer(document([apology, b'<Pause length="1" />' * pause, redirect]), None)

    def _answer(self, twiml: bytes, state: State | None) -> Response:
        response = Response(twiml, content_type=_XML)
        if self._dev and state is not None:
            response.headers["Ivrkit-State"] = state.name
            response.headers["Ivrkit-Owner"] = str(state.owner)
        return response


def _too_long() -> Response | None:
    """Return the refusal of a body that is longer than any of Twilio's, or that does not say how long it is.

    The limit is that of these pages alone: ``MAX_CONTENT_LENGTH`` would be that of the whole app.
    """
    asked = _asked()
    length = asked.content_length
    if asked.method == "POST" and _is_endless(asked.environ, length):
        return Response("The request does not say how long it is.\n", 411, mimetype="text/plain")
    if length is not None and length > MOST_BYTES:
        return Response(f"The request has more than {MOST_BYTES} bytes.\n", 413, mimetype="text/plain")
    return None


def _is_endless(environ: Mapping[str, object], length: int | None) -> bool:
    """Return whether a body would be read for as long as it comes."""
    return "HTTP_TRANSFER_ENCODING" in environ or (length is None and bool(environ.get("wsgi.input_terminated")))


def _asked() -> Request:
    """Return the request itself: each look at it through Flask's stand-in has to find it anew."""
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # Flask calls the stand-in a Request
    return asked


def _params(asked: Request) -> dict[str, str]:
    """Return Twilio's parameters: a form's, or for GET those of the query."""
    return (asked.form if asked.method == "POST" else asked.args).to_dict()


def _mark(query: str) -> int:
    """Return the mark of the fallback that a query carries, 0 for none."""
    mark = parse_qs(query).get("again", [""])[-1] if query else ""
    return int(mark) if mark in ("1", "2") else 0


def _split(url: str) -> tuple[str, str]:
    """Return the path and the query of a URL that came as a parameter; of one that is none, nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.path, parts.query
