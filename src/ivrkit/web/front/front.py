"""The front of ``ivrkit serve``: an RSGI app that answers the requests to a Flask app with one phone tree.

1. The body of a request is read without a thread, with a limit of its size and of the time. The body of a request that
   is refused anyway is not read.
2. A thread for turns answers the request.
3. The front waits for the answer with a time limit, without a thread. ``host/deadlines/answering.py`` has the rules.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import logging
from collections.abc import AsyncIterator
from typing import Any, Protocol

from flask import Flask, Request
from werkzeug.datastructures import EnvironHeaders

from ivrkit.host.deadlines.answering import ANSWER_WITHIN, LAST_RESORT_AFTER, Outcome, PendingAnswer
from ivrkit.plugin_errors import escape_control_characters
from ivrkit.web.early_refusal import needs_body
from ivrkit.web.extension import mounted_trees
from ivrkit.web.front.environ import Scope, environ_of
from ivrkit.web.request_log import RequestLog
from ivrkit.web.request_verifier import RequestVerifier
from ivrkit.web.wsgi_call import NO_ANSWER, WsgiCall, WsgiResponse

#: How long a client may take to send the body of a request, in seconds.
BODY_SECONDS = 5.0

_TOO_SLOW = WsgiResponse(
    "408 Request Timeout", [("Content-Type", "text/plain")], b"The body of the request did not arrive in time.\n"
)
_FAILED = WsgiResponse("500 Internal Server Error", [("Content-Type", "text/plain")], b"")

log = logging.getLogger("ivrkit.web")


class HttpProtocol(Protocol):
    """The connection of a request, as RSGI describes it."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return an iterator over the chunks of the body."""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        """Send the response."""


class Front:
    """An RSGI app that answers the requests to a Flask app.

    :param app: the app, which has one phone tree.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        (tree,) = mounted_trees(app).values()
        self._answering = tree.answering
        self._has_secret = bool(tree.settings.secrets())
        self._max_body_bytes = tree.settings.max_body_bytes
        self._log = RequestLog(RequestVerifier(tree.settings))

    async def __rsgi__(self, scope: Scope, protocol: HttpProtocol) -> None:
        """Answer a request, as RSGI defines it."""
        response = await self._respond(environ_of(scope), protocol)
        protocol.response_bytes(int(response.status.partition(" ")[0]), response.headers, response.body)

    async def _respond(self, environ: dict[str, Any], protocol: HttpProtocol) -> WsgiResponse:
        """Return the response to a request.

        :param environ: the WSGI environ of the request, without the body.
        """
        if self._has_body(environ):
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    environ["wsgi.input"] = io.BytesIO(await self._read(protocol))
            except TimeoutError:
                message = (
                    f"the body did not arrive within {BODY_SECONDS:g} seconds: Twilio sends the whole request at once, "
                    "so check the proxy or find out which program sends this request"
                )
                self._log.warn(Request(environ), 408, message, reason="slow")
                return _TOO_SLOW
        return await self._answer(environ)

    def _has_body(self, environ: dict[str, Any]) -> bool:
        """Return whether the app needs the body of a request. The app refuses a body that is too long by its length."""
        length = environ.get("CONTENT_LENGTH", "")
        if length.isdecimal() and int(length) > self._max_body_bytes:
            return False
        method, path, headers = environ["REQUEST_METHOD"], environ["PATH_INFO"], EnvironHeaders(environ)
        return needs_body(method, path, headers, has_secret=self._has_secret)

    async def _read(self, protocol: HttpProtocol) -> bytes:
        """Return the body of a request. Of a body that is too long, return the beginning, which is too long as well."""
        body = b""
        async for chunk in protocol:
            body += chunk
            if len(body) > self._max_body_bytes:
                break
        return body

    async def _answer(self, environ: dict[str, Any]) -> WsgiResponse:
        """Return the answer of a thread for turns."""
        waiter = _Waiter(asyncio.get_running_loop())
        call = WsgiCall(self._app, environ)
        waiter.watch(self._answering.start(call.answer, waiter.done))
        try:
            outcome = await waiter.future
        finally:
            waiter.cancel_timer()
        request = escape_control_characters(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if outcome is None:
            log.error("%s was not answered within %g seconds", request, ANSWER_WITHIN)
            return NO_ANSWER
        if outcome.error is not None:
            log.error("%s failed", request, exc_info=outcome.error)
            return _FAILED
        return outcome.get()


class _Waiter:
    """Waits for the answer to a request in an event loop, with the time limits of ``host/deadlines/answering.py``.

    :param loop: the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        #: The result is the outcome, or ``None`` if there is no answer in time.
        self.future: asyncio.Future[Outcome[WsgiResponse] | None] = loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    def done(self, outcome: Outcome[WsgiResponse]) -> None:
        """Pass on the outcome from another thread."""
        with contextlib.suppress(RuntimeError):  # the event loop was closed, because the server has ended
            self._loop.call_soon_threadsafe(self._set, outcome)

    def watch(self, pending: PendingAnswer[WsgiResponse]) -> None:
        """Start the time limits of an answer. The time does not count if the code was stopped in a debugger."""
        self._timer = self._loop.call_later(LAST_RESORT_AFTER, self._give_up, pending)

    def cancel_timer(self) -> None:
        """End the time limits."""
        if self._timer is not None:
            self._timer.cancel()

    def _give_up(self, pending: PendingAnswer[WsgiResponse]) -> None:
        if pending.in_debugger:
            self.watch(pending)
            return
        pending.give_up()
        self._timer = self._loop.call_later(ANSWER_WITHIN - LAST_RESORT_AFTER, self._set, None)

    def _set(self, outcome: Outcome[WsgiResponse] | None) -> None:
        if not self.future.done():
            self.future.set_result(outcome)
