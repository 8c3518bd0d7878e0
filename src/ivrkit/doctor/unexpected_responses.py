"""Answers that are not the app's: what stands in its place, and how it is brought to let Twilio through."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from ivrkit.doctor.address import Address, joined, parts_of
from ivrkit.doctor.findings import Finding, failed
from ivrkit.doctor.local import SET_CLOCK
from ivrkit.doctor.proxy_fixes import lines_for
from ivrkit.simulator import Failure, Response
from ivrkit.web.doctor_endpoint import FRESH

_REDIRECTS, _ASK, _AWAY = (301, 302, 303, 307, 308), (401, 403, 407), (502, 503, 504)
_FIREWALL = "a firewall must let everybody in: Twilio has no fixed addresses"
#: No more of another program's text is shown than this.
_SHOWN = 60

#: Twilio's error -> how it is mended: https://www.twilio.com/docs/api/errors
_UNREACHABLE: Mapping[int, tuple[str, ...]] = {
    11210: ("look for a mistake in the host's name, or give it an address in its DNS zone",),
    11205: ("start the server or its proxy, open the port in the firewall, or mend the port in the URL",),
    11220: ("nginx: listen 443 ssl;", "Caddy: a site address without http:// in front", "or mend the port in the URL"),
    11235: ("get a certificate for this very name", "nginx: server_name and ssl_certificate of the same name"),
    11236: ("renew the certificate, and let the proxy load it: nginx -s reload",),
    11237: (
        "get a certificate that everybody trusts, and serve the whole chain: nginx: ssl_certificate fullchain.pem;",
        "Caddy: gets one by itself where the ports 80 and 443 are open",
        "to try one of your own, name its CA in SSL_CERT_FILE; Twilio will refuse it",
    ),
    11206: ("look at what listens on this port: it does not speak HTTP as it should",),
}
_SLOW = ("Twilio waits no longer than 15 s: look at what the proxy waits for, and whether the app hangs",)


def unreachable(address: Address, failure: Failure) -> Finding:
    """Return why nothing came back."""
    mends = _SLOW if failure.failure_type == "rt" else _UNREACHABLE.get(failure.code, _UNREACHABLE[11206])
    return failed("wire", f"{address.origin}: {failure.message} (Twilio's error {failure.code})", *mends)


def explain(
    address: Address, answer: Response, prefix: str, now: float, fetch: Callable[[str], Response | None]
) -> Finding:
    """Return what it means that somebody else answered.

    :param address: where the page was asked.
    :param answer: what came.
    :param prefix: the setting ``url_prefix``.
    :param now: the time here, in seconds since 1970.
    :param fetch: gets a page beside the webhook, ``None`` when it can't be reached.
    """
    status, path = answer.status, parts_of(address.webhook).path
    if status in _REDIRECTS:
        return _redirected(address, answer)
    if status in _ASK:
        told = f"something in front of the app answered {status}: it wants a password, or lets not everybody in"
        return failed("wire", told, *lines_for("password", path=path), _FIREWALL)
    if status in _AWAY:
        return failed("wire", f"a proxy answered {status}: it does not reach the app", *lines_for("away"))
    if status == 404:
        return _not_found(address, answer, prefix, now, fetch)
    if status == 411:
        told = "the body came without its length (411): the proxy passes it on in pieces"
        return failed("wire", told, *lines_for("length"))
    text = " ".join(answer.body.decode("utf-8", "replace").split())[:_SHOWN]
    told = f"another program answered {status} with {answer.header('Content-Type')!r}: {text!r}"
    mend = f"let the proxy or tunnel pass {path} on to ivrkit, and nothing else answer there"
    return failed("wire", told, mend, *lines_for("route", prefix=path.removesuffix("/webhook")))


def _redirected(address: Address, answer: Response) -> Finding:
    """Return what a redirect does: Twilio follows it, and the app is asked another URL than the console has."""
    location = answer.header("Location")
    asked = parts_of(address.page)
    to = parts_of(location if "://" in location else f"{address.origin}{location}")
    told = f"it was redirected ({answer.status}) to {location!r}"
    if (to.scheme, to.path) == ("https", asked.path) and asked.scheme == "http":
        return failed(
            "wire",
            f"{told}: http is sent to https",
            f"give Twilio, and --url, https://{to.host}{parts_of(address.webhook).path}",
        )
    if to.path.rstrip("/") == asked.path and to.path != asked.path:
        return failed("wire", f"{told}: a slash is added to the path", *lines_for("slash"))
    return failed("wire", told, "give Twilio, and --url, the address that it ends at, or take the redirect out")


def _not_found(
    address: Address, answer: Response, prefix: str, now: float, fetch: Callable[[str], Response | None]
) -> Finding:
    """Return whose 404 it is: ivrkit's own, which does not believe who asks, or somebody else's."""
    token = "set TWILIO_AUTH_TOKEN to the same token there and here, and start the server anew"  # noqa: S105  advice
    health = fetch(f"{address.base}/healthz")
    if health is not None and _is_ivrkit(health):
        apart = _clock_of(health, now)
        told = "ivrkit answers there, and does not know who asks (404)"
        if apart is None:
            return failed("wire", f"{told}: its token is another one, or its clock is far off", token, SET_CLOCK)
        if abs(apart) > FRESH:
            return failed("wire", f"{told}: its clock is {abs(apart):.0f} s off this machine's", SET_CLOCK)
        return failed("wire", f"{told}: its token is another one, or it has none", token)
    for other in dict.fromkeys((address.origin, address.origin + prefix, joined(address.base, prefix))):
        there = fetch(f"{other}/healthz") if other != address.base else None
        if there is not None and _is_ivrkit(there):
            mends = (f"give Twilio, and --url, {other}/webhook", *lines_for("route", prefix=_path(address)))
            return failed("wire", f"404: ivrkit answers at {other}, and not at {address.base}", *mends)
    told = (
        f"404, and {address.base}/healthz is not ivrkit's either: the path is another one, or another program answers"
    )
    also = (
        f"or the proxy passes on {_path(address)}/webhook alone, where Twilio asks what is below it too; then: {token}"
    )
    return failed("wire", told, "compare the path with url_prefix", *lines_for("route", prefix=_path(address)), also)


def _path(address: Address) -> str:
    return parts_of(address.base).path.rstrip("/")


def _is_ivrkit(answer: Response) -> bool:
    """Return whether an answer is that of ivrkit's ``/healthz``."""
    try:
        told = json.loads(answer.body)
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("status") in ("ok", "not ok")


def _clock_of(answer: Response, now: float) -> float | None:
    """Return how far the clock of an answer is ahead, in seconds; ``None`` when it does not tell."""
    try:
        told = parsedate_to_datetime(answer.header("Date"))
    except ValueError:
        return None
    return told.replace(tzinfo=told.tzinfo or UTC).timestamp() - now
