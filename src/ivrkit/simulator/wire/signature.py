"""The X-Twilio-Signature, implemented without Twilio's library, so that tests can compare both implementations.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from ivrkit.errors import IvrkitError, nearest

#: Twilio's name of an algorithm -> its name in Python.
_HASHES = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A shared key, which signs webhooks in place of the account's auth token.

    https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys

    :param id: the id of the key, which Twilio sends with each request.
    :param secret: the secret of the key.
    :param algorithm: ``HMAC_SHA256`` or ``HMAC_SHA1``.
    :raises IvrkitError: if the algorithm is another one.
    """

    id: str
    secret: str = field(repr=False)
    algorithm: str = "HMAC_SHA256"

    def __post_init__(self) -> None:
        if self.algorithm not in _HASHES:
            raise IvrkitError(
                f"algorithm must be {' or '.join(_HASHES)}, not {self.algorithm!r}",
                hint="choose the algorithm of the webhook setting at Twilio",
            )

    @property
    def header(self) -> str:
        """The header ``X-Twilio-Webhooks-Signature-Settings``."""
        return f"key={self.id},algorithm={self.algorithm}"


def choose_shared_key(secrets: Mapping[str, str], key: str | None, *, required: bool) -> tuple[SharedKey, ...]:
    """Return the shared key that signs requests, or an empty tuple if none does.

    :param secrets: id of a shared key -> its secret.
    :param key: the id of the key.
    :param required: whether the last key is used if no id is given.
    :raises IvrkitError: if no key has the id.
    """
    chosen = next(iter([*secrets][-1:]), None) if key is None and required else key
    if chosen is None:
        return ()
    if chosen not in secrets:
        known = ", ".join(secrets) or "none"
        raise IvrkitError(
            f"the shared key must be one of the settings, not {chosen!r}{nearest(chosen, secrets)}",
            hint=f"set IVRKIT_SHARED_KEYS__{chosen} to its secret; the shared keys in the settings: {known}",
        )
    return (SharedKey(chosen, secrets[chosen]),)


def sign(url: str, params: Iterable[tuple[str, str]], secret: str, algorithm: str = "HMAC_SHA1") -> str:
    """Return the signature of a request.

    :param url: the URL of the request.
    :param params: the form parameters. A GET request has none, because its parameters are in the URL. Equal pairs of
        name and value count once.
    :param secret: the auth token of the account, or the secret of a shared key.
    :param algorithm: ``HMAC_SHA1`` or ``HMAC_SHA256``.
    """
    text = signed_url(url) + "".join([name + value for name, value in sorted(set(params))])
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), _HASHES[algorithm])).decode()


def signed_url(url: str) -> str:
    """Return the part of a URL that Twilio signs.

    A fragment, a user and a password are not signed, and neither is the port of an https URL.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if parts.scheme == "https":
        name, colon, port = host.rpartition(":")
        host = name if colon and port.isdigit() else host  # "[::1]" contains colons, but no port
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
