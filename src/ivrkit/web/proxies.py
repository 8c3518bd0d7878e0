"""What an app was asked, where proxies stand in front of it that are trusted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.middleware.proxy_fix import ProxyFix

#: The headers that some proxies add a value to, and others pass on with the one value of the first.
_HEADERS = ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PREFIX")

Environ = dict[str, Any]


def behind_proxies(hops: int) -> Callable[[Environ], Environ]:
    """Return what gives the environ of a request as the outermost trusted proxy was asked it.

    The environ itself is left alone: the rest of a team's app goes by it. werkzeug's ``ProxyFix`` leaves a header alone
    that has fewer values than there are proxies, so a single value is taken to be every proxy's.

    :param hops: how many proxies are trusted, at least 1.
    """
    handed_on: Any = lambda environ, _: [environ]  # noqa: E731  an app that answers with what it was given
    fixed = ProxyFix(handed_on, x_for=hops, x_proto=hops, x_host=hops, x_prefix=hops)

    def asked(environ: Environ) -> Environ:
        mended = dict(environ)
        for header in _HEADERS:
            if header in mended:
                values = mended[header].split(",")
                mended[header] = ",".join([values[0]] * (hops - len(values)) + values)
        (found,) = fixed(mended, _never)
        return found  # type: ignore[return-value]  # what the app that it wraps returned: the environ

    return asked


def _never(*_: object) -> Any:
    """Stand for what starts a response: none is."""
