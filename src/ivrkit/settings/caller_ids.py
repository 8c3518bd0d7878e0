"""The setting types of callers and of called numbers. They also check ``--from`` and ``--to`` of the simulator.

A phone number must begin with ``+`` and its country code, because ``4155550123`` could be a number of San Francisco or
of Switzerland. A number of up to six digits needs no ``+``, because it is an extension of a private phone network.
"""

from __future__ import annotations

import re
from typing import Annotated

from ivrkit.errors import SettingsError
from ivrkit.flow.model.caller_ids import ANONYMOUS, nearest_withheld_word, normalize_caller_id
from ivrkit.settings.setting_type import SettingType
from ivrkit.settings.types import to_e164

_EXTENSION = re.compile(r"[0-9]{1,6}")
_ADDRESS = re.compile(r"client:.+|sip:[^@]+@[^@]+")
_ADDRESSES = "a phone number such as +14155550100, client:NAME, sip:USER@HOST"
_PATTERN = r"\s*(\+[0-9 ().-]+|[0-9]{1,6}|[Cc][Ll][Ii][Ee][Nn][Tt]:.+|[Ss][Ii][Pp]:.+@.+)\s*"


def read_caller_id(value: str) -> str:
    """Return the number or address of a caller in a normalized form, so that callers can be compared.

    :param value: a phone number with its country code, ``client:NAME``, ``sip:USER@HOST``, the extension of a private
        network, or a word for a withheld number such as ``anonymous`` or ``Restricted``.
    :returns: the normalized form, such as ``+14155550100``, ``client:ann`` or ``anonymous``.
    :raises SettingsError: if no caller can have this value.
    """
    if normalize_caller_id(value) == ANONYMOUS:
        return ANONYMOUS
    return _read(value, f"a caller must be {_ADDRESSES} or anonymous", nearest_withheld_word(value))


def read_called_id(value: str) -> str:
    """Return a called number or address in a normalized form, so that called numbers can be compared.

    :param value: a phone number with its country code, ``client:NAME``, ``sip:USER@HOST``, or the extension of a
        private network.
    :raises SettingsError: if no call can go to this value.
    """
    return _read(value, f"a called number must be {_ADDRESSES}")


def read_dialled_number(value: str) -> str:
    """Return a number or address that a ``Dial`` can call, in a normalized form.

    :param value: a phone number with its country code, ``client:NAME`` or ``sip:USER@HOST``.
    :raises SettingsError: if a ``Dial`` cannot call this value.
    """
    number = _read(value, f"a number to dial must be {_ADDRESSES}")
    if _EXTENSION.fullmatch(number):
        raise SettingsError(f"a number to dial must be {_ADDRESSES}, not {value!r}", hint=_hint(number))
    return number


def _read(value: str, message: str, near: str = "") -> str:
    """Return a phone number, an extension or an address in a normalized form.

    :param value: the number or address as it was written.
    :param message: the beginning of the error message.
    :param near: the end of the error message, such as ", did you mean 'anonymous'?".
    :raises SettingsError: if the value is neither a number nor an address.
    """
    normal = normalize_caller_id(value)
    if _EXTENSION.fullmatch(normal) or _ADDRESS.fullmatch(normal):
        return normal
    try:
        return to_e164(normal, only_possible=True)
    except ValueError:
        raise SettingsError(f"{message}, not {value!r}{near}", hint=_hint(normal)) from None


def _hint(number: str) -> str:
    if re.fullmatch(r"[0-9 ().-]+", number):
        return "begin the number with + and its country code, as in +1 415 555 0100"
    return "write it as Twilio sends it, such as +14155550100, client:ann or sip:ann@example.com"


#: A caller: a key of the setting ``callers``.
CallerId = Annotated[
    str,
    SettingType(
        f"{_ADDRESSES} or anonymous", read_caller_id, {"pattern": f"^({_PATTERN}|\\s*[A-Za-z]+\\s*)$"}, "+14155550100"
    ),
]
#: A called number: a key of the setting ``numbers``.
CalledId = Annotated[str, SettingType(_ADDRESSES, read_called_id, {"pattern": f"^{_PATTERN}$"}, "+14155550100")]
#: A number or address that is dialled: the setting ``operator_number``.
DialledNumber = Annotated[
    str,
    SettingType(
        _ADDRESSES,
        read_dialled_number,
        {"pattern": r"^\s*(\+[0-9 ().-]+|[Cc][Ll][Ii][Ee][Nn][Tt]:.+|[Ss][Ii][Pp]:.+@.+)\s*$"},
        "+14155550100",
    ),
]
