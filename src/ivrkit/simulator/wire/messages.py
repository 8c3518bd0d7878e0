"""What goes over the line between Twilio and an app: requests, answers, and how they fail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from ivrkit.simulator.wire.signature import sign

_FORM = "application/x-www-form-urlencoded; charset=UTF-8"


class Failure(Exception):
    """Nothing came back that Twilio can use.

    :param code: Twilio's error.
    :param failure_type: ``ct`` (no connection), ``rt`` (no answer in time) or ``other``: what a retry is decided by.
    :param message: what happened, in a sentence.
    """

    def __init__(self, code: int, failure_type: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.failure_type = failure_type
        self.message = message


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it goes over the line.

    :param url: absolute, without fragment, user and password; with the parameters, when they go by GET.
    :param params: Twilio's parameters, wherever they are; none for a file.
    """

    method: str
    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What an app answered.

    :param headers: pairs, in order.
    :param took: seconds to its last byte.
    :param error: the error that went through a WSGI app, which a server would have answered with 500.
    """

    status: int = 200
    headers: Sequence[tuple[str, str]] = (("Content-Type", "text/xml"),)
    body: bytes = b""
    took: float = 0.0
    error: str = ""

    def header(self, name: str) -> str:
        """Return the first header of a name, ``""`` for none."""
        return next(iter(self.headers_of(name)), "")

    def headers_of(self, name: str) -> list[str]:
        """Return all headers of a name, in whatever letters."""
        return [value for each, value in self.headers if each.lower() == name.lower()]


def make_request(
    method: str, url: str, params: Mapping[str, str], *, token: str, idempotency: str, cookies: str = ""
) -> Request:
    """Return a webhook's request: https://www.twilio.com/docs/voice/twiml.

    :param params: in the body of a form; for GET behind whatever the URL has as its query.
    :param token: signs; ``""`` for nobody.
    :param idempotency: the same for every attempt at one request.
    """
    url = bare(url)
    headers = {"Accept": "*/*", "User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": idempotency}
    body = b""
    if method == "GET":
        encoded = urlencode(params)
        url = f"{url}{'&' if '?' in url else '?'}{encoded}" if encoded else url
    else:
        headers["Content-Type"] = _FORM
        body = urlencode(params).encode()
    if token:
        headers["X-Twilio-Signature"] = sign(url, () if method == "GET" else params.items(), token)
    if cookies:
        headers["Cookie"] = cookies
    return Request(method, url, params, headers, body)


def plain_request(url: str) -> Request:
    """Return the request for a file: Twilio fetches it as anybody would, with no parameters and no signature."""
    return Request("GET", bare(url), {}, {"Accept": "*/*", "User-Agent": "TwilioProxy/1.1"})


def bare(url: str) -> str:
    """Return a URL as it is requested: without fragment, user and password, and with a path."""
    if "#" not in url and "@" not in url and url.count("/") > 2:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, ""))


def absolute(base: str, reference: str) -> str:
    """Return a URL of a document as a browser reads it, with the fragment that it has.

    :raises Failure: for one that can't be requested.
    """
    url = reference.strip()
    try:
        if not url.startswith(("http://", "https://")):
            url = urljoin(base, url)
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits or re.search(r"[\x00-\x20\x7f]", url):
        raise Failure(11100, "other", f"{reference.strip()[:200]!r} is no URL that can be requested")
    return url
