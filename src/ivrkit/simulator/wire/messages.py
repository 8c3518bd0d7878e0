"""Messages between Twilio and an app: requests, responses and failures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urljoin, urlsplit, urlunsplit

from ivrkit.simulator.wire.signature import SharedKey, sign

_FORM_TYPE = "application/x-www-form-urlencoded; charset=UTF-8"


class Failure(Exception):
    """The error for a request that got no response that Twilio can use.

    :param code: Twilio's error code.
    :param failure_type: ``ct`` (no connection), ``rt`` (no response in time) or another word. The connection overrides
        of a URL say which failure types are retried.
    :param message: the failure as a sentence.
    """

    def __init__(self, code: int, failure_type: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.failure_type = failure_type
        self.message = message


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request.

    :param url: an absolute URL without fragment, user and password. A GET request has its parameters in the query.
    :param params: Twilio's parameters, sent in the query or as a form. A request for a file has no parameters.
    """

    method: str
    url: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response.

    :param headers: pairs of name and value, in order.
    :param took: seconds from the start of the request until the response was complete.
    :param error: the text of the exception, if a WSGI app raised an exception; otherwise ``""``. The status is then
        500.
    """

    status: int = 200
    headers: Sequence[tuple[str, str]] = (("Content-Type", "text/xml"),)
    body: bytes = b""
    took: float = 0.0
    error: str = ""

    def header(self, name: str) -> str:
        """Return the value of the first header that has this name, or ``""`` if no header has this name."""
        return next(iter(self.headers_of(name)), "")

    def headers_of(self, name: str) -> list[str]:
        """Return the values of all headers that have this name. Upper and lower case of a name make no difference."""
        return [value for each, value in self.headers if each.lower() == name.lower()]


def make_request(
    method: str,
    url: str,
    params: Mapping[str, str],
    *,
    token: str,
    idempotency: str,
    shared_key: SharedKey | None = None,
    cookies: str = "",
) -> Request:
    """Return a webhook request: https://www.twilio.com/docs/voice/twiml.

    :param params: the parameters. A GET request has the parameters in the query of the URL. A POST request sends the
        parameters as a form.
    :param token: the auth token that signs the request, or ``""`` for no signature.
    :param shared_key: the shared key that signs the request in place of the token.
    :param idempotency: the idempotency token of the request. All attempts to send a request have the same token.
    :param cookies: the value of the ``Cookie`` header, or ``""`` for no such header.
    """
    url = requested_url(url)
    headers = {"Accept": "*/*", "User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": idempotency}
    if method == "GET":
        query = urlencode(params)
        url = f"{url}{'&' if '?' in url else '?'}{query}" if query else url
    else:
        headers["Content-Type"] = _FORM_TYPE
    # Twilio signs the parameters of a form one by one. The parameters of a GET are part of the URL.
    signed = () if method == "GET" else params.items()
    if shared_key:
        headers["X-Twilio-Signature"] = sign(url, signed, shared_key.secret, shared_key.algorithm)
        headers["X-Twilio-Webhooks-Signature-Settings"] = shared_key.header
    elif token:
        headers["X-Twilio-Signature"] = sign(url, signed, token)
    if cookies:
        headers["Cookie"] = cookies
    return repeated_request(method, url, params, headers)


def repeated_request(method: str, url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Request:
    """Return a webhook request with a URL and headers that are complete already, such as a request to send again."""
    return Request(method, url, params, headers, b"" if method == "GET" else urlencode(params).encode())


def make_file_request(url: str) -> Request:
    """Return a request for a file. Twilio sends such a request without parameters and without a signature."""
    return Request("GET", requested_url(url), {}, {"Accept": "*/*", "User-Agent": "TwilioProxy/1.1"})


def requested_url(url: str) -> str:
    """Return the URL that is sent in an HTTP request: without fragment, user and password.

    An empty path becomes ``/``.
    """
    if "#" not in url and "@" not in url and url.count("/") > 2:
        return url  # nothing to remove or add; most URLs take this short way
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", parts.query, ""))


def absolute_url(base: str, reference: str) -> str:
    """Return the absolute URL of a URL in a document. The fragment of the URL is kept.

    :param base: the URL of the document.
    :param reference: a URL in the document. A relative URL is resolved as a browser resolves it.
    :raises Failure: if the URL is not a valid http or https URL.
    """
    url = reference.strip()
    try:
        if not url.startswith(("http://", "https://")):
            url = urljoin(base, url)
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:  # for example a port that is too large, or a bracket without its pair
        is_valid = False
    if not is_valid or re.search(r"[\x00-\x20\x7f]", url):
        raise Failure(11100, "other", f"the URL must be a valid http or https URL, not {reference.strip()[:200]!r}")
    return url
