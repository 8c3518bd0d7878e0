"""The hash of a request, by which a repeated request is recognised."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def hash_request(params: Mapping[str, str], fallback_step: int, key: bytes) -> str:
    """Return a keyed hash of a request. The hash identifies a copy of the request, and does not show the input.

    :param params: Twilio's parameters.
    :param fallback_step: how often Twilio's fallback URL has sent the call back.
    :param key: the secret for the hash.
    """
    return hashlib.blake2b(repr((fallback_step, sorted(params.items()))).encode(), key=key, digest_size=16).hexdigest()
