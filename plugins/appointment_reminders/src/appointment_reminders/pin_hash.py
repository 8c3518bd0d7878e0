"""Hashes of PINs. The appointments file stores the hash of a PIN, never the PIN."""

import hashlib
import hmac


def hash_pin(pepper: str, number: str, pin: str) -> str:
    """Return the hash of a PIN.

    :param pepper: the secret of the clinic.
    :param number: the patient's phone number, so that equal PINs have different hashes.
    :param pin: the digits of the PIN.
    """
    return hmac.new(pepper.encode(), f"{number}:{pin}".encode(), hashlib.sha256).hexdigest()


def is_correct_pin(pepper: str, number: str, pin: str, hashed: str) -> bool:
    """Return whether the hash of a PIN equals the stored hash."""
    return hmac.compare_digest(hash_pin(pepper, number, pin), hashed)
