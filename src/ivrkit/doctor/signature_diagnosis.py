"""Diagnosis of an invalid signature: a comparison of the sent request with the request that the app received."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivrkit.doctor.proxy_fixes import proxy_fixes
from ivrkit.doctor.public_url import PublicUrl, UrlParts, split_url
from ivrkit.doctor.results import CheckResult, failed, ok
from ivrkit.doctor.shared_key_diagnosis import compare_shared_key
from ivrkit.simulator import SharedKey
from ivrkit.web.doctor_endpoint import hash_form

_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request as the app received it: the fields of :func:`ivrkit.web.doctor_endpoint.describe_request`."""

    ivrkit: str
    time: float
    method: str
    query: str
    headers: tuple[tuple[str, str], ...]
    remote_address: str | None
    content_type: str | None
    parameters: tuple[str, ...]
    form: str
    signed: bool
    signature_settings: str | None
    shared_keys: tuple[str, ...] | None
    signed_url: str
    refusal: str | None
    public_url: str | None
    trusted_proxies: int

    def header_values(self, name: str) -> list[str]:
        """Return the values that the proxies added to a header, the value of the outermost proxy first."""
        # Some proxies append to the header after a comma, and others add the header a second time.
        joined = ",".join(value for each, value in self.headers if each.title() == name)
        return [value.strip() for value in joined.split(",") if value.strip()]


def parse_diagnosis(body: bytes) -> ReceivedRequest | None:
    """Parse a response of the doctor endpoint. Return ``None`` if another program sent the response.

    :param body: the body of the response.
    """
    # Another program may answer with any JSON, so a missing field or a wrong type is not an error.
    try:
        page = json.loads(body)
        settings = page["settings"]
        return ReceivedRequest(
            ivrkit=str(page["ivrkit"]),
            time=float(page["time"]),
            method=page["method"],
            query=page["query"],
            headers=tuple((name, value) for name, value in page["headers"]),
            remote_address=page["remote_address"],
            content_type=page["content_type"],
            parameters=tuple(page["parameters"]),
            form=page["form"],
            signed=page["signed"],
            signature_settings=page.get("signature_settings"),
            # Versions of ivrkit without shared keys do not have this field.
            shared_keys=tuple(page["settings"]["shared_keys"]) if "shared_keys" in page["settings"] else None,
            signed_url=page["signed_url"],
            refusal=page["refusal"],
            public_url=settings["public_url"],
            trusted_proxies=int(settings["trusted_proxies"]),
        )
    except (ValueError, TypeError, LookupError):
        return None


def compare_requests(
    public_url: PublicUrl, form: Mapping[str, str], received: ReceivedRequest, shared_key: SharedKey | None = None
) -> list[CheckResult]:
    """Return a failed result for each difference that makes the signature invalid.

    If the signature is valid, return one result with the status ``ok``.

    :param public_url: the URL that the request was sent to.
    :param form: the parameters that were sent.
    :param received: the request that the app received.
    :param shared_key: the shared key that signed the request, or ``None`` for a signature with the auth token.
    """
    page = public_url.doctor_page
    if received.refusal is None:
        if shared_key:
            return [ok("webhook", f"the signature with the shared key {shared_key.id!r} is valid")]
        return [ok("webhook", f"the signature is valid: ivrkit {received.ivrkit} received {page} as it was sent")]
    sent, signed = split_url(page), split_url(received.signed_url)
    compare = _compare_with_public_url if received.public_url else _compare_urls
    results = [
        *_compare_method_and_body(form, received),
        *_compare_query(sent, received),
        *compare(public_url, sent, signed, received),
    ]
    if shared_key:
        header, known_keys = received.signature_settings, received.shared_keys
        results += compare_shared_key(shared_key, header, known_keys, received.ivrkit)
    secret = f"secret for the shared key {shared_key.id!r}" if shared_key else "auth token"
    return results or [
        failed(
            "webhook",
            f"the request arrived as it was sent, but the signature is invalid: {received.refusal!r}",
            f"set the same {secret} here and for the app, or find the proxy that changes X-Twilio-Signature",
        )
    ]


def _compare_method_and_body(form: Mapping[str, str], received: ReceivedRequest) -> Iterator[CheckResult]:
    """Yield a failed result for each change to the method, the signature header and the body."""
    if not received.signed:
        yield failed("webhook", "X-Twilio-Signature did not arrive", *proxy_fixes("signature"))
    if received.method != "POST":
        yield failed("webhook", f"the method was changed from POST to {received.method}", *proxy_fixes("method"))
    elif received.form != hash_form(form.items()):
        # The app sends only the names of the parameters and a hash, so that no secret is in the response.
        missing = [name for name in form if name not in received.parameters]
        if missing and not (received.content_type or "").startswith(_FORM):
            changed = f"Content-Type was changed from {_FORM!r} to {received.content_type!r}"
            yield failed("webhook", changed, *proxy_fixes("type"))
        elif missing:
            names = ", ".join(missing)
            yield failed("webhook", f"the body was dropped: {names} did not arrive", *proxy_fixes("body"))
        else:
            changed = "the body was changed: other parameters arrived than were sent"
            yield failed("webhook", changed, *proxy_fixes("body"))


