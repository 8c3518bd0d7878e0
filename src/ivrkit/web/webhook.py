"""The endpoints for Twilio (webhook, status callback, fallback, whisper and wait), and the health check."""

from __future__ import annotations

import functools
import html
import logging
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Request, Response, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge

from ivrkit.flow.compile.twiml import EMPTY_RESPONSE, HANGUP, document, with_connection_overrides
from ivrkit.flow.compile.wait import answer_wait
from ivrkit.flow.model.call import RINGING
from ivrkit.flow.model.notifications import Notification, find_notification
from ivrkit.flow.model.state import State
from ivrkit.flow.run.turn import FallbackStep
from ivrkit.flow.run.whisper import answer_whisper
from ivrkit.host.accounts import AccountError
from ivrkit.host.deadlines.attempt import Attempt, TurnAbandoned
from ivrkit.host.dispatcher import Dispatcher
from ivrkit.plugin_errors import describe_value, escape_control_characters, plugin_errors
from ivrkit.plugins.load import LoadedTree
from ivrkit.web.doctor_endpoint import add_doctor_endpoint
from ivrkit.web.early_refusal import signature_problem
from ivrkit.web.paths import PATHS, STATUS_PATH
from ivrkit.web.request_body import UNREADABLE, BodyReader, query_parameters
from ivrkit.web.request_log import RequestLog
from ivrkit.web.request_verifier import RequestVerifier
from ivrkit.web.wsgi_call import ATTEMPT

_XML = "text/xml; charset=utf-8"
#: The status in the health check: the session store works, or calls go on with their cookies only.
HEALTHY, DEGRADED = "ok", "degraded"
#: The names of the views that answer only requests that Twilio signed.
_SIGNED_VIEWS = ("webhook", "status", "fallback", "whisper", "wait")
#: How many characters of a parameter are logged.
_MAX_SHOWN = 200
_CALL_SID = re.compile("CA[0-9a-fA-F]{32}")
_SET_WEBHOOK = 'set "A call comes in" in Twilio\'s console to the path that ends with /webhook'

log = logging.getLogger("ivrkit.web")


def make_blueprint(
    dispatcher: Dispatcher, verifier: RequestVerifier, loaded: LoadedTree, *, dev: bool, name: str = "ivrkit"
) -> Blueprint:
    """Return the endpoints of a phone tree as a blueprint.

    :param dispatcher: the dispatcher, which answers the webhooks.
    :param verifier: the request verifier, which decides whether a request is answered.
    :param loaded: the loaded phone tree. The health check lists its plugins, states and problems for requests that may
        see them.
    :param dev: whether dev mode is on. In dev mode, headers of the responses name the state and the state's owner.
    :param name: the name of the blueprint and of the session cookie.
    """
    blueprint = Blueprint(name, __name__)
    views = _Views(dispatcher, verifier, loaded, dev=dev, cookie_name=name)
    webhook, status, fallback, whisper, wait, healthz, doctor = PATHS
    methods = ("GET", "POST")  # a number can be configured with either
    blueprint.before_request(views.refuse_early)
    for error in (BadRequest, RequestEntityTooLarge):  # raised while the form is parsed
        blueprint.register_error_handler(error, views.refuse_form)
    # The console accepts a URL with a slash at its end, so these endpoints have both spellings.
    blueprint.add_url_rule(webhook, "webhook", views.webhook, methods=methods, strict_slashes=False)
    blueprint.add_url_rule(status, "status", views.status, methods=methods, strict_slashes=False)
    blueprint.add_url_rule(fallback, "fallback", views.fallback, methods=methods, strict_slashes=False)
    blueprint.add_url_rule(whisper, "whisper", views.whisper, methods=methods)
    blueprint.add_url_rule(wait, "wait", views.wait, methods=methods)
    blueprint.add_url_rule(healthz, "healthz", views.healthz)
    add_doctor_endpoint(blueprint, doctor, verifier, views.refuse_body)
    return blueprint


def _verified(view: Callable[[_Views, Request, dict[str, str]], Response]) -> Callable[[_Views], Response]:
    """Return a Flask view that calls a method with the request and Twilio's parameters.

    The view refuses requests that Twilio did not sign.
    """

    @functools.wraps(view)
    def verified_view(self: _Views) -> Response:
        request = _current_request()
        params = _twilio_params(request)
        refusal = self.refuse(request, params)
        return view(self, request, params) if refusal is None else refusal

    return verified_view


