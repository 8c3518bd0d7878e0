"""The log of requests with a wrong path or a wrong method. The log lines say which URL to set in Twilio's console."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from urllib.parse import quote

from flask import Response, request

from ivrkit.web.early_refusal import signature_problem
from ivrkit.web.paths import DOCTOR_PATH, WEBHOOK_PATH
from ivrkit.web.request_log import RequestLog
from ivrkit.web.request_verifier import RequestVerifier

#: The statuses of Flask's responses to a request that fits no endpoint.
_STATUSES = (308, 400, 404, 405)
#: The similarity from which a word counts as a wrong spelling of "webhook".
_SIMILARITY = 0.75


class MissedRequests:
    """Logs the requests to an app that were probably meant for a phone tree but had a wrong path or a wrong method.

    The app may have other pages. So a request is logged only if the request has a signature, or if the path of the
    request looks like the path of a webhook.

    :param verifier: a request verifier, which knows the trusted proxies in front of the app.
    :param prefixes: a function that returns the ``url_prefix`` of each phone tree in the app.
    """

    def __init__(self, verifier: RequestVerifier, prefixes: Callable[[], Collection[str]]) -> None:
        self._verifier = verifier
        self._log = RequestLog(verifier)
        self._prefixes = prefixes

    def __call__(self, response: Response) -> Response:
        """Log the current request if no endpoint answered it. Flask calls this method after each request to the app.

        :returns: the unchanged response.
        """
        # A view of the app logs its own 400. Without a rule for the URL, Flask itself refused the request.
        if response.status_code in _STATUSES and not (response.status_code == 400 and request.url_rule):
            # A flood of invented signatures must not hide the requests of Twilio.
            signed = signature_problem(request.headers) is None
            if signed or _looks_like_a_webhook(request.path):
                reason = "signed" if signed else "unsigned"
                self._log.warn(request, response.status_code, self._message(response.status_code), reason=reason)
        return response

    def _message(self, status: int) -> str:
        if status == 400:
            host = request.headers.get("Host", "")
            return (
                f"the host {host!r} is not accepted: let the proxy pass on the public host name, and add it to "
                "TRUSTED_HOSTS if the app has this setting"
            )
        if status == 405:
            return f"this path does not answer {request.method}: choose HTTP POST in Twilio's console"
        if any(request.path == prefix + DOCTOR_PATH for prefix in self._prefixes()):
            return (
                "no valid proof of the auth token: if ivrkit doctor sent this, set the same TWILIO_AUTH_TOKEN here and "
                "there, and synchronize both clocks"
            )
        root = quote(self._verifier.external_request(request).root_path, safe="/%")
        paths = " or ".join(dict.fromkeys(root + prefix + WEBHOOK_PATH for prefix in self._prefixes()))
        problem = "the path has a slash too many" if status == 308 else "no page has this path"
        return f"{problem}: set the URL in Twilio's console to the webhook's path, {paths}"


def _looks_like_a_webhook(path: str) -> bool:
    """Return whether a part of a path is "webhook" or similar, such as "webhooks" or "Web-Hook"."""
    segments = path.lower().split("/")
    return bool(difflib.get_close_matches("webhook", segments, n=1, cutoff=_SIMILARITY))
