"""What a team can set: the table ``[plugins.acme-states]`` of its ``ivrkit.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ivrkit.states import Week

#: When ACME itself is open.
HOURS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "09:00-18:00") | {"saturday": "10:00-13:00"}
)


@dataclass(frozen=True, kw_only=True)
class AcmeSettings:
    """What the states know of the company.

    :param reception_number: the number that reception answers, E.164.
    :param reception_rings: how long reception's telephone rings, in seconds.
    :param support_queue: the queue that support works off.
    :param longest_message: the longest message that a caller may leave for sales, in seconds.
    :param hours: when the company is open: weekday -> "09:00-18:00", with a break "09:00-12:00, 13:00-18:00"; a day
        that is left out is closed. Times are those of the setting timezone.
    """

    reception_number: str = "+15550100"
    reception_rings: int = 20
    support_queue: str = "support"
    longest_message: int = 120
    hours: dict[str, str] = field(default_factory=lambda: dict(HOURS))

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        number = self.reception_number
        if not (number.startswith("+") and number[1:].isdecimal() and 3 <= len(number) <= 16):
            raise ValueError(f"reception_number is {number!r}, and a number is + and its digits, such as +15550100")
        for name, (least, most) in (("reception_rings", (5, 600)), ("longest_message", (2, 14400))):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}, and Twilio takes {least} to {most} seconds")
        if not self.support_queue.strip():
            raise ValueError("support_queue has no name")
        self.week()

    def week(self) -> Week:
        """Return the opening hours.

        :raises ValueError: for a day or a time that there is not.
        """
        return Week.from_table(self.hours)
