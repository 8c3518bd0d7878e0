"""Seals what is kept of a call, so that nobody without a key can read it or change it: AES-256-GCM.

The keys are made of the account's tokens by HKDF (https://www.rfc-editor.org/rfc/rfc5869), so that all processes of all
hosts of an account have the same ones.
"""

from __future__ import annotations

import base64
import binascii
import os
import zlib
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: What the keys are for, so that they are no keys of anything else: HKDF's ``info``.
_PURPOSE = b"ivrkit session"
_NONCE = 12
#: A text that is longer than this is packed, in bytes.
_LONG = 1_000
_PLAIN, _PACKED = b"t", b"z"


class Seal:
    """Seals and opens texts.

    :param secrets: what the keys are made of: the first seals, each of them opens. Keep an old one behind the new one
        for as long as calls are kept.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._ciphers = [AESGCM(_key(each)) for each in secrets]

    def seal(self, text: str, sid: str) -> str:
        """Return a text that only :meth:`open` can read, made of letters, digits, ``-`` and ``_``.

        :param text: ASCII.
        :param sid: the CallSid that it belongs to; it is opened for no other.
        """
        plain = text.encode("ascii")
        packed = _PACKED + zlib.compress(plain, 1) if len(plain) > _LONG else _PLAIN + plain
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._ciphers[0].encrypt(nonce, packed, sid.encode())
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, sealed: str, sid: str) -> str | None:
        """Return the text that was sealed for a call; ``None`` for any other, whatever it is."""
        try:
            given = base64.b64decode(sealed.encode() + b"=" * (-len(sealed) % 4), b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return None
        for cipher in self._ciphers:
            try:
                plain = cipher.decrypt(given[:_NONCE], given[_NONCE:], sid.encode())
            except (InvalidTag, ValueError):  # of another key; too short
                continue
            return (zlib.decompress(plain[1:]) if plain.startswith(_PACKED) else plain[1:]).decode("ascii")
        return None


def _key(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode())
