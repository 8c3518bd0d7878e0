"""The body and the query of a request: the checks of their size, and the reading of both."""

from __future__ import annotations

import io
from typing import IO, Any, NamedTuple
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request

from ivrkit.settings import Settings


class BodyRefusal(NamedTuple):
    """The response and the log message for a request with an invalid body.

    :param status: the HTTP status of the response.
    :param text: the text of the response.
    :param message: the log message, with the reason and the fix.
    """

    status: int
    text: str
    message: str


UNKNOWN_LENGTH = BodyRefusal(
    411,
    "The request must have a Content-Length, because this server does not read a body in chunks.",
    "the body arrives in chunks, and this WSGI server does not set wsgi.input_terminated: use a server that reads "
    "chunks (ivrkit serve, gunicorn), or let the proxy send the length (nginx: proxy_request_buffering on;)",
)
UNREADABLE = BodyRefusal(
    400,
    "The request body could not be read.",
    "the body ended too early or has invalid chunks: check the proxy or tunnel in front of the app",
)


class BodyReader:
    """Reads the bodies of requests, within the limits of the settings.

    The limits are only for the endpoints of ivrkit. Flask's ``MAX_CONTENT_LENGTH`` would limit the whole app.

    :param settings: the settings. Only ``max_body_bytes`` and ``max_parameters`` are used.
    """

    def __init__(self, settings: Settings) -> None:
        self._max_bytes = settings.max_body_bytes
        self._max_parameters = settings.max_parameters
        self.too_large = BodyRefusal(
            413,
            f"The request body must have at most {self._max_bytes} bytes.",
            f"the body has more than {self._max_bytes:,} bytes: Twilio's forms are far smaller, so find out which "
            "program sends this request",
        )
        self._too_many = BodyRefusal(
            413,
            f"The request must have at most {self._max_parameters} parameters.",
            f"the request has more than {self._max_parameters:,} parameters: Twilio sends fewer than 100, so find out "
            "which program sends this request",
        )

    def read(self, request: Request) -> BodyRefusal | None:
        """Read the body of a request, and check its length and the number of parameters in the body and in the query.

        :param request: the request. Its WSGI environ gets the whole body and the length of the body.
        :returns: the refusal of the request, or ``None`` if the form in the body can be parsed.
        """
        if self._has_too_many(request.query_string):
            return self._too_many
        environ, length = request.environ, request.content_length
        if "HTTP_TRANSFER_ENCODING" in environ:
            length = None  # the length of a body in chunks is known when the body was read
        elif length is None and not environ.get("wsgi.input_terminated"):
            length = 0  # without chunks there is no body
        if length is not None and length > self._max_bytes:
            return self.too_large
        if request.method != "POST":
            return None  # the body of such a request is never read
        if length is None and not environ.get("wsgi.input_terminated"):
            return UNKNOWN_LENGTH  # the end of the body is unknown, and reading past it would block
        return self._read_form(request, length)

    def _read_form(self, request: Request, length: int | None) -> BodyRefusal | None:
        """Read a body, and check it. The WSGI environ gets the body.

        :param length: the length of the body, or ``None`` if the stream ends after the body.
        """
        limit = self._max_bytes + 1 if length is None else length
        try:
            body = _read(request.environ["wsgi.input"], limit) if limit else b""
        except OSError:  # the servers' errors for invalid chunks and closed connections
            return UNREADABLE
        if len(body) < (length or 0):
            return UNREADABLE
        if len(body) > self._max_bytes:
            return self.too_large
        if request.mimetype == "application/x-www-form-urlencoded" and self._has_too_many(body):
            return self._too_many
        _replace_body(request.environ, body)
        return None

    def _has_too_many(self, parameters: bytes) -> bool:
        return parameters.count(b"&") >= self._max_parameters


def query_parameters(request: Request) -> MultiDict[str, str]:
    """Return the parameters in the query of a request. Bytes that are not valid UTF-8 become replacement characters.

    Most servers refuse such a query or encode it again. Werkzeug raises an error for it.
    """
    try:
        return request.args
    except UnicodeDecodeError:
        return MultiDict(parse_qsl(request.query_string.decode(errors="replace"), keep_blank_values=True))


def _read(stream: IO[bytes], limit: int) -> bytes:
    """Read a stream to its end or to a limit. It is read repeatedly, because some servers return fewer bytes at once.

    :param limit: the largest number of bytes to read.
    """
    body = b""
    while len(body) < limit and (chunk := stream.read(limit - len(body))):
        body += chunk
    return body


def _replace_body(environ: dict[str, Any], body: bytes) -> None:
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
