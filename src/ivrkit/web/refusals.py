"""The refusals: responses to requests that are not answered, and warnings about requests that came by mistake."""

from __future__ import annotations

import re
from collections.abc import Mapping

from flask import Request, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ivrkit.flow.compile.twiml import EMPTY_RESPONSE
from ivrkit.flow.model.notifications import Notification, find_notification
from ivrkit.host.accounts import AccountError
from ivrkit.plugin_errors import describe_value
from ivrkit.web.early_refusal import signature_problem
from ivrkit.web.paths import STATUS_PATH
from ivrkit.web.request_body import UNREADABLE, BodyReader
from ivrkit.web.request_log import RequestLog
from ivrkit.web.request_verifier import RequestVerifier

#: The content type of TwiML.
XML = "text/xml; charset=utf-8"
#: The names of the views that answer only requests that Twilio signed.
_SIGNED_VIEWS = ("webhook", "status", "fallback", "whisper", "wait")
_CALL_SID = re.compile("CA[0-9a-fA-F]{32}")


class Refusals:
    """Refuses requests, and logs each refusal with its reason and the fix.

    :param verifier: the request verifier, which decides whether a request is answered.
    :param dev: whether dev mode is on. In dev mode, the text of a response has the reason.
    """

    def __init__(self, verifier: RequestVerifier, *, dev: bool) -> None:
        self._verifier = verifier
        self._dev = dev
        self._log = RequestLog(verifier)
        self._body_reader = BodyReader(verifier.settings)

    def early(self) -> Response | None:
        """Return a response that refuses the current request before its body is read, or ``None``.

        The health check reads no body. The doctor endpoint calls :meth:`body` itself, after it has checked the
        proof.
        """
        request = current_request()
        if request.method == "OPTIONS" or _view_name(request) not in _SIGNED_VIEWS:
            return None
        message = self._verifier.early_refusal(request)
        return self._refuse_unverified(request, message) if message else self.body()

    def body(self) -> Response | None:
        """Return a response that refuses the body of the current request, or ``None`` if the form can be parsed."""
        request = current_request()
        refusal = self._body_reader.read(request)
        if refusal is None:
            return None
        return self._refuse(request, refusal.status, refusal.text, refusal.message, reason="body")

    def form(self, error: HTTPException) -> Response:
        """Return the response that refuses the current request, because the form in the body cannot be parsed."""
        refusal = self._body_reader.too_large if isinstance(error, RequestEntityTooLarge) else UNREADABLE
        return self._refuse(current_request(), refusal.status, refusal.text, refusal.message, reason="form")

    def invalid(self, request: Request, params: Mapping[str, str]) -> Response | None:
        """Return a response that refuses a request, or ``None`` if the request may be answered."""
        message = self._verifier.signature_refusal(request, params)
        if message:
            return self._refuse_unverified(request, message)
        # After the signature, so that only Twilio learns that the request is incomplete.
        if not params.get("CallSid"):
            notification = find_notification(params, None)
            if notification:  # of a conference, for example
                self.warn_of_notification(request, notification, params)
                return Response(EMPTY_RESPONSE, content_type=XML)
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

    def account(self, request: Request, error: AccountError) -> Response:
        """Return the response that refuses a webhook, because the call belongs to another account."""
        message = f"{error.message}: {error.hint}"
        return self._refuse(request, 403, message if self._dev else "Forbidden", message, reason="account")

    def warn_of_slash(self, request: Request, status: int, effect: str = "") -> None:
        """Log a warning if the path of a request ends with a slash.

        :param status: the HTTP status of the response.
        :param effect: the effect of the slash, as the middle of the message.
        """
        if request.path.endswith("/"):
            message = f"the URL ends with a slash{effect}: remove it in Twilio's console"
            self._log.warn(request, status, message, reason="slash")

    def warn_of_notification(self, request: Request, notification: Notification, params: Mapping[str, str]) -> None:
        """Log a notification that was sent to an endpoint for webhooks. The status endpoint accepts all of them."""
        if request.path.rstrip("/").endswith(STATUS_PATH):
            return
        call = f" (call {params['CallSid']})" if params.get("CallSid") else ""
        message = f"{notification.name} arrived here by mistake{call}: {notification.fix}"
        self._log.warn(request, 200, message, reason=notification.name)

    def warn(self, request: Request, status: int, message: str, *, reason: str) -> None:
        """Log a warning about a request that is answered.

        :param status: the HTTP status of the response.
        :param message: the text to log, with the fix.
        :param reason: a word for the requests that the rate limit of the log counts together.
        """
        self._log.warn(request, status, message, reason=reason)

    def _refuse(self, request: Request, status: int, text: str, message: str, *, reason: str) -> Response:
        """Log a refused request, and return the response.

        :param text: the text of the response.
        :param message: the text to log, with the reason and the fix.
        :param reason: a word for the requests that the rate limit of the log counts together.
        """
        self._log.warn(request, status, message, reason=reason)
        return Response(f"{text}\n", status, mimetype="text/plain")


def current_request() -> Request:
    """Return the current request itself, which is faster to use than Flask's proxy ``flask.request``."""
    current: Request = request._get_current_object()  # type: ignore[attr-defined]  # declared as a Request
    return current


def _view_name(request: Request) -> str:
    """Return the name of the view that answers a request, such as ``webhook``."""
    return (request.endpoint or "").rpartition(".")[2]


def _missing_call_sid(params: Mapping[str, str]) -> str:
    """Return the log message for a signed request without ``CallSid``, such as the webhook of a text message."""
    if "MessageSid" in params or "SmsSid" in params:
        return "a text message arrived: in Twilio's console, set another URL for messaging than for voice"
    return "CallSid is missing: use this URL for voice webhooks only"