def _compare_query(sent: UrlParts, received: ReceivedRequest) -> Iterator[CheckResult]:
    """Yield a failed result if the bytes of the query changed, because the signature covers these bytes."""
    if received.query != sent.query:
        change = f"changed from {sent.query!r} to {received.query!r}" if received.query else f"dropped: {sent.query!r}"
        yield failed("webhook", f"the query was {change}", *proxy_fixes("query"))


def _compare_with_public_url(
    public_url: PublicUrl, sent: UrlParts, signed: UrlParts, received: ReceivedRequest
) -> Iterator[CheckResult]:
    """Yield a failed result if the requested URL does not match the app's setting ``public_url``.

    With this setting the app ignores the scheme, host and path of the request. So a proxy that changes these parts
    does no harm.
    """
    if (sent.scheme, _signed_host(sent), sent.path) != (signed.scheme, _signed_host(signed, sent), signed.path):
        yield failed(
            "webhook",
            f"the app checks the signature over {received.signed_url!r}, because its public_url is "
            f"{received.public_url!r}",
            f"set IVRKIT_PUBLIC_URL={public_url.base}",
            "or use the app's public_url in Twilio's console and for --url",
        )


def _compare_urls(
    public_url: PublicUrl, sent: UrlParts, signed: UrlParts, received: ReceivedRequest
) -> Iterator[CheckResult]:
    """Yield a failed result for each change to the scheme, the host and the path."""
    fixed_url = f"or, if the app has one public URL, set IVRKIT_PUBLIC_URL={public_url.base}"
    trust = "" if received.trusted_proxies else "and set IVRKIT_TRUSTED_PROXIES=1 for the app"
    # Each part that differs has a forwarding header of its own, in which the proxy could have sent the right value.
    if signed.scheme != sent.scheme:
        change = f"the scheme was changed from {sent.scheme!r} to {signed.scheme!r}"
        defect = "inner proto" if received.header_values("X-Forwarded-Proto") else "proto"
        fixes = (*proxy_fixes(defect), trust, fixed_url)
        yield _forwarding_failure(received, change, "X-Forwarded-Proto", sent.scheme, fixes)
    if _signed_host(signed, sent) != _signed_host(sent):
        change = f"the host was changed from {sent.host!r} to {signed.host!r}"
        fixes = (*proxy_fixes("host"), fixed_url)
        yield _forwarding_failure(received, change, "X-Forwarded-Host", sent.host, fixes)
    if signed.path != sent.path:
        change = f"the path was changed from {sent.path!r} to {signed.path!r}"
        if sent.path.endswith(signed.path):  # the proxy removed a prefix
            prefix = sent.path.removesuffix(signed.path)
            fixes = (*proxy_fixes("prefix", prefix=prefix), trust, fixed_url)
            yield _forwarding_failure(received, change, "X-Forwarded-Prefix", prefix, fixes)
        else:
            # A trusted X-Forwarded-Prefix that repeats a prefix in the path is one cause of an added prefix.
            values = received.header_values("X-Forwarded-Prefix") if received.trusted_proxies else []
            reason = f": X-Forwarded-Prefix is {', '.join(values)!r}" if values else ""
            first = 'nginx: proxy_set_header X-Forwarded-Prefix "";' if values else ""
            yield failed("webhook", change + reason, first, *proxy_fixes("path"), fixed_url)


def _forwarding_failure(
    received: ReceivedRequest, change: str, header: str, expected: str, fixes: tuple[str, ...]
) -> CheckResult:
    """Return the failed result for a change to the URL of a request.

    A proxy may change the URL if it sends the original value in a forwarding header such as ``X-Forwarded-Host``.

    :param change: the change, as the first part of the message.
    :param header: the name of the forwarding header.
    :param expected: the value that the forwarding header should have.
    :param fixes: the hints if the forwarding header does not have the expected value. If the header has the value, the
        setting ``trusted_proxies`` is wrong, and only the last hint is used.
    """
    values = received.header_values(header)
    if expected not in values:
        reason = f"{header} is {', '.join(values)!r}" if values else f"{header} did not arrive"
        return failed("webhook", f"{change}: {reason}", *fixes)
    # The header is right, but the app takes another of its values: trusted_proxies is wrong. Each proxy appends one
    # value, so the position of the right one, counted from the end, is the number of proxies. If the app trusts none,
    # all values are from proxies, and X-Forwarded-For may show more of them.
    trusted = received.trusted_proxies
    addresses = received.header_values("X-Forwarded-For")
    proxies = len(values) - values.index(expected) if trusted else max(len(values), len(addresses))
    reason = f"{header} is {', '.join(values)!r}, and trusted_proxies is {trusted}"
    return failed("webhook", f"{change}: {reason}", f"set IVRKIT_TRUSTED_PROXIES={proxies}", fixes[-1])


def _signed_host(url: UrlParts, sent: UrlParts | None = None) -> str:
    """Return the host as Twilio signs it: without any port for https, and without port 80 for http.

    :param url: the URL whose host is returned.
    :param sent: the URL that was requested. If this URL is given, the scheme of ``url`` is ignored, because a proxy
        may have changed that scheme.
    """
    name, colon, port = url.host.rpartition(":")
    return name if colon and port.isdigit() and ((sent or url).scheme == "https" or port == "80") else url.host
