"""Trusted proxies. The headers that these proxies add show the request that the outermost proxy received."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Request

#: Some proxies add a value to these headers, others pass on the one value of the first proxy.
_HEADERS = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PREFIX")

#: The characters that are not encoded in a path (https://www.rfc-editor.org/rfc/rfc3986#section-3.3). The % is one of
#: them, because a proxy's X-Forwarded-Prefix is encoded already.
_PATH_CHARACTERS = "/!$&'()*+,;=:@~%"


def _empty_app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Do nothing. ``ProxyFix`` must wrap a WSGI application, but only the changed WSGI environ is used."""
    return ()


def _start_response(*_: Any) -> Any:
    """Do nothing. ``ProxyFix`` must be called with a ``start_response`` function."""


class TrustedProxies:
    """The trusted proxies in front of a phone tree.

    werkzeug's ``ProxyFix`` ignores a header that has fewer values than there are proxies. This class repeats the first
    value of such a header, so that there is a value for each proxy.

    :param count: the number of proxies that each request passes through.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._fix = ProxyFix(_empty_app, x_for=count, x_proto=count, x_host=count, x_prefix=count)

    def external_request(self, request: Request) -> Request:
        """Return a request with the client address and the URL that the outermost trusted proxy received.

        :param request: the request as it arrived at the app. This object is not changed.
        :returns: a new request object without a body, or ``request`` itself if no proxy is trusted.
        """
        if not self._count:
            return request
        environ = dict(request.environ)  # a copy, because ProxyFix changes it
        for header in _HEADERS:
            if header in environ:
                # The outermost proxy wrote the first value. It is repeated for the proxies that wrote none.
                values = environ[header].split(",")
                environ[header] = ",".join([values[0]] * (self._count - len(values)) + values)
        self._fix(environ, _start_response)
        return Request(environ, populate_request=False)


def requested_path(environ: Mapping[str, Any]) -> str:
    """Return the path of a request as the client wrote the path, with the same percent-encoding and slashes.

    Twilio signs the path as it is written in the URL. WSGI servers decode the path, but most servers also keep the
    path as it was written. If a server has only the decoded path, this function encodes the path again.

    :param environ: the WSGI environ of the request.
    """
    root, page = environ.get("SCRIPT_NAME", "").strip("/"), environ.get("PATH_INFO") or "/"
    path = f"/{root}{page}".encode("latin-1") if root else page.encode("latin-1")
    written = _written_uri(environ).partition("?")[0]
    decoded = unquote_to_bytes(written)
    if not path.endswith(decoded):
        # Some servers remove the second of two slashes at the beginning of a path when they decode it.
        decoded = b"/" + decoded.lstrip(b"/")
    if not written or not path.endswith(decoded):
        return quote(path, _PATH_CHARACTERS)
    # The beginning is missing in the written path if a proxy removed it.
    return quote(path[: len(path) - len(decoded)], _PATH_CHARACTERS) + written


def has_empty_query(environ: Mapping[str, Any]) -> bool:
    """Return whether a URL may end with a question mark and an empty query.

    WSGI does not distinguish an empty query from no query. Some servers keep the URL as it was written. For the other
    servers the result is ``True`` for every URL without a query.

    :param environ: the WSGI environ of the request.
    """
    written = _written_uri(environ)
    return not environ.get("QUERY_STRING") and (not written or written.endswith("?"))


def _written_uri(environ: Mapping[str, Any]) -> str:
    return str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "")


def shared_path(public_path: str, path: str) -> str:
    """Return the longest end of a public path that is also the beginning of the path of a request.

    When the two paths are joined, this part must not be repeated. The two paths may be percent-encoded in different
    ways.

    :param public_path: the path of the public URL, such as ``/ivr/phone``.
    :param path: the path of the request as it arrived, such as ``/phone/webhook``.
    :returns: the shared part as it is written in ``path``, such as ``/phone``, or ``""`` if the paths share nothing.
    """
    public, requested = public_path.split("/")[1:], path.split("/")[1:]
    for count in range(min(len(public), len(requested) - 1), 0, -1):
        shared = requested[:count]
        if list(map(unquote_to_bytes, public[-count:])) == list(map(unquote_to_bytes, shared)):
            return "/".join(["", *shared])
    return ""