class _Views:
    """The views of the endpoints. Only the view ``webhook`` enters states."""

    def __init__(
        self, dispatcher: Dispatcher, verifier: RequestVerifier, loaded: LoadedTree, *, dev: bool, cookie_name: str
    ) -> None:
        self._dispatcher = dispatcher
        self._verifier = verifier
        self._loaded = loaded
        self._dev = dev
        self._cookie_name = cookie_name
        self._log = RequestLog(verifier)
        self._body_reader = BodyReader(verifier.settings)

    @_verified
    def webhook(self, request: Request, params: dict[str, str]) -> Response:
        """Answer a webhook with the next TwiML document of the call."""
        if request.path.endswith("/"):
            self._warn_of_slash(request, 200, ", so Twilio needs one more request")
            return self._respond(document([self._redirect("../webhook")]), None)
        step = _fallback_step(request.query_string.decode("latin-1"))
        token = request.headers.get("I-Twilio-Idempotency-Token", "")
        attempt, cookie = _attempt(request), self._cookie(request)
        try:
            result = self._dispatcher.answer_webhook(
                params, token=token, fallback_step=step, cookie=cookie, attempt=attempt
            )
        except TurnAbandoned:
            raise
        except AccountError as error:
            return self._refuse_account(request, error)
        except plugin_errors():  # of a plugin's session store
            # Never a 5xx: Twilio would request the fallback, which needs the same store. The pause gives it time.
            log.exception("call %s could not be answered", params["CallSid"])
            return self._apologise(self._dispatcher.apology(), step, "webhook", pause=True)
        if result.notification:
            self._warn_of_notification(request, result.notification, params)
        response = self._respond(result.twiml, result.state, result.path)
        self._set_cookie(request, response, result.cookie)
        return response

    @_verified
    def status(self, request: Request, params: dict[str, str]) -> Response:
        """Record a status callback. The response is 204 even after an error, because Twilio ignores the response."""
        self._warn_of_slash(request, 204)
        if params.get("CallStatus") == RINGING and not find_notification(params, None):
            message = f"a call came in at the URL for status callbacks, so the caller hears nothing: {_SET_WEBHOOK}"
            self._log.warn(request, 204, message, reason="call")
        response, cookie = Response(status=204), self._cookie(request)
        try:
            cookie = self._dispatcher.record_status(params, cookie=cookie, attempt=_attempt(request))
            self._set_cookie(request, response, cookie)
        except TurnAbandoned:
            raise
        except AccountError as error:
            return self._refuse_account(request, error)
        except plugin_errors():  # of a plugin's session store
            log.exception("the end of call %s could not be saved", params["CallSid"])
        return response

    @_verified
    def fallback(self, request: Request, params: dict[str, str]) -> Response:
        """Apologise and redirect the call to the webhook. Twilio requests the fallback URL after the webhook failed."""
        self._warn_of_slash(request, 200)
        # The log gets the path alone: the query may have the caller's input.
        path, query = _split_url(params.get("ErrorUrl", ""))
        sid = params["CallSid"]
        if "ErrorCode" in params or path:
            code = params.get("ErrorCode", "unknown")
            line = f"call {sid}: Twilio requested the fallback after error {code[:_MAX_SHOWN]} at {path[:_MAX_SHOWN]}"
            log.error("%s", escape_control_characters(line))
        else:
            message = f"a call came in at the fallback URL, so the caller hears an apology: {_SET_WEBHOOK}"
            self._log.warn(request, 200, message, reason="call")
        apology = self._dispatcher.apology(sid, self._cookie(request))
        webhook = "../../webhook" if request.path.endswith("/") else "../webhook"
        return self._apologise(apology, _fallback_step(query), webhook, pause=False)

    @_verified
    def whisper(self, request: Request, params: dict[str, str]) -> Response:
        """Answer a request for the callee of a ``Dial``, before caller and callee are connected."""
        document = answer_whisper(self._dispatcher.flow, query_parameters(request), params.get("Digits", ""))
        return self._respond(document, None)

    @_verified
    def wait(self, request: Request, params: dict[str, str]) -> Response:
        """Answer a request for the music of a caller who waits in a queue."""
        max_minutes = self._dispatcher.flow.config.max_queue_minutes
        document = answer_wait(query_parameters(request), params.get("QueueTime", ""), max_minutes)
        return self._respond(document, None)

    def healthz(self) -> Response:
        """Report whether the session store works. For requests of this machine, also list plugins, states and problems.

        The status is 200 even if the store is unavailable. Calls go on with their cookies, so a load balancer should
        not take the host out of service.
        """
        healthy = self._dispatcher.sessions.is_healthy()
        status = HEALTHY if healthy else DEGRADED
        report: dict[str, object] = {"status": status, "store": "ok" if healthy else "not ok"}
        if self._verifier.may_see_details(_current_request()):
            states = self._loaded.flow.states.values()
            report["plugins"] = {plugin.owner.plugin: plugin.owner.version for plugin in self._loaded.plugins}
            report["states"] = {each.name: str(each.state.owner) for each in states}
            closed = self._dispatcher.entries_in_quarantine()
            report["quarantine"] = {name: entry.reason for name, entry in closed.items()}
            report["problems"] = [str(problem) for problem in self._loaded.problems]
            if self._loaded.safe:
                report["safe_mode"] = True
        return jsonify(report)

    def refuse_early(self) -> Response | None:
        """Return a response that refuses the current request before its body is read, or ``None``.

        The health check reads no body. The doctor endpoint calls :meth:`refuse_body` itself, after it has checked the
        proof.
        """
        request = _current_request()
        if request.method == "OPTIONS" or _view_name(request) not in _SIGNED_VIEWS:
            return None
        message = self._verifier.early_refusal(request)
        return self._refuse_unverified(request, message) if message else self.refuse_body()

    def refuse_body(self) -> Response | None:
        """Return a response that refuses the body of the current request, or ``None`` if the form can be parsed."""
        request = _current_request()
        refusal = self._body_reader.read(request)
        if refusal is None:
            return None
        return self._refuse(request, refusal.status, refusal.text, refusal.message, reason="body")

    def refuse_form(self, error: HTTPException) -> Response:
        """Return the response that refuses the current request, because the form in the body cannot be parsed."""
        refusal = self._body_reader.too_large if isinstance(error, RequestEntityTooLarge) else UNREADABLE
        return self._refuse(_current_request(), refusal.status, refusal.text, refusal.message, reason="form")

    def refuse(self, request: Request, params: Mapping[str, str]) -> Response | None:
        """Return a response that refuses a request, or ``None`` if the request may be answered."""
        message = self._verifier.signature_refusal(request, params)
        if message:
            return self._refuse_unverified(request, message)
        # After the signature, so that only Twilio learns that the request is incomplete.
        if not params.get("CallSid"):
            notification = find_notification(params, None)
            if notification:  # of a conference, for example
                self._warn_of_notification(request, notification, params)
                return self._respond(EMPTY_RESPONSE, None)
            text = "CallSid is missing: this URL answers Twilio's voice webhooks."
            return self._refuse(request, 400, text, _missing_call_sid(params), reason="CallSid")
        # The signature has no separators and no time. So without this check, a part of an old request could become
        # another CallSid. In dev mode, a developer may write a short one.
        sid = params["CallSid"]
        if not (sid.isprintable() if self._dev else _CALL_SID.fullmatch(sid)):
            needed = "printable" if self._dev else "CA and 32 hexadecimal digits"
            text = f"CallSid must be {needed}, not {describe_value(sid)}"
            return self._refuse(request, 400, text, f"{text}: use this URL for Twilio only", reason="CallSid")
        return None

    def _refuse_unverified(self, request: Request, message: str) -> Response:
        # A flood of unsigned requests must not hide that Twilio's own signature does not match.
        signed = "unsigned" if signature_problem(request.headers) is not None else "signed"
        return self._refuse(request, 403, message if self._dev else "Forbidden", message, reason=signed)

    def _refuse_account(self, request: Request, error: AccountError) -> Response:
        message = f"{error.message}: {error.hint}"
        return self._refuse(request, 403, message if self._dev else "Forbidden", message, reason="account")

    def _warn_of_slash(self, request: Request, status: int, effect: str = "") -> None:
        """Log a warning if the path of a request ends with a slash.

        :param status: the HTTP status of the response.
        :param effect: the effect of the slash, as the middle of the message.
        """
        if request.path.endswith("/"):
            message = f"the URL ends with a slash{effect}: remove it in Twilio's console"
            self._log.warn(request, status, message, reason="slash")

    def _warn_of_notification(self, request: Request, notification: Notification, params: Mapping[str, str]) -> None:
        """Log a notification that was sent to an endpoint for webhooks. The status endpoint accepts all of them."""
        if request.path.rstrip("/").endswith(STATUS_PATH):
            return
        call = f" (call {params['CallSid']})" if params.get("CallSid") else ""
        message = f"{notification.name} arrived here by mistake{call}: {notification.fix}"
        self._log.warn(request, 200, message, reason=notification.name)

    def _refuse(self, request: Request, status: int, text: str, message: str, *, reason: str) -> Response:
        """Log a refused request, and return the response.

        :param text: the text of the response.
        :param message: the text to log, with the reason and the fix.
        :param reason: a word for the requests that the rate limit of the log counts together.
        """
        self._log.warn(request, status, message, reason=reason)
        return Response(f"{text}\n", status, mimetype="text/plain")

    def _cookie(self, request: Request) -> str:
        return request.cookies.get(self._cookie_name, "")

    def _set_cookie(self, request: Request, response: Response, cookie: str) -> None:
        if cookie:
            secure = self._verifier.is_secure(request)
            response.set_cookie(self._cookie_name, cookie, secure=secure, httponly=True, samesite="Lax")
        elif self._cookie_name in request.cookies:
            # The session has no room in a cookie any longer. The old cookie would lead the call back.
            response.delete_cookie(self._cookie_name)

    def _apologise(self, apology: bytes, step: FallbackStep, webhook: str, *, pause: bool) -> Response:
        """Return an apology and a redirect to the webhook. After two redirects, return an apology and a hang-up.

        :param apology: the TwiML verbs of the apology.
        :param step: the number of times that an apology has already redirected the call.
        :param webhook: the URL of the webhook, relative to the endpoint that apologises.
        :param pause: whether the call pauses for a second before the redirect.
        """
        next_step = step.next_step
        if next_step is None:
            return self._respond(document([apology, HANGUP]), None)
        redirect = self._redirect(f"{webhook}?again={next_step.value}")
        return self._respond(document([apology, b'<Pause length="1" />' * pause, redirect]), None)

    def _redirect(self, url: str) -> bytes:
        """Return a TwiML ``<Redirect>`` to a relative URL with the connection overrides."""
        url = with_connection_overrides(url, self._dispatcher.flow.config.connection_overrides)
        return f"<Redirect>{html.escape(url, quote=False)}</Redirect>".encode()

    def _respond(self, twiml: bytes, state: State | None, path: tuple[str, ...] = ()) -> Response:
        response = Response(twiml, content_type=_XML)
        if self._dev and state is not None:
            response.headers["Ivrkit-State"] = state.name
            response.headers["Ivrkit-Owner"] = str(state.owner)
            response.headers["Ivrkit-Path"] = ", ".join(path)
        return response


