"""The endpoints for Twilio (webhook, status callback, fallback, whisper and wait), and the health check."""

from __future__ import annotations

import functools
import html
import logging
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Request, Response, jsonify
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from ivrkit.flow.compile.twiml import HANGUP, document, with_connection_overrides
from ivrkit.flow.compile.wait import answer_wait
from ivrkit.flow.model.call import RINGING
from ivrkit.flow.model.notifications import find_notification
from ivrkit.flow.model.state import State
from ivrkit.flow.run.turn import FallbackStep
from ivrkit.flow.run.whisper import answer_whisper
from ivrkit.host.accounts import AccountError
from ivrkit.host.deadlines.attempt import Attempt, TurnAbandoned
from ivrkit.host.dispatcher import Dispatcher
from ivrkit.plugin_errors import escape_control_characters, plugin_errors
from ivrkit.plugins.load import LoadedTree
from ivrkit.web.doctor_endpoint import add_doctor_endpoint
from ivrkit.web.paths import PATHS
from ivrkit.web.refusals import XML, Refusals, current_request
from ivrkit.web.request_body import query_parameters
from ivrkit.web.request_verifier import RequestVerifier
from ivrkit.web.wsgi_call import ATTEMPT

#: The status in the health check: the session store works, or calls go on with their cookies only.
HEALTHY, DEGRADED = "ok", "degraded"
#: How many characters of a parameter are logged.
_MAX_SHOWN = 200
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
    refusals = Refusals(verifier, dev=dev)
    views = _Views(dispatcher, verifier, refusals, loaded, dev=dev, cookie_name=name)
    webhook, status, fallback, whisper, wait, healthz, doctor = PATHS
    methods = ("GET", "POST")  # a number can be configured with either
    blueprint.before_request(refusals.early)
    for error in (BadRequest, RequestEntityTooLarge):  # raised while the form is parsed
        blueprint.register_error_handler(error, refusals.form)
    # The console accepts a URL with a slash at its end, so these endpoints have both spellings.
    blueprint.add_url_rule(webhook, "webhook", views.webhook, methods=methods, strict_slashes=False)
    blueprint.add_url_rule(status, "status", views.status, methods=methods, strict_slashes=False)
    blueprint.add_url_rule(fallback, "fallback", views.fallback, methods=methods, strict_slashes=False)
    blueprint.add_url_rule(whisper, "whisper", views.whisper, methods=methods)
    blueprint.add_url_rule(wait, "wait", views.wait, methods=methods)
    blueprint.add_url_rule(healthz, "healthz", views.healthz)
    add_doctor_endpoint(blueprint, doctor, verifier, refusals.body)
    return blueprint


def _verified(view: Callable[[_Views, Request, dict[str, str]], Response]) -> Callable[[_Views], Response]:
    """Return a Flask view that calls a method with the request and Twilio's parameters.

    The view refuses requests that Twilio did not sign.
    """

    @functools.wraps(view)
    def verified_view(self: _Views) -> Response:
        request = current_request()
        params = _twilio_params(request)
        refusal = self.refusals.invalid(request, params)
        return view(self, request, params) if refusal is None else refusal

    return verified_view


class _Views:
    """The views of the endpoints. Only the view ``webhook`` enters states."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        verifier: RequestVerifier,
        refusals: Refusals,
        loaded: LoadedTree,
        *,
        dev: bool,
        cookie_name: str,
    ) -> None:
        self.refusals = refusals
        self._dispatcher = dispatcher
        self._verifier = verifier
        self._loaded = loaded
        self._dev = dev
        self._cookie_name = cookie_name

    @_verified
    def webhook(self, request: Request, params: dict[str, str]) -> Response:
        """Answer a webhook with the next TwiML document of the call."""
        if request.path.endswith("/"):
            self.refusals.warn_of_slash(request, 200, ", so Twilio needs one more request")
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
            return self.refusals.account(request, error)
        except plugin_errors():  # of a plugin's session store
            # Never a 5xx: Twilio would request the fallback, which needs the same store. The pause gives it time.
            log.exception("call %s could not be answered", params["CallSid"])
            return self._apologise(self._dispatcher.apology(), step, "webhook", pause=True)
        if result.notification:
            self.refusals.warn_of_notification(request, result.notification, params)
        response = self._respond(result.twiml, result.state, result.path)
        self._set_cookie(request, response, result.cookie)
        return response

    @_verified
    def status(self, request: Request, params: dict[str, str]) -> Response:
        """Record a status callback. The response is 204 even after an error, because Twilio ignores the response."""
        self.refusals.warn_of_slash(request, 204)
        if params.get("CallStatus") == RINGING and not find_notification(params, None):
            message = f"a call came in at the URL for status callbacks, so the caller hears nothing: {_SET_WEBHOOK}"
            self.refusals.warn(request, 204, message, reason="call")
        response, cookie = Response(status=204), self._cookie(request)
        try:
            cookie = self._dispatcher.record_status(params, cookie=cookie, attempt=_attempt(request))
            self._set_cookie(request, response, cookie)
        except TurnAbandoned:
            raise
        except AccountError as error:
            return self.refusals.account(request, error)
        except plugin_errors():  # of a plugin's session store
            log.exception("the end of call %s could not be saved", params["CallSid"])
        return response

    @_verified
    def fallback(self, request: Request, params: dict[str, str]) -> Response:
        """Apologise and redirect the call to the webhook. Twilio requests the fallback URL after the webhook failed."""
        self.refusals.warn_of_slash(request, 200)
        # The log gets the path alone: the query may have the caller's input.
        path, query = _split_url(params.get("ErrorUrl", ""))
        sid = params["CallSid"]
        if "ErrorCode" in params or path:
            code = params.get("ErrorCode", "unknown")
            line = f"call {sid}: Twilio requested the fallback after error {code[:_MAX_SHOWN]} at {path[:_MAX_SHOWN]}"
            log.error("%s", escape_control_characters(line))
        else:
            message = f"a call came in at the fallback URL, so the caller hears an apology: {_SET_WEBHOOK}"
            self.refusals.warn(request, 200, message, reason="call")
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
        if self._verifier.may_see_details(current_request()):
            states = self._loaded.flow.states.values()
            report["plugins"] = {plugin.owner.plugin: plugin.owner.version for plugin in self._loaded.plugins}
            report["states"] = {each.name: str(each.state.owner) for each in states}
            closed = self._dispatcher.entries_in_quarantine()
            report["quarantine"] = {name: entry.reason for name, entry in closed.items()}
            report["problems"] = [str(problem) for problem in self._loaded.problems]
            if self._loaded.safe:
                report["safe_mode"] = True
        return jsonify(report)

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
        response = Response(twiml, content_type=XML)
        if self._dev and state is not None:
            response.headers["Ivrkit-State"] = state.name
            response.headers["Ivrkit-Owner"] = str(state.owner)
            response.headers["Ivrkit-Path"] = ", ".join(path)
        return response


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
