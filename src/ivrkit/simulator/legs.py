"""One party's part of a call: its SID, its numbers, its status, and the parameters that every request of it carries."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

#: The version that every request names: https://www.twilio.com/docs/voice/twiml
API_VERSION = "2010-04-01"
#: Where Twilio guesses that a number is. It is a guess at the number, not at the person; often most of it is empty.
_FROM_PLACE = {"City": "SAN FRANCISCO", "State": "CA", "Zip": "94105", "Country": "US"}
_TO_PLACE = {"City": "", "State": "", "Zip": "", "Country": "US"}


def new_sid(prefix: str) -> str:
    """Return an identifier as Twilio makes them: two letters and 32 digits, base 16."""
    return f"{prefix}{secrets.token_hex(16)}"


@dataclass(slots=True)
class Leg:
    """One party's part of a call.

    :param direction: ``inbound`` for the caller, ``outbound-dial`` for whoever is dialled.
    :param status: Twilio's ``CallStatus``.
    :param parent: the SID of the call that dialled this one.
    :param answered_at: when it was answered, on the call's clock.
    :param more: parameters beside the usual ones, or in their place: ``CallerName``, ``StirVerstat``, ``SipHeader_X-``.
    """

    account: str
    from_: str
    to: str
    direction: str = "inbound"
    parent: str = ""
    more: Mapping[str, str] = field(default_factory=dict)
    status: str = "ringing"
    answered_at: float | None = None
    sid: str = field(default_factory=lambda: new_sid("CA"))

    def params(self) -> dict[str, str]:
        """Return the parameters of every request: https://www.twilio.com/docs/voice/twiml."""
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
        for who, place in (("Caller", _FROM_PLACE), ("From", _FROM_PLACE), ("Called", _TO_PLACE), ("To", _TO_PLACE)):
            for what, name in place.items():
                params[who + what] = name
        if self.parent:
            params["ParentCallSid"] = self.parent
        params.update(self.more)
        return params

    def seconds(self, now: float) -> float:
        """Return for how long the leg has been answered."""
        return 0.0 if self.answered_at is None else now - self.answered_at
