"""The body of a request: the check of its length, and the reading of a body that arrives in chunks."""

from __future__ import annotations

import io
from typing import IO, Any, NamedTuple

from werkzeug.wrappers import Request

#: The largest request body that is read. Twilio's forms are far smaller.
MAX_BODY_BYTES = 256_000


class BodyRefusal(NamedTuple):
    """The response and the log message for a request with an invalid body.

    :param status: the HTTP status of the response.
    :param text: the text of the response.
    :param message: the log message, with the reason and the fix.
    """

    status: int
    text: str
    message: str


TOO_LARGE = BodyRefusal(
    413,
    f"The request body must have at most {MAX_BODY_BYTES} bytes.",
    f"the body has more than {MAX_BODY_BYTES:,} bytes: Twilio's forms are far smaller, so find out which program sends "
    "this request",
)
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


def read_body(request: Request) -> BodyRefusal | None:
    """Check the length of a body, and read a body that arrives in chunks.

    The limit is only for the endpoints of ivrkit. Flask's ``MAX_CONTENT_LENGTH`` would limit the whole app.

    :param request: the request. If the body arrives in chunks, the WSGI environ gets the whole body and its length.
    :returns: the refusal of the request, or ``None`` if the form in the body can be parsed.
    """
    environ, length = request.environ, request.content_length
    in_chunks = "HTTP_TRANSFER_ENCODING" in environ
    if length is not None and not in_chunks:
        return TOO_LARGE if length > MAX_BODY_BYTES else None
    if request.method != "POST":
        return None  # the body of such a request is never read
    if not environ.get("wsgi.input_terminated"):
        # The end of the body is unknown, and reading past it would block. Without chunks there is no body.
        return UNKNOWN_LENGTH if in_chunks else None
    try:
        body = _read(environ["wsgi.input"])
    except OSError:  # the servers' errors for invalid chunks and closed connections
        return UNREADABLE
    if len(body) > MAX_BODY_BYTES:
        return TOO_LARGE
    _replace_body(environ, body)
    return None


def _read(stream: IO[bytes]) -> bytes:
    """Read a stream to the end, but at most one byte more than :data:`MAX_BODY_BYTES`.

    The stream is read repeatedly, because some servers return fewer bytes than requested.
    """
    body = b""
    while len(body) <= MAX_BODY_BYTES and (chunk := stream.read(MAX_BODY_BYTES + 1 - len(body))):
        body += chunk
    return body


def _replace_body(environ: dict[str, Any], body: bytes) -> None:
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
