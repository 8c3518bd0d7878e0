"""Legs of a call. A leg is the part of the call that connects one person, the caller or a callee, with Twilio."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

#: The API version in every request: https://www.twilio.com/docs/voice/twiml
API_VERSION = "2010-04-01"
#: The location that Twilio has for a number. Twilio looks up the number, not the person. Often most values are empty.
_FROM_GEOGRAPHY = {"City": "SAN FRANCISCO", "State": "CA", "Zip": "94105", "Country": "US"}
_TO_GEOGRAPHY = {"City": "", "State": "", "Zip": "", "Country": "US"}


def new_sid(prefix: str) -> str:
    """Return a new SID in Twilio's format: two letters and 32 hexadecimal digits."""
    return f"{prefix}{secrets.token_hex(16)}"


@dataclass(slots=True)
class Leg:
    """A leg of a call: the part of the call that connects one person, the caller or a callee, with Twilio.

    :param account: the AccountSid.
    :param direction: ``inbound`` for the caller, ``outbound-dial`` for a callee.
    :param parent: for a callee, the CallSid of the caller's leg; for the caller, ``""``.
    :param extra_params: parameters that are added to Twilio's parameters, such as ``CallerName``, ``StirVerstat`` or
        ``SipHeader_X-...``. Such a parameter replaces Twilio's parameter of the same name.
    :param status: Twilio's ``CallStatus``.
    :param answered_at: the time on the call's clock, in milliseconds, at which the leg was answered, or ``None`` if the
        leg has not been answered.
    """

    account: str
    from_: str
    to: str
    direction: str = "inbound"
    parent: str = ""
    extra_params: Mapping[str, str] = field(default_factory=dict)
    status: str = "ringing"
    answered_at: int | None = None
    sid: str = field(default_factory=lambda: new_sid("CA"))

    def params(self) -> dict[str, str]:
        """Return the parameters that every request of this leg has: https://www.twilio.com/docs/voice/twiml."""
        params = {
            "AccountSid": self.account,
            "ApiVersion": API_VERSION,
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Called": self.to,
            "Caller": self.from_,
            "Direction": self.direction,
            "From": self.from_,
            "To": self.to,
        }
        # Twilio sends each location twice, under two prefixes.
        for prefix, geography in (
            ("Caller", _FROM_GEOGRAPHY),
            ("From", _FROM_GEOGRAPHY),
            ("Called", _TO_GEOGRAPHY),
            ("To", _TO_GEOGRAPHY),
        ):
            for name, value in geography.items():
                params[prefix + name] = value
        if self.parent:
            params["ParentCallSid"] = self.parent
        params.update(self.extra_params)
        return params

    def duration(self, now: int) -> int:
        """Return the milliseconds since the leg was answered, or 0 if the leg has not been answered.

        :param now: the current time on the call's clock, in milliseconds.
        """
        return 0 if self.answered_at is None else now - self.answered_at
