"""HTTP authentication with the user and the password of a URL: Basic and Digest.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

from __future__ import annotations

import base64
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import SplitResult, unquote

from ivrkit.simulator.wire.messages import Request, Response


class BasicPassword:
    """The user and the password of one host, sent unchanged with each request."""

    #: Whether another request can succeed after the host refused the password.
    may_be_repeated = False

    def __init__(self, user: str, password: str) -> None:
        self._header = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def add_to(self, request: Request) -> Request:
        """Return the request with the header ``Authorization``."""
        return replace(request, headers={**request.headers, "Authorization": self._header})


class DigestPassword:
    """The user and the password of one host, hashed for each request with the challenge of the host.

    :param challenge: the parts of the challenge in the response with status 401.
    """

    #: A host may refuse a right password because its challenge is too old. The refusal has a new challenge.
    may_be_repeated = True

    def __init__(self, user: str, password: str, challenge: Mapping[str, str]) -> None:
        self._user, self._password, self._challenge = user, password, dict(challenge)
        self._passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        # One handler for all requests, because it counts how often the challenge was used (RFC 7616, section 3.4).
        self._handler = urllib.request.HTTPDigestAuthHandler(self._passwords)

    def add_to(self, request: Request) -> Request:
        """Return the request with the header ``Authorization``. An unusable challenge leaves the request unchanged."""
        # The standard library computes the digest, on its own type of request.
        self._passwords.add_password(None, request.url, self._user, self._password)
        digest_request = urllib.request.Request(request.url, data=request.body or None, method=request.method)  # noqa: S310  it is never opened
        try:
            header = self._handler.get_authorization(digest_request, self._challenge)
        except (ValueError, OSError):  # an algorithm or a quality of protection that the standard library does not have
            header = None
        return replace(request, headers={**request.headers, "Authorization": f"Digest {header}"}) if header else request


#: A password in the form that a host asked for.
Password = BasicPassword | DigestPassword


def password_for(parts: SplitResult, response: Response) -> Password | None:
    """Return the password that answers a response with status 401.

    :param parts: the URL of the request, with user and password.
    :returns: the password, or ``None`` if the URL has no password, or if the response asks for a scheme
        other than Basic and Digest.
    """
    if parts.username is None:
        return None
    user, password = unquote(parts.username), unquote(parts.password or "")
    scheme, _, challenge = response.header("WWW-Authenticate").partition(" ")
    if scheme.lower() == "basic":
        return BasicPassword(user, password)
    if scheme.lower() == "digest":
        values = [each for each in urllib.request.parse_http_list(challenge) if "=" in each]
        return DigestPassword(user, password, urllib.request.parse_keqv_list(values))
    return None
