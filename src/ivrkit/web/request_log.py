"""The log of requests that are refused, or that came to the wrong address. Each is one line with the fix."""

from __future__ import annotations

import logging

from werkzeug.wrappers import Request

from ivrkit.host.call_log import escape_control_characters
from ivrkit.host.rate_limit import RateLimit
from ivrkit.web.proxies import requested_path
from ivrkit.web.request_verifier import RequestVerifier

log = logging.getLogger("ivrkit.web")


class RequestLog:
    """Logs a warning for a request, with status, method, path, address of the client, reason and fix.

    The lines of each reason are limited. The first line after a flood has the number of lines that were left out.

    :param verifier: knows the trusted proxies, and with them the path and the address of a client.
    :param limit: the rate limit of the lines; by default a new one.
    """

    def __init__(self, verifier: RequestVerifier, limit: RateLimit | None = None) -> None:
        self._verifier = verifier
        self._limit = limit or RateLimit()

    def warn(self, request: Request, status: int, message: str, *, reason: str) -> None:
        """Log one line, unless there were too many for the same reason.

        :param request: the request as it arrived.
        :param status: the status of the response.
        :param message: the reason and the fix, as they are logged.
        :param reason: the reason for the rate limit, without anything from the request.
        """
        dropped = self._limit.admit(f"{status} {reason}")
        if dropped is None:
            return
        external = self._verifier.external_request(request)
        path, address = requested_path(external.environ), external.remote_addr or "an unknown address"
        more = f" ({dropped:,} more were not logged)" if dropped else ""
        line = f"{status} {request.method} {path} from {address}: {message}{more}"
        # The line is an argument, not the format: a "%" in a request must not be formatted.
        log.warning("%s", escape_control_characters(line))
