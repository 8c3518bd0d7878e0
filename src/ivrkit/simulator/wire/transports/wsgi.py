"""A transport to a WSGI app. The transport calls the app in this thread, as a server would."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from ivrkit.simulator.wire.messages import Failure, Request, Response
from ivrkit.simulator.wire.overrides import Overrides

#: Reading stops after this size, which is far more than Twilio accepts.
MAX_BYTES = 1024 * 1024


class WsgiTransport:
    """A transport to a WSGI app in this process.

    :param app: an app that follows PEP 3333.
    :param base_url: scheme, host and port of the app. A request to another host is a failure.
    :param timer: a function that returns the current time in seconds, to measure how long a response takes.
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
        """Return whether a URL belongs to the app."""
        parts = urlsplit(url)
        return (parts.scheme, parts.netloc.rpartition("@")[2]) == self._origin

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Call the app with a request. If the app raises an exception, the response has the status 500.

        :raises Failure: if the URL belongs to another host, or if the response took too long.
        """
        if not self.serves(request.url):
            url, origin = request.url.partition("?")[0], "://".join(self._origin)
            raise Failure(11210, "other", f"{url} can't be reached: the app in this process is at {origin}")
        began = self._timer()
        status, headers, body, error = self._call_app(self._environ_of(request))
        took = self._timer() - began
        # An app in this process can't be interrupted: it is found too slow afterwards.
        limit = min(overrides.read, overrides.total)
        if took > limit:
            raise Failure(11205, "rt", f"the response took {took:.1f} s, but Twilio waits {limit:g} s")
        return Response(status, headers, body, took, error)

    def _environ_of(self, request: Request) -> dict[str, Any]:
        parts = urlsplit(request.url)
        environ: dict[str, Any] = {
            **self._environ,
            "REQUEST_METHOD": request.method,
            # PEP 3333: the bytes of the decoded path, as a str of Latin-1.
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

    def _call_app(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes, str]:
        """Call the app.

        :returns: the status, the headers and the body of the response, and the text of the exception that the app
            raised. The text is ``""`` if the app raised no exception.
        """
        started: list[Any] = []
        chunks: list[bytes] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
            started[:] = [status, headers]
            return chunks.append

        try:
            body = self._app(environ, start_response)
            try:
                size = 0
                for chunk in body:
                    chunks.append(chunk)
                    size += len(chunk)
                    if size > MAX_BYTES:
                        break
            finally:
                close = getattr(body, "close", None)
                if close is not None:
                    close()
            # A generator calls start_response with its first chunk, so status and headers are known only now.
            status, headers = started
            return int(status.partition(" ")[0]), headers, b"".join(chunks), ""
        except (Exception, SystemExit) as error:
            return 500, [("Content-Type", "text/plain")], b"", f"{type(error).__name__}: {error}"
