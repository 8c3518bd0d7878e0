"""A WSGI request that can be answered by several attempts, because the code of a plugin may miss its deadline."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ivrkit.host.deadlines.attempt import Attempt

#: A WSGI app.
WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
#: The key of the WSGI environ with the attempt to answer the request.
ATTEMPT = "ivrkit.attempt"


class WsgiResponse(NamedTuple):
    """The whole response of a WSGI app.

    :param status: the status with its text, such as ``200 OK``.
    :param headers: the headers.
    :param body: the body.
    """

    status: str
    headers: list[tuple[str, str]]
    body: bytes


#: The response to a request that could not be answered in time. Twilio then requests the fallback URL.
NO_ANSWER = WsgiResponse("503 Service Unavailable", [("Content-Type", "text/plain")], b"There was no answer in time.\n")


class WsgiCall:
    """One request to a WSGI app.

    :param app: the app.
    :param environ: the WSGI environ of the request.
    """

    def __init__(self, app: WsgiApp, environ: dict[str, Any]) -> None:
        self._app = app
        self._environ = environ

    def answer(self, attempt: Attempt) -> WsgiResponse:
        """Call the app, and return its whole response.

        :param attempt: the attempt, which the environ passes on to the views.
        """
        # The views put the whole body in place of the stream before a plugin's code runs, so that the next attempt
        # finds it in the environ of this attempt.
        environ = self._environ = {**self._environ, ATTEMPT: attempt}
        if isinstance(environ["wsgi.input"], io.BytesIO):
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].getvalue())
        return _call(self._app, environ)


def _call(app: WsgiApp, environ: dict[str, Any]) -> WsgiResponse:
    """Call a WSGI app, and return its whole response. An error of the app is not caught."""
    started: list[Any] = []
    chunks: list[bytes] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        started[:] = status, headers
        return chunks.append

    response = app(environ, start_response)
    try:
        chunks.extend(response)
    finally:
        close = getattr(response, "close", None)
        if close is not None:
            close()
    status, headers = started
    return WsgiResponse(status, headers, b"".join(chunks))
