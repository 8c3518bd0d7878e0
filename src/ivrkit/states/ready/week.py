"""The opening hours of a week: read from a table, asked for a moment, and put into words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby
from typing import TYPE_CHECKING

from ivrkit.flow.model.text import Text

if TYPE_CHECKING:
    from babel import Locale

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WINDOW = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")

#: From when to when; the closing minute itself is closed.
Window = tuple[time, time]


@dataclass(frozen=True)
class Week:
    """The opening hours of a week.

    :param days: the windows of each day, Monday first: from when to when, the closing minute itself closed.
    """

    days: tuple[tuple[Window, ...], ...]

    @classmethod
    def of(cls, hours: Mapping[str, str]) -> Week:
        """Return the week that a table describes.

        :param hours: weekday in English -> its windows, such as ``"09:00-12:00, 13:00-18:00"``; a day that is not
            there is closed.
        :raises ValueError: for a day or a time that there is not, and for windows that overlap.
        """
        for day in hours:
            if day not in DAYS:
                raise ValueError(f"hours has the day {day!r}, and the days are {', '.join(DAYS)}")
        return cls(tuple(_windows(day, hours.get(day, "")) for day in DAYS))

    def is_open(self, now: datetime) -> bool:
        """Return whether the company is open at a moment."""
        return any(opens <= now.time() < closes for opens, closes in self.days[now.weekday()])

    def told(self, language: str) -> list[Text]:
        """Return the week as sentences, days in a row with the same hours together.

        :param language: whose names of days and way to write a time are taken, such as ``es-MX``.
        """
        from babel.dates import get_day_names

        locale = _locale(language)
        names = get_day_names("wide", "stand-alone", locale)
        found = []
        for windows, group in groupby(range(len(DAYS)), key=lambda day: self.days[day]):
            first, *rest = (names[day].capitalize() for day in group)
            days = Text("{first} to {last}", first=first, last=rest[-1]) if rest else first
            if windows:
                found.append(Text("{days}, {windows}", days=days, windows=_told(windows, locale)))
            else:
                found.append(Text("{days}, closed.", days=days))
        return found


def _windows(day: str, text: str) -> tuple[Window, ...]:
    windows = tuple(_window(day, part.strip()) for part in text.split(",")) if text.strip() else ()
    edges = [edge for window in windows for edge in window]
    if edges != sorted(set(edges)):
        raise ValueError(f"hours.{day} is {text!r}, and each time has to come after the one before")
    return windows


def _window(day: str, text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    wrong = ValueError(f'hours.{day} has {text!r}, and hours are written "09:00-18:00"')
    if found is None:
        raise wrong
    try:
        return time.fromisoformat(found[1]), time.fromisoformat(found[2])
    except ValueError:
        raise wrong from None


def _told(windows: tuple[Window, ...], locale: Locale) -> Text:
    (opens, closes), *rest = windows
    told = Text("from {opens} to {closes}", opens=_clock(opens, locale), closes=_clock(closes, locale))
    return Text("{hours}, and {more}", hours=told, more=_told(tuple(rest), locale)) if rest else told


def _clock(moment: time, locale: Locale) -> str:
    from babel.dates import format_time

    return format_time(moment, "short", locale=locale).replace("\u202f", " ")  # newer tables have a narrow blank


def _locale(language: str) -> Locale:
    """Return the locale of a language, English where there is none."""
    from babel import Locale, UnknownLocaleError

    for tag in _tags(language):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en", "US")


def _tags(language: str) -> Iterator[str]:
    yield language
    yield language.partition("-")[0]
