"""What an app is asked, where proxies stand in front of it that are trusted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Request

#: The headers that some proxies add a value to, and others pass on with the one value of the first.
_HEADERS = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PREFIX")


def _nothing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    return ()


class Proxies:
    """The trusted proxies in front of a tree.

    werkzeug's ``ProxyFix`` leaves a header alone that has fewer values than there are proxies, so a single value is
    taken to be every proxy's. A request itself is never changed: it is the whole app's, and not the tree's alone.

    :param hops: how many proxies are trusted.
    """

    def __init__(self, hops: int) -> None:
        self._hops = hops
        self._fix = ProxyFix(_nothing, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops)

    def asked(self, request: Request) -> Request:
        """Return a request as the outermost trusted proxy was asked it, for its address and its URL.

        :param request: the request as it came here; the same is returned where no proxy is trusted.
        """
        if not self._hops:
            return request
        environ = dict(request.environ)
        for header in _HEADERS:
            if header in environ:
                values = environ[header].split(",")
                environ[header] = ",".join([values[0]] * (self._hops - len(values)) + values)
        self._fix(environ, _start_nothing)
        return Request(environ, populate_request=False)


def _start_nothing(*_: Any) -> Any:
    """Stand for a server's ``start_response``: nothing is ever answered through it."""


def known_front(front: str, path: str) -> str:
    """Return how much of the end of a front path an app knows as well, because it is mounted there: it counts once.

    :param front: the path of a public URL, such as ``/ivr/phone``.
    :param path: the path that the app is asked, such as ``/phone/webhook``.
    :returns: such as ``/phone``, or ``""``.
    """
    parts = front.split("/")[1:]
    while parts and not path.startswith("/" + "/".join(parts) + "/"):
        parts = parts[1:]
    return "/".join(["", *parts]) if parts else ""
