"""What an app is asked, where proxies stand in front of it that are trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

#: The headers that some proxies add a value to, and others pass on with the one value of the first.
_HEADERS = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PREFIX")

WSGIApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


def behind_proxies(app: WSGIApp, hops: int) -> WSGIApp:
    """Return an app that knows the URL that was asked of the outermost trusted proxy.

    werkzeug's ``ProxyFix`` leaves a header alone that has fewer values than there are proxies, so a single value is
    taken to be every proxy's.

    :param app: the app.
    :param hops: how many proxies are trusted, at least 1.
    """
    fixed = ProxyFix(app, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops)

    def asked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        for header in _HEADERS:
            if header in environ:
                values = environ[header].split(",")
                environ[header] = ",".join([values[0]] * (hops - len(values)) + values)
        return fixed(environ, start_response)

    return asked
