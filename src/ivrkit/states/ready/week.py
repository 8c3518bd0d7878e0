"""The opening hours of a week: the parsing of a table, the check whether the company is open, and the sentences."""

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

#: The times at which the company opens and closes. At the closing time it is closed. If the closing time is not after
#: the opening time, it is on the next day.
Window = tuple[time, time]
#: The window of a company that is open all day.
ALL_DAY = (time(0), time(0))


@dataclass(frozen=True)
class Week:
    """The opening hours of a week.

    :param days: a tuple for each day, Monday first, with pairs of an opening time and a closing time.
    """

    days: tuple[tuple[Window, ...], ...]

    @classmethod
    def from_table(cls, hours: Mapping[str, str]) -> Week:
        """Return the opening hours that a table describes.

        :param hours: English weekday -> opening hours of the day, such as ``"09:00-12:00, 13:00-18:00"``. The company
            is closed on a day that is not in the table. The last hours of a day may go on into the next day, such as
            ``"16:00-02:00"``. ``"00:00-00:00"`` is the whole day. ``"24:00"`` is midnight as a closing time.
        :raises ValueError: if a day or a time is invalid, or if opening hours overlap.
        """
        for day in hours:
            if day not in DAYS:
                raise ValueError(f"hours must have the days {', '.join(DAYS)}, not {day!r}")
        days = tuple(_parse_windows(day, hours.get(day, "")) for day in DAYS)
        for index, windows in enumerate(days):
            _check_end_of_night(DAYS[index - 1], days[index - 1], DAYS[index], windows)
        return cls(days)

    def is_open(self, now: datetime) -> bool:
        """Return whether the company is open at a date and time, in the time zone of the company."""
        moment, day = now.time(), now.weekday()
        # The index -1 of Monday is the Sunday before. Only the last window of a day goes on into the next day.
        if any(moment < closes for opens, closes in self.days[day - 1] if closes <= opens):
            return True
        return any(opens <= moment and (moment < closes or closes <= opens) for opens, closes in self.days[day])

    def sentences(self, language: str) -> list[Text]:
        """Return the sentences that say the opening hours. Successive days with the same hours share a sentence.

        :param language: the language tag, such as ``es-MX``, for the names of the days and the format of the times.
        """
        from babel.dates import get_day_names

        locale = _locale(language)
        names = get_day_names("wide", "stand-alone", locale)
        sentences = []
        # Babel writes the days in lower case where the language does, such as Spanish. Here they begin a sentence.
        for windows, group in groupby(range(len(DAYS)), key=lambda day: self.days[day]):
            first, *rest = (names[day].capitalize() for day in group)
            days = Text("{first} to {last}", first=first, last=rest[-1]) if rest else first
            if windows == (ALL_DAY,):
                sentences.append(Text("{days}, open all day.", days=days))
            elif windows:
                sentences.append(Text("{days}, {windows}", days=days, windows=_windows_text(windows, locale)))
            else:
                sentences.append(Text("{days}, closed.", days=days))
        return sentences


def _parse_windows(day: str, text: str) -> tuple[Window, ...]:
    windows = tuple(_parse_window(day, window.strip()) for window in text.split(",")) if text.strip() else ()
    # All opening and closing times in one list: if it is strictly ascending, no windows overlap.
    edges = [edge for window in windows for edge in window]
    if windows and edges[-1] <= edges[-2]:
        edges.pop()  # the last closing time is on the next day
    if edges != sorted(set(edges)):
        raise ValueError(f"hours.{day} must have each time after the one before, not {text!r}")
    return windows


def _check_end_of_night(night: str, before: tuple[Window, ...], day: str, windows: tuple[Window, ...]) -> None:
    """Refuse hours that begin while the company is still open from the night before.

    :param night: the name of the day before.
    :param before: the windows of the day before.
    :param day: the name of the day.
    :param windows: the windows of the day.
    :raises ValueError: if the windows overlap.
    """
    if not (before and windows):
        return
    (opened, closes), (opens, _) = before[-1], windows[0]
    if closes <= opened and opens < closes:
        raise ValueError(
            f"hours.{day} must begin at {closes:%H:%M} or later, when hours.{night} ends, not at {opens:%H:%M}"
        )


def _parse_window(day: str, text: str) -> Window:
    match = _WINDOW.fullmatch(text)
    error = ValueError(f'hours.{day} must be written as "09:00-18:00", not {text!r}')
    if match is None:
        raise error
    # ISO 8601 calls the end of a day 24:00. Python 3.11 does not read it as a time.
    closes = "00:00" if match[2] == "24:00" else match[2]
    try:
        return time.fromisoformat(match[1]), time.fromisoformat(closes)
    except ValueError:
        raise error from None


def _windows_text(windows: tuple[Window, ...], locale: Locale) -> Text:
    (opens, closes), *rest = windows
    first = Text("from {opens} to {closes}", opens=_format_time(opens, locale), closes=_format_time(closes, locale))
    return Text("{hours}, and {more}", hours=first, more=_windows_text(tuple(rest), locale)) if rest else first


def _format_time(moment: time, locale: Locale) -> str:
    from babel.dates import format_time

    # Newer versions of Babel put a narrow no-break space before AM and PM.
    return format_time(moment, "short", locale=locale).replace("\u202f", " ")


def _locale(language: str) -> Locale:
    """Return Babel's locale of a language tag. For an unknown tag, try the tag without its country, then English."""
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
