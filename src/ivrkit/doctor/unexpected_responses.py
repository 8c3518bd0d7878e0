"""Explanations of responses that another program sent in place of the doctor endpoint, with hints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from ivrkit.doctor.health import health_in
from ivrkit.doctor.local_checks import SET_CLOCK
from ivrkit.doctor.proxy_fixes import proxy_fixes
from ivrkit.doctor.public_url import PublicUrl, join_paths, split_url
from ivrkit.doctor.results import CheckResult, failed
from ivrkit.simulator import Failure, Response
from ivrkit.web.doctor_endpoint import MAX_PROOF_AGE

_REDIRECTS, _FORBIDDEN, _BAD_GATEWAY = (301, 302, 303, 307, 308), (401, 403, 407), (502, 503, 504)
_FIREWALL = "open the firewall to all addresses: Twilio has no fixed ones"
_TOKEN = "set TWILIO_AUTH_TOKEN to the same token here and there, and restart the server"  # noqa: S105  a hint
#: The number of characters that are shown of an unknown response.
_SHOWN = 60

#: Twilio's error code -> hints: https://www.twilio.com/docs/api/errors
_HINTS: Mapping[int, tuple[str, ...]] = {
    11210: ("correct the host name in the URL, or add an address for it to its DNS zone",),
    11205: ("start the server or its proxy, open the port in the firewall, or correct the port in the URL",),
    11220: (
        "nginx: listen 443 ssl;",
        "Caddy: use a site address without http:// in front",
        "or correct the port in the URL",
    ),
    11235: ("get a certificate for this host name", "nginx: set server_name and ssl_certificate for the same name"),
    11236: ("renew the certificate, and reload the proxy: nginx -s reload",),
    11237: (
        "get a certificate from a public authority, and serve the whole chain: nginx: ssl_certificate fullchain.pem;",
        "Caddy: gets a certificate itself if the ports 80 and 443 are open",
        "to test with your own certificate, set SSL_CERT_FILE to its CA; Twilio will refuse it",
    ),
    11206: ("check which program listens on this port: it does not answer with valid HTTP",),
}
_SLOW = ("check what the proxy waits for, and whether the app hangs: Twilio waits at most 15 s",)


def explain_failure(public_url: PublicUrl, failure: Failure) -> CheckResult:
    """Return the result for a request that got no valid HTTP response. The message has Twilio's error code."""
    hints = _SLOW if failure.failure_type == "rt" else _HINTS.get(failure.code, _HINTS[11206])
    return failed("webhook", f"{public_url.origin}: {failure.message} (Twilio error {failure.code})", *hints)


def explain_response(
    public_url: PublicUrl, response: Response, prefix: str, now: float, fetch: Callable[[str], Response | None]
) -> CheckResult:
    """Return the result for a response that another program sent in place of the doctor endpoint.

    :param public_url: the URL that was requested.
    :param response: the response.
    :param prefix: the setting ``url_prefix``.
    :param now: the time on this machine, in seconds since 1970.
    :param fetch: a function that sends a GET request to a URL. The function returns the response, or ``None`` if no
        response arrived.
    """
    status, path = response.status, split_url(public_url.webhook).path
    if status in _REDIRECTS:
        return _explain_redirect(public_url, response)
    if status in _FORBIDDEN:
        message = f"a proxy or firewall answered {status}: it requires a password, or blocks this address"
        return failed("webhook", message, *proxy_fixes("password", path=path), _FIREWALL)
    if status in _BAD_GATEWAY:
        return failed("webhook", f"a proxy answered {status}: it cannot reach the app", *proxy_fixes("app unreachable"))
    if status == 404:
        return _explain_not_found(public_url, response, prefix, now, fetch)
    if status == 411:  # the app's own answer
        message = (
            "the body arrived without its length (411): the proxy sends chunks, which the app's server does not read"
        )
        return failed("webhook", message, *proxy_fixes("length"))
    text = " ".join(response.body.decode("utf-8", "replace").split())[:_SHOWN]
    return failed(
        "webhook",
        f"another program answered {status} with {response.header('Content-Type')!r}: {text!r}",
        f"configure the proxy or tunnel to pass {path} to ivrkit and to no other program",
        *proxy_fixes("route", prefix=path.removesuffix("/webhook")),
    )


