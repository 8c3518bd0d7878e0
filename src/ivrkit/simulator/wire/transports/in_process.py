"""A WSGI app, called in this thread as a server would call it."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from ivrkit.simulator.wire.messages import Failure, Request, Response
from ivrkit.simulator.wire.overrides import Overrides

#: No more of an answer is read than this: it is far more than Twilio reads.
MOST_BYTES = 1024 * 1024


class WsgiTransport:
    """A WSGI app in this process.

    :param app: the app, as PEP 3333 has it.
    :param base_url: where it is said to be: scheme, host and port. No other host is reached.
    :param timer: tells how long an answer took.
    """

    def __init__(
        self, app: Callable[..., Iterable[bytes]], base_url: str, *, timer: Callable[[], float] = time.perf_counter
    ) -> None:
        parts = urlsplit(base_url)
        self._app = app
        self._timer = timer
        self._origin = (parts.scheme, parts.netloc)
        self._environ = {
            "SCRIPT_NAME": "",
            "SERVER_NAME": parts.hostname or "",
            "SERVER_PORT": str(parts.port or (443 if parts.scheme == "https" else 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": parts.netloc,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": parts.scheme,
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    def serves(self, url: str) -> bool:
        """Return whether a URL is the app's."""
        parts = urlsplit(url)
        return (parts.scheme, parts.netloc.rpartition("@")[2]) == self._origin

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Let the app answer; an error that goes through it is answered with 500, as a server does.

        :raises Failure: for another host's URL, and for an answer that took too long.
        """
        if not self.serves(request.url):
            reached = "://".join(self._origin)
            what = f"{request.url.partition('?')[0]} is not reached: in process, {reached} alone is"
            raise Failure(11210, "other", what)
        began = self._timer()
        status, headers, body, error = self._run(self._environ_of(request))
        took = self._timer() - began
        if took > min(overrides.read, overrides.total):
            what = f"the answer took {took:.1f} s, and Twilio waits {min(overrides.read, overrides.total):g} s"
            raise Failure(11205, "rt", what)
        return Response(status, headers, body, took, error)

    def _environ_of(self, request: Request) -> dict[str, Any]:
        parts = urlsplit(request.url)
        environ: dict[str, Any] = {
            **self._environ,
            "REQUEST_METHOD": request.method,
            "PATH_INFO": unquote_to_bytes(parts.path).decode("latin-1") or "/",
            "QUERY_STRING": parts.query,
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": sys.stderr,
        }
        for name, value in request.headers.items():
            environ["HTTP_" + name.upper().replace("-", "_")] = value
        if request.body:
            environ["CONTENT_LENGTH"] = str(len(request.body))
            environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
        return environ

    def _run(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes, str]:
        told: list[Any] = []
        written: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
            told[:] = [status, headers]
            return written.append

        try:
            answer = self._app(environ, start_response)
            try:
                size = 0
                for piece in answer:
                    written.append(piece)
                    size += len(piece)
                    if size > MOST_BYTES:
                        break
            finally:
                close = getattr(answer, "close", None)
                if close is not None:
                    close()
            status, headers = told
            return int(status.partition(" ")[0]), headers, b"".join(written), ""
        except (Exception, SystemExit) as error:
            return 500, [("Content-Type", "text/plain")], b"", f"{type(error).__name__}: {error}"
