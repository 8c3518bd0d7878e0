"""The settings of the plugin: the table ``[plugins.acme-states]`` of ``ivrkit.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated

from ivrkit.settings import NonEmptyText, PhoneNumber, Range, Seconds, SettingType
from ivrkit.states import Week

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
#: ACME's own opening hours.
HOURS: Mapping[str, str] = MappingProxyType({**dict.fromkeys(WEEKDAYS[:5], "09:00-18:00"), "saturday": "10:00-13:00"})


def _check_weekday(day: str) -> str:
    if day not in WEEKDAYS:
        raise ValueError(day)
    return day


def _check_hours(hours: str) -> str:
    Week.from_table({"monday": hours})  # any day will do: only the hours are checked
    return hours


#: The setting types that this package defines.
Weekday = Annotated[str, SettingType("a weekday such as monday", _check_weekday, {"enum": WEEKDAYS}, "monday")]
OpeningHours = Annotated[
    str,
    SettingType(
        'opening hours in order, such as "09:00-12:00, 13:00-18:00" or "16:00-02:00"',
        _check_hours,
        example="09:00-18:00",
    ),
]


@dataclass(frozen=True, kw_only=True)
class AcmeSettings:
    """The settings of ACME's states.

    :param reception_number: the phone number of reception.
    :param reception_rings: the number of seconds for which reception's phone rings.
    :param support_queue: the name of the queue in which callers wait for support.
    :param longest_message: the longest message for sales, in seconds.
    :param hours: weekday -> opening hours, such as "09:00-18:00", or "09:00-12:00, 13:00-18:00" with a break. The
        company is closed on a weekday that is left out. The times are in the time zone of the core's setting timezone.
    """

    reception_number: PhoneNumber = "+15550100"
    reception_rings: Annotated[Seconds, Range(5, 600)] = 20
    support_queue: NonEmptyText = "support"
    longest_message: Annotated[Seconds, Range(2, 14_400)] = 120
    hours: dict[Weekday, OpeningHours] = field(default_factory=lambda: dict(HOURS))

    def week(self) -> Week:
        """Return the setting ``hours`` as a ``Week``, which ivrkit can compare with a time."""
        return Week.from_table(self.hours)
