"""The log of requests that were refused or had a wrong URL. Each request has one line with the reason and the fix."""

from __future__ import annotations

import logging

from werkzeug.wrappers import Request

from ivrkit.host.rate_limit import RateLimit
from ivrkit.plugin_errors import escape_control_characters
from ivrkit.web.proxies import requested_path
from ivrkit.web.request_verifier import RequestVerifier

#: The longest line, in characters. A client may send a URL of many kilobytes.
MAX_LINE = 2_000

log = logging.getLogger("ivrkit.web")


class RequestLog:
    """Logs a warning for a request, with status, method, path, address of the client, reason and fix.

    The number of lines with the same reason is limited. When lines were left out, the next line has the number of these
    lines.

    :param verifier: a request verifier, which finds the path and the client address behind trusted proxies.
    :param limit: the rate limit of the lines. By default the object makes a new rate limit.
    """

    def __init__(self, verifier: RequestVerifier, limit: RateLimit | None = None) -> None:
        self._verifier = verifier
        self._limit = limit or RateLimit()

    def warn(self, request: Request, status: int, message: str, *, reason: str) -> None:
        """Log one line, unless too many lines with the same reason were logged before.

        :param request: the request as it arrived at the app.
        :param status: the HTTP status of the response.
        :param message: the text to log, with the reason and the fix.
        :param reason: a word for the requests that the rate limit counts together, such as ``unsigned``.
        """
        dropped = self._limit.admit(f"{status} {reason}")
        if dropped is None:
            return
        external = self._verifier.external_request(request)
        path, address = requested_path(external.environ), external.remote_addr or "an unknown address"
        more = f" ({dropped:,} more were not logged)" if dropped else ""
        line = f"{status} {request.method} {path} from {address}: {message}{more}"
        if len(line) > MAX_LINE:
            line = f"{line[:MAX_LINE]}... ({len(line):,} characters)"
        # The line is an argument, not the format: a "%" in a request must not be formatted.
        log.warning("%s", escape_control_characters(line))