def _explain_redirect(public_url: PublicUrl, response: Response) -> CheckResult:
    """Return the result for a redirect.

    Twilio does not follow a redirect with status 308. After any other redirect, the signature is for the URL in
    Twilio's console, but the app receives another URL, so the signature is invalid.
    """
    location = response.header("Location")
    sent = split_url(public_url.doctor_page)
    target = split_url(location if "://" in location else f"{public_url.origin}{location}")
    message = f"the request was redirected ({response.status}) to {location!r}"
    if (target.scheme, target.path) == ("https", sent.path) and sent.scheme == "http":
        url = f"https://{target.host}{split_url(public_url.webhook).path}"
        return failed("webhook", f"{message}: from http to https", f"use {url} in Twilio's console and for --url")
    if target.path.rstrip("/") == sent.path and target.path != sent.path:
        return failed("webhook", f"{message}: a slash was added to the path", *proxy_fixes("slash"))
    return failed("webhook", message, "use the final URL in Twilio's console and for --url, or remove the redirect")


def _explain_not_found(
    public_url: PublicUrl, response: Response, prefix: str, now: float, fetch: Callable[[str], Response | None]
) -> CheckResult:
    """Return the result for a response with status 404.

    ivrkit sends this status if the proof of the auth token is invalid. Otherwise another program sent the response.
    """
    health = fetch(f"{public_url.base}/healthz")
    if health is not None and health_in(health):
        return _explain_rejected_proof(_clock_difference(health, now))
    # Look for ivrkit at other paths: at the root, and with url_prefix at the root or after the path.
    for base in dict.fromkeys((public_url.origin, public_url.origin + prefix, join_paths(public_url.base, prefix))):
        health = fetch(f"{base}/healthz") if base != public_url.base else None
        if health is not None and health_in(health):
            message = f"404: ivrkit answers at {base}, not at {public_url.base}"
            hint = f"use {base}/webhook in Twilio's console and for --url"
            return failed("webhook", message, hint, *proxy_fixes("route", prefix=_path(public_url)))
    # A proxy that passes on only the webhook hides /healthz, so the 404 may still be ivrkit's own.
    return failed(
        "webhook",
        f"404, and {public_url.base}/healthz is not from ivrkit: the path is wrong, or another program answers",
        "compare the path with url_prefix",
        *proxy_fixes("route", prefix=_path(public_url)),
        f"or configure the proxy to pass on all paths below {_path(public_url)}/webhook; if it does, {_TOKEN}",
    )


def _explain_rejected_proof(difference: float | None) -> CheckResult:
    """Return the result for a request whose proof of the auth token ivrkit did not accept.

    :param difference: the seconds by which the server's clock is ahead of this machine's clock, or ``None`` if the
        server's time is unknown.
    """
    message = "ivrkit answered, but did not accept the doctor's proof of the auth token (404)"
    if difference is None:
        return failed("webhook", f"{message}: its token is different, or its clock is wrong", _TOKEN, SET_CLOCK)
    if abs(difference) > MAX_PROOF_AGE:
        return failed("webhook", f"{message}: its clock is {abs(difference):.0f} s off this machine's", SET_CLOCK)
    return failed("webhook", f"{message}: its token is different or missing", _TOKEN)


def _path(public_url: PublicUrl) -> str:
    return split_url(public_url.base).path.rstrip("/")


def _clock_difference(response: Response, now: float) -> float | None:
    """Return the seconds by which the server's clock is ahead of this machine's clock.

    Return ``None`` if the response has no valid date.
    """
    try:
        date = parsedate_to_datetime(response.header("Date"))
    except ValueError:
        return None
    # A date with the time zone -0000 has no tzinfo. It is UTC, too.
    return date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now
