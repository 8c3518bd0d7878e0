"""How PINs are kept: never as they are."""

import hashlib
import hmac


def hashed_pin(pepper: str, number: str, pin: str) -> str:
    """Return what is kept of a PIN.

    :param pepper: the secret of the clinic.
    :param number: the number that the PIN belongs to, so that equal PINs look different.
    :param pin: the digits.
    """
    return hmac.new(pepper.encode(), f"{number}:{pin}".encode(), hashlib.sha256).hexdigest()


def is_pin(pepper: str, number: str, pin: str, kept: str) -> bool:
    """Return whether a PIN is the one that is kept."""
    return hmac.compare_digest(hashed_pin(pepper, number, pin), kept)
