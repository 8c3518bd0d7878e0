"""The X-Twilio-Signature, implemented without Twilio's library, so that tests can compare both implementations.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit


def sign(url: str, params: Iterable[tuple[str, str]], token: str) -> str:
    """Return the X-Twilio-Signature of a request.

    :param url: the URL of the request.
    :param params: the form parameters as pairs of name and value; empty for a GET request. Equal pairs count once.
    :param token: the auth token of the account.
    """
    text = signed_url(url) + "".join([name + value for name, value in sorted(set(params))])
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def signed_url(url: str) -> str:
    """Return the part of a URL that Twilio signs.

    Twilio does not sign the fragment, the user and the password. Twilio does not sign the port of an https URL.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "https":
        name, colon, port = host.rpartition(":")
        host = name if colon and port.isdigit() else host  # "[::1]" contains colons, but no port
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
