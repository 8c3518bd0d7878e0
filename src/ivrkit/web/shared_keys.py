"""Signatures with Twilio's shared keys. A header of the request names the shared key and the algorithm.

The signed text is the same as in a signature with the account's auth token
(https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys).
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from twilio.request_validator import RequestValidator

from ivrkit.settings.shared_key_variables import SHARED_KEYS_PREFIX
from ivrkit.settings.types import SHARED_KEY_ID
from ivrkit.web.early_refusal import SIGNATURE_SETTINGS_HEADER

SHA1, SHA256 = "HMAC_SHA1", "HMAC_SHA256"
#: How many characters of a value from a header are logged.
_MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Candidates:
    """The validators that can accept the signature of one request.

    :param validators: the validators. The request is answered if one of them accepts the signature.
    :param problem: the reason why there is no validator, and the fix; ``""`` if there are validators.
    :param secret: the name of the secret for error messages, such as "the shared key '...' and HMAC_SHA256".
    :param hint: the fix if no validator accepts the signature although the URL is right.
    """

    validators: Sequence[RequestValidator] = ()
    problem: str = ""
    secret: str = ""
    hint: str = ""


class Sha256Validator(RequestValidator):
    """A validator for signatures with HMAC-SHA256. Versions of ``twilio`` before 9.13 have only HMAC-SHA1.

    :param secret: the secret of the shared key.
    """

    def __init__(self, secret: str) -> None:
        super().__init__(secret)  # type: ignore[no-untyped-call]  # Twilio's class has no types

    def compute_signature(self, uri: str, params: Mapping[str, Sequence[str]], algorithm: str | None = None) -> str:
        """Return the signature of a URL and a form.

        :param uri: the URL.
        :param params: name -> values, for the parameters of the form.
        :param algorithm: not used. Newer versions of the base class call this method with an algorithm.
        """
        text = uri + "".join(name + value for name in sorted(params) for value in sorted(set(params[name])))
        return base64.b64encode(hmac.digest(self.token, text.encode(), "sha256")).decode()


class SharedKeys:
    """The shared keys of the settings.

    :param secrets: id of a shared key -> secret of the shared key.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._validators: Mapping[str, Mapping[str, RequestValidator]] = {
            key: {SHA1: RequestValidator(secret), SHA256: Sha256Validator(secret)} for key, secret in secrets.items()
        }

    def __bool__(self) -> bool:
        return bool(self._validators)

    def candidates(self, header: str) -> Candidates:
        """Return the validators for a request with the header ``X-Twilio-Webhooks-Signature-Settings``.

        :param header: the value of the header, which is not blank.
        """
        parts = _parse(header)
        key, algorithm = parts.get("key", ""), parts.get("algorithm", SHA1).upper()
        if not key:
            return Candidates(
                problem=f"{SIGNATURE_SETTINGS_HEADER} must be 'key=<id>,algorithm={SHA256}', not {_shown(header)}: "
                "check that no proxy changes this header"
            )
        if algorithm not in (SHA1, SHA256):
            return Candidates(
                problem=f"the algorithm in {SIGNATURE_SETTINGS_HEADER} must be {SHA1} or {SHA256}, not "
                f"{_shown(parts['algorithm'])}: choose one of these in the signature of the webhook setting at Twilio"
            )
        known = matching_ids(key, self._validators)
        if not known:
            return Candidates(problem=self._unknown_key(key))
        return Candidates(
            [self._validators[each][algorithm] for each in known],
            secret=f"the shared key {_shown(key)} and {algorithm}",
            hint="the secret in shared_keys belongs to another key",
        )

    def _unknown_key(self, key: str) -> str:
        # The id comes from the request: only an id that can be one may appear in the name of a variable.
        variable = f"{SHARED_KEYS_PREFIX}{key if SHARED_KEY_ID.fullmatch(key) else '<id>'}"
        return (
            f"the shared key {_shown(key)} in {SIGNATURE_SETTINGS_HEADER} is not set, "
            f"{others_in_words(self._validators)}: set {variable} to its secret, or add it to the table [shared_keys] "
            "of ivrkit.toml"
        )


def matching_ids(key: str, ids: Collection[str]) -> list[str]:
    """Return the ids in the settings that match the id in a request.

    If an id in the settings is equal to the id in the request, return only that id. Otherwise return all ids that
    differ only in upper and lower case, because some systems write environment variables in capitals.

    :param key: the id in the request.
    :param ids: the ids in the settings.
    """
    return [key] if key in ids else [each for each in ids if each.lower() == key.lower()]


def others_in_words(ids: Collection[str]) -> str:
    """Return the end of a message about an unknown shared key, which names the known shared keys.

    :param ids: the ids in the settings.
    """
    return f"only {', '.join(map(repr, ids))}" if ids else "and no other"


def _parse(header: str) -> dict[str, str]:
    """Return the parts of a header such as ``key=a,algorithm=b``: name -> value.

    If a name is repeated, the first value of the name is used.
    """
    parts: dict[str, str] = {}
    for part in header.split(","):
        name, _, value = part.partition("=")
        if value.strip():
            parts.setdefault(name.strip(), value.strip())
    return parts


def _shown(value: str) -> str:
    return repr(value if len(value) <= _MAX_SHOWN else f"{value[:_MAX_SHOWN]}...")
