"""The decision whether a request can be refused before its body is read.

A client without the auth token could send a body slowly, and hold a thread of the server for as long as it likes. So
the body of a request is read only if the method, the path and the headers could be those of a signed request. A client
can still make up a signature with the right length. So a server that faces the network must also read bodies with a
time limit.
"""

from __future__ import annotations

import re
from typing import Protocol

from ivrkit.web.paths import DOCTOR_PATH, SIGNED_PATHS

#: The header with Twilio's signature.
SIGNATURE_HEADER = "X-Twilio-Signature"
#: The header with the id of the shared key and the algorithm: ``key=<id>,algorithm=HMAC_SHA256``. Without this header,
#: the request is signed with the account's auth token and HMAC-SHA1.
SIGNATURE_SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
#: The header with the proof of ``ivrkit doctor``: the time, a keyed hash and a nonce, separated by blanks.
DOCTOR_HEADER = "Ivrkit-Doctor"

# Base64 of the 20 bytes of HMAC-SHA1, and of the 32 bytes of HMAC-SHA256.
_SHA1, _SHA256 = re.compile("[A-Za-z0-9+/]{27}="), re.compile("[A-Za-z0-9+/]{43}=")
#: How many characters of an invalid signature are logged.
_MAX_SHOWN = 60


class Headers(Protocol):
    """The headers of a request. The names are the same in upper and in lower case."""

    def get(self, name: str, default: str, /) -> str:
        """Return the value of a header, or the default if the request does not have the header."""


def needs_body(method: str, path: str, headers: Headers, *, has_secret: bool) -> bool:
    """Return whether a request can be answered only after its body was read.

    The app refuses every other request without reading the body. So a server may pass such a request to the app with
    an empty body.

    :param method: the HTTP method.
    :param path: the path of the request, with or without the path that the app is mounted at.
    :param headers: the headers of the request.
    :param has_secret: whether the settings have an auth token or a shared key, so that requests must be signed.
    """
    if method != "POST":
        return False
    path = path.rstrip("/")
    if path.endswith(DOCTOR_PATH):
        return bool(headers.get(DOCTOR_HEADER, ""))
    return path.endswith(SIGNED_PATHS) and not (has_secret and signature_problem(headers) is not None)


def signature_problem(headers: Headers) -> str | None:
    """Return why a header cannot be a signature of Twilio, or ``None`` if the header can be one.

    :param headers: the headers of the request.
    :returns: ``""`` if the header is missing. Otherwise the problem and the fix, for the log.
    """
    signature = headers.get(SIGNATURE_HEADER, "")
    if not signature:
        return ""
    has_settings = bool(headers.get(SIGNATURE_SETTINGS_HEADER, "").strip())
    if _SHA1.fullmatch(signature) or (has_settings and _SHA256.fullmatch(signature)):
        return None
    if _SHA256.fullmatch(signature):
        return (
            f"{SIGNATURE_HEADER} is a signature with a shared key, but {SIGNATURE_SETTINGS_HEADER} is missing: check "
            "that no proxy removes this header"
        )
    shown = signature if len(signature) <= _MAX_SHOWN else f"{signature[:_MAX_SHOWN]}..."
    return (
        f"{SIGNATURE_HEADER} must be base64 of {'28 or 44' if has_settings else '28'} characters, not {shown!r}: "
        "check that no proxy changes this header"
    )