def _missing_call_sid(params: Mapping[str, str]) -> str:
    """Return the log message for a signed request without ``CallSid``, such as the webhook of a text message."""
    if "MessageSid" in params or "SmsSid" in params:
        return "a text message arrived: in Twilio's console, set another URL for messaging than for voice"
    return "CallSid is missing: use this URL for voice webhooks only"


def _current_request() -> Request:
    """Return the current request itself, which is faster to use than Flask's proxy ``flask.request``."""
    current: Request = request._get_current_object()  # type: ignore[attr-defined]  # declared as a Request
    return current


def _view_name(request: Request) -> str:
    """Return the name of the view that answers a request, such as ``webhook``."""
    return (request.endpoint or "").rpartition(".")[2]


def _attempt(request: Request) -> Attempt:
    """Return the attempt to answer the current request. In a test or in the simulator, there is only one attempt."""
    return request.environ.get(ATTEMPT) or Attempt()


def _twilio_params(request: Request) -> dict[str, str]:
    """Return Twilio's parameters. A POST request has them in the form, and a GET request in the query."""
    return (request.form if request.method == "POST" else query_parameters(request)).to_dict()


def _fallback_step(query: str) -> FallbackStep:
    """Return the query parameter ``again`` of a webhook: the number of apologies that have redirected the call."""
    value = parse_qs(query).get("again", [""])[-1] if query else ""
    return FallbackStep(int(value)) if value in ("1", "2") else FallbackStep.NONE


def _split_url(url: str) -> tuple[str, str]:
    """Return the path and the query of a URL, or two empty strings if the URL is invalid."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.path, parts.query
