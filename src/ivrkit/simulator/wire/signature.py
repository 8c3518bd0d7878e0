"""X-Twilio-Signature, in lines of our own: so that a test can hold them against Twilio's library.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit


def sign(url: str, params: Iterable[tuple[str, str]], token: str) -> str:
    """Return the signature of a request.

    :param url: as it is requested; a fragment, user and password are never signed, and a port only over http.
    :param params: of a form; none for GET, whose parameters are in the URL. Of a name that comes more than once, each
        different value counts once.
    :param token: the account's auth token.
    """
    text = signed_url(url) + "".join([name + value for name, value in sorted(set(params))])
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), "sha1")).decode()


def signed_url(url: str) -> str:
    """Return a URL as it is signed."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "https":
        name, colon, port = host.rpartition(":")
        host = name if colon and port.isdigit() else host
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
