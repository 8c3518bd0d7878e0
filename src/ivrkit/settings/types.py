"""The setting types: annotations for the fields of a dataclass of settings.

The core's settings and the settings of plugins use these types. Each setting type is an ordinary type with metadata.
The metadata has the description, the check and the schema of the values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ivrkit.errors import SettingsError
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.text import OPTION_PLACEHOLDERS, check_placeholders
from ivrkit.settings.setting_type import SINGLE_ALLOWED, Range, SettingType

T = TypeVar("T")

#: An AccountSid: https://www.twilio.com/docs/glossary/what-is-a-sid
ACCOUNT_SID = re.compile(r"AC[0-9a-fA-F]{32}")
#: The id of a shared key. The webhook header that names it separates its parts with commas and equals signs.
SHARED_KEY_ID = re.compile(r"[A-Za-z0-9_-]+")
_NOT_BLANK = {"pattern": r"\S"}
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LANGUAGE_TAG_SCHEMA = {"pattern": r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"}
_URL_PATH = "(/[A-Za-z0-9._~-]+)*"
#: A phone number as people write it, with its country code.
_PHONE_NUMBER = r"\+[0-9 ().-]+"
#: E.164 has at most this many digits: https://www.itu.int/rec/T-REC-E.164
_MAX_DIGITS = 15

_TO_15000 = "[1-9][0-9]{2,3}|1[0-4][0-9]{3}|15000"
_RETRY_REASON = "(4xx|5xx|ct|rt|all)"
#: Twilio's connection overrides: name -> description and pattern of the valid values.
#: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
_OVERRIDES: Mapping[str, tuple[str, str]] = {
    "ct": ("a number of milliseconds from 100 to 10000", "[1-9][0-9]{2,3}|10000"),
    "rt": ("a number of milliseconds from 100 to 15000", _TO_15000),
    "tt": ("a number of milliseconds from 100 to 15000", _TO_15000),
    "rc": ("a number from 0 to 5", "[0-5]"),
    "rp": ("some of 4xx,5xx,ct,rt,all", f"{_RETRY_REASON}(,{_RETRY_REASON})*"),
    "sni": ("y or n", "[yn]"),
    "e": ("names of Twilio's edges such as dublin,frankfurt", "[a-z0-9-]+(,[a-z0-9-]+)*"),
}
_OVERRIDE = f"({'|'.join(f'{name}=({pattern})' for name, (_, pattern) in _OVERRIDES.items())})"


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError(value)
    return value


def _option_sentence(value: str) -> str:
    check_placeholders("the sentence of a menu option", _not_blank(value), OPTION_PLACEHOLDERS)
    return value


def non_empty(words: str, example: str) -> SettingType:
    """Return the metadata of a setting type whose values are texts that are not blank.

    :param words: a description of the type that can follow "must be" in a message.
    :param example: a valid value.
    """
    return SettingType(words, _not_blank, _NOT_BLANK, example)


def _time_zone(value: str) -> str:
    try:
        return str(ZoneInfo(_not_blank(value)))
    except (LookupError, OSError) as error:
        raise ValueError(value) from error


def _language_tag(value: str) -> str:
    """Return a language tag in Twilio's form: ``es_MX`` becomes ``es-MX``.

    :raises ValueError: if the value is not a language tag.
    """
    tag = value.replace("_", "-")
    if not _LANGUAGE_TAG.fullmatch(tag):
        raise ValueError(value)
    return tag


def _url(value: str) -> str:
    """Return a URL without the slash at its end.

    :raises ValueError: if the value is not an HTTP URL, or if it has a query, a fragment or a user.
    """
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(value)
    if parts.query or parts.fragment or parts.username:
        raise ValueError(value)
    return parts.geturl().rstrip("/")


def _base_url(value: str) -> str:
    """Return the base URL of the app without the slash at its end.

    :raises SettingsError: if the URL is not a base URL, but the URL of an endpoint such as ``/webhook``.
    """
    url = _url(value)
    base, found, rest = url.rpartition("/webhook")
    if found and rest in ("", "/status", "/fallback"):
        raise SettingsError(
            f"the base URL must be written without {found}{rest}, not as {value!r}", hint=f"leave out the end: {base}"
        )
    return url


def _token(value: str) -> str:
    """Return a token without the line break at its end, which a token that was read from a file may have."""
    return _not_blank(value).strip()


def _url_path(value: str) -> str:
    if not re.fullmatch(_URL_PATH, value):
        raise ValueError(value)
    return value


def _keys(value: str) -> str:
    if not is_key_sequence(value):
        raise ValueError(value)
    return value


def to_e164(value: str, *, only_possible: bool = False) -> str:
    """Return a phone number in the format E.164: ``+1 (415) 555-0100`` becomes ``+14155550100``.

    :param value: the number as people write it, with its country code.
    :param only_possible: whether to refuse a number that is too short or too long for its country.
    :raises ValueError: if the value is not a phone number with a country code.
    """
    import phonenumbers  # The import takes 75 ms, and is only needed for phone numbers.

    if not re.fullmatch(_PHONE_NUMBER, value):
        raise ValueError(value)
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException as error:
        raise ValueError(value) from error
    if only_possible and not phonenumbers.is_possible_number(number):
        raise ValueError(value)
    written = str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    if len(written) > len("+") + _MAX_DIGITS:
        raise ValueError(value)
    return written


def _connection_overrides(value: str) -> str:
    """Return Twilio's connection overrides, such as ``rc=1&rp=ct``, unchanged after a check.

    :raises SettingsError: if an override is invalid. The error contains the valid values of the first invalid override.
    """
    for override in value.split("&") if value else ():
        name, _, number = override.partition("=")
        if name not in _OVERRIDES:
            raise SettingsError(
                f"{name!r} is not a connection override", hint=f"use some of {', '.join(_OVERRIDES)}, as in rc=1&rp=ct"
            )
        words, pattern = _OVERRIDES[name]
        if not re.fullmatch(pattern, number):
            raise SettingsError(f"{name} must be {words}, not {number!r}", hint="write it as in rc=1&rp=ct")
    return value


def _account_sid(value: str) -> str:
    if not ACCOUNT_SID.fullmatch(value):
        raise ValueError(value)
    return value


def _shared_key_id(value: str) -> str:
    if not SHARED_KEY_ID.fullmatch(value):
        raise ValueError(value)
    return value


#: A text that is not blank.
NonEmptyText = Annotated[str, non_empty("a non-empty text", "text")]
#: The whole sentence of a menu option.
OptionSentence = Annotated[
    str, SettingType("a non-empty text", _option_sentence, _NOT_BLANK, "For sales, press {key}.")
]
#: The name of a state.
StateName = Annotated[str, non_empty("the name of a state", "menu")]
#: The name of a plugin: the name of its distribution or of its file.
PluginName = Annotated[str, non_empty("the name of a plugin", "acme-states")]
#: Keys of a telephone: one or more of ``0-9``, ``*`` and ``#``.
Keys = Annotated[str, SettingType("keys of a telephone (0-9, * and #)", _keys, {"pattern": "^[0-9*#]+$"}, "4")]
#: A phone number. It may have spaces and punctuation, as in ``+1 (415) 555-0100``. It is converted to E.164.
PhoneNumber = Annotated[
    str,
    SettingType(
        "a phone number in E.164, such as +14155550100",
        to_e164,
        {"pattern": f"^{_PHONE_NUMBER}$"},
        "+14155550100",
    ),
]
#: A whole number of seconds, at least 1. ``Annotated[Seconds, Range(5, 600)]`` sets narrower limits.
Seconds = Annotated[int, SettingType("a whole number of seconds", example=10), Range(1)]
#: The URL of a web site or application, without query, fragment and user. A slash at the end is removed.
Url = Annotated[
    str,
    SettingType(
        "a URL such as 'https://ivr.example.com'",
        _url,
        {"pattern": "^https?://[^?#@]+$"},
        "https://ivr.example.com",
    ),
]
#: The URL in front of ``/webhook``.
BaseUrl = Annotated[
    str,
    SettingType(
        "a URL such as 'https://ivr.example.com'",
        _base_url,
        {"pattern": "^https?://[^?#@]+$", "not": {"pattern": "/webhook(/status|/fallback)?/*$"}},
        "https://ivr.example.com",
    ),
]
#: The path at the beginning of other paths in a URL, or an empty text.
UrlPath = Annotated[
    str, SettingType("a path such as '/phone', or empty", _url_path, {"pattern": f"^{_URL_PATH}$"}, "/phone")
]
#: The tag of a language: ``es-MX``.
LanguageTag = Annotated[str, SettingType("a language such as 'en-US'", _language_tag, _LANGUAGE_TAG_SCHEMA, "es-MX")]
#: The name of a Twilio voice.
Voice = Annotated[str, non_empty("a voice such as 'Polly.Joanna'", "Polly.Joanna")]
#: The IANA name of a time zone.
TimeZone = Annotated[
    str, SettingType("the IANA name of a time zone, such as 'Europe/Vienna'", _time_zone, _NOT_BLANK, "Europe/Vienna")
]
#: Twilio's connection overrides, or an empty text.
ConnectionOverrides = Annotated[
    str,
    SettingType(
        "connection overrides such as 'rc=1&rp=ct', or empty",
        _connection_overrides,
        {"pattern": f"^({_OVERRIDE}(&{_OVERRIDE})*)?$"},
        "rc=1&rp=ct",
    ),
]
#: The SID of a Twilio account.
AccountSid = Annotated[
    str,
    SettingType(
        "an AccountSid (AC and 32 hexadecimal digits)",
        _account_sid,
        {"pattern": "^AC[0-9a-fA-F]{32}$"},
        "AC" + "0" * 32,
    ),
]
#: The id of a shared key that signs webhooks: https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys
SharedKeyId = Annotated[
    str,
    SettingType(
        "the id of a shared key (letters, digits, _ and -)",
        _shared_key_id,
        {"pattern": f"^{SHARED_KEY_ID.pattern}$"},
        "webhooks_sharedkey_" + "0" * 26,
    ),
]
#: A token. Declare the field with ``repr=False``, so that the token is never shown.
Token = Annotated[str, SettingType("a token", _token, _NOT_BLANK, "your-token")]
#: A list of values, or a single value: ``OneOrMore[PhoneNumber]``. The converted value is a tuple.
OneOrMore = Annotated[tuple[T, ...], SINGLE_ALLOWED]
