"""Encryption of sessions with AES-256-GCM.

The keys are derived from the account's auth tokens with HKDF (https://www.rfc-editor.org/rfc/rfc5869), so every process
on every host of an account has the same keys.
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

#: HKDF's ``info``: it makes these keys different from all other keys that are derived from the same token.
_PURPOSE = b"ivrkit session"
#: The size of the random nonce in front of each encrypted text, in bytes.
_NONCE_SIZE = 12
#: Texts longer than this are compressed, in bytes.
_COMPRESS_ABOVE = 1_000
#: The first byte of the plain text says whether the rest is compressed.
_TEXT, _COMPRESSED = b"t", b"z"


class SessionCipher:
    """Encrypts and decrypts the text of a session.

    :param secrets: the secrets from which the keys are derived. The key of the first secret encrypts. The key of each
        secret can decrypt. To rotate a secret, put the new secret first, and keep the old secret in the list until all
        calls that use the old secret have expired.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._ciphers = [AESGCM(_derive_key(secret)) for secret in secrets]

    def encrypt(self, text: str, sid: str) -> str:
        """Encrypt a text for one call.

        :param text: ASCII text.
        :param sid: the CallSid. The encrypted text can be decrypted only with the same CallSid.
        :returns: the encrypted text, which has only letters, digits, ``-`` and ``_``.
        """
        plain = text.encode("ascii")
        packed = _COMPRESSED + zlib.compress(plain, 1) if len(plain) > _COMPRESS_ABOVE else _TEXT + plain
        nonce = os.urandom(_NONCE_SIZE)
        encrypted = nonce + self._ciphers[0].encrypt(nonce, packed, sid.encode())
        return base64.urlsafe_b64encode(encrypted).rstrip(b"=").decode()

    def decrypt(self, encrypted: str, sid: str) -> str | None:
        """Decrypt a text that :meth:`encrypt` returned.

        :param encrypted: any text, for example the value of a cookie.
        :param sid: the CallSid of the call for which the text was encrypted.
        :returns: the plain text, or ``None`` if ``encrypted`` is invalid, was changed, belongs to another call, or was
            encrypted with an unknown secret.
        """
        try:
            # Restore the padding that `encrypt` removed.
            decoded = base64.b64decode(encrypted.encode() + b"=" * (-len(encrypted) % 4), b"-_", validate=True)
        except (binascii.Error, UnicodeEncodeError):
            return None
        for cipher in self._ciphers:
            try:
                plain = cipher.decrypt(decoded[:_NONCE_SIZE], decoded[_NONCE_SIZE:], sid.encode())
            except (InvalidTag, ValueError):  # another key or another call; too short
                continue
            return (zlib.decompress(plain[1:]) if plain.startswith(_COMPRESSED) else plain[1:]).decode("ascii")
        return None


def _derive_key(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode())
