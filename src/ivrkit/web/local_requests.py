"""Requests from programs on this machine, which dev mode answers without an auth token.

The address alone does not prove that a request is from a user of this machine. These requests come from the loopback
address as well:

1. A request through a proxy or a tunnel with a header of its own. It is recognised by the header.
2. A request through a tunnel for plain TCP (``ssh -R``, frp, bore), which adds no header. It is recognised by its
   ``Host``, because a client on another machine does not write ``localhost`` there.
3. A request of a web page whose name an attacker has rebound to 127.0.0.1. It is recognised by its ``Host``.
4. A form, an image or a script of a web page on another site. It is recognised by ``Origin``, ``Referer`` or
   ``Sec-Fetch-Site``, which browsers add. Twilio sends none of these headers.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from ivrkit.web.forwarding_headers import is_forwarding_header

#: The values of ``Sec-Fetch-Site`` of a request that no other site has caused (https://www.w3.org/TR/fetch-metadata/).
_OWN_SITE = ("same-origin", "none")


def foreign_reason(request: Request) -> str | None:
    """Return why a request may be from another machine or from a web page, or ``None`` for a request of this machine.

    :param request: the request.
    :returns: the reason as a sentence that begins with "the request".
    """
    forwarding = next((name for name, _ in request.headers if is_forwarding_header(name)), None)
    if forwarding:
        return f"the request was forwarded (it has the header {forwarding})"
    if not _is_loopback(request.environ.get("REMOTE_ADDR", "")):
        return f"the request comes from {request.remote_addr or 'an unknown address'}"
    if not _is_local_host(request.host):
        return f"the request has the Host {request.host!r}, not localhost, 127.0.0.1 or [::1]"
    return _reason_of_browser(request)


def _reason_of_browser(request: Request) -> str | None:
    """Return why a request is from a web page of another site, or ``None``."""
    site = request.headers.get("Sec-Fetch-Site", "none")
    if site not in _OWN_SITE:
        return f"the request is from a web page of another site (Sec-Fetch-Site: {site})"
    own = f"{request.scheme}://{request.host}"
    for name in ("Origin", "Referer"):
        value = request.headers.get(name)
        # A Referer is a URL, and an Origin is the beginning of one. The Origin of a page without a site is "null".
        if value is not None and value != own and not value.startswith(f"{own}/"):
            return f"the request is from a web page of another site ({name}: {value})"
    return None


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)  # such as ::ffff:127.0.0.1
    return bool((mapped or parsed).is_loopback)


def _is_local_host(host: str) -> bool:
    """Return whether a ``Host`` header names this machine: ``localhost``, or a loopback address."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or _is_loopback(name)
