"""Opening hours: open or closed to the minute, in the time zone of the company."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from ivrkit import State
from ivrkit.flow.compile.languages import Language
from ivrkit.states import Week

from acme_states.settings import AcmeSettings

HERE = ZoneInfo("America/New_York")
OPEN, CLOSED = "We are open right now.", "We are closed at the moment."
WEEK = ["Monday to Friday, from 9:00 AM to 6:00 PM", "Saturday, from 10:00 AM to 1:00 PM", "Sunday, closed."]
REPEAT = "To hear this again, press one. For the menu, press any other key, or just wait."
#: 2 March 2026 is a Monday.
MONDAY = datetime(2026, 3, 2, tzinfo=HERE)
EDGES = [
    *[(day, time(8, 59, 59), CLOSED) for day in range(5)],
    *[(day, time(9), OPEN) for day in range(5)],
    *[(day, time(17, 59, 59), OPEN) for day in range(5)],
    *[(day, time(18), CLOSED) for day in range(5)],
    (5, time(9, 59, 59), CLOSED),
    (5, time(10), OPEN),
    (5, time(12, 59, 59), OPEN),
    (5, time(13), CLOSED),
    (6, time(0), CLOSED),
    (6, time(11), CLOSED),
    (6, time(23, 59, 59), CLOSED),
]


def at(day: int, clock: time) -> datetime:
    """Return a time in the week of 2 March 2026; day 0 is Monday."""
    return datetime.combine(MONDAY + timedelta(days=day), clock, tzinfo=HERE)


@pytest.mark.parametrize(("day", "clock", "words"), EDGES)
def test_open_and_closed_to_the_second(day, clock, words):
    """The company is open from the opening minute on, and closed from the closing minute on."""
    assert AcmeSettings().week().is_open(at(day, clock)) is (words == OPEN)


@pytest.mark.parametrize(("day", "clock", "words"), EDGES[::4])
def test_the_caller_hears_whether_the_company_is_open(phone, day, clock, words):
    """The caller hears whether the company is open, then the week, then the key for repeating."""
    with time_machine.travel(at(day, clock), tick=False):
        call = phone.call().press("3")
    assert call.heard_last.splitlines() == [words, *WEEK, REPEAT]
    assert call.waiting.verb == "Gather"


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 3, 2, 13, 59, 59, tzinfo=UTC), CLOSED),
        (datetime(2026, 3, 2, 14, tzinfo=UTC), OPEN),
        (datetime(2026, 3, 9, 12, 59, 59, tzinfo=UTC), CLOSED),
        (datetime(2026, 3, 9, 13, tzinfo=UTC), OPEN),
        (datetime(2026, 3, 7, 3, tzinfo=UTC), CLOSED),
    ],
    ids=["winter-before", "winter-open", "summer-before", "summer-open", "still-Friday-evening"],
)
def test_the_hours_are_in_the_companys_time_zone(phone, moment, words):
    """Opening hours are in the time zone of the company, in winter and in summer."""
    with time_machine.travel(moment, tick=False):
        call = phone.call().press("3")
    assert call.heard_last.splitlines()[0] == words


def sentences(hours, language="en-US"):
    """Return the sentences about a week, with their placeholders filled in."""
    texts = Week.from_table(hours).sentences(language)
    return [Language("en-US").translate(text, State("")) for text in texts]


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        ({}, ["Monday to Sunday, closed."]),
        (
            {"monday": "09:00-12:00, 13:00-18:00", "tuesday": "09:00-12:00, 13:00-18:00"},
            [
                "Monday to Tuesday, from 9:00 AM to 12:00 PM, and from 1:00 PM to 6:00 PM",
                "Wednesday to Sunday, closed.",
            ],
        ),
        (
            {"monday": "09:00-17:30", "wednesday": "", "sunday": "00:00-23:59"},
            ["Monday, from 9:00 AM to 5:30 PM", "Tuesday to Saturday, closed.", "Sunday, from 12:00 AM to 11:59 PM"],
        ),
    ],
)
def test_the_sentences_about_a_week(hours, words):
    """Consecutive days with the same hours are one sentence, and a day may have a break."""
    assert sentences(hours) == words


def test_a_break_is_closed():
    """The company is closed between two opening times of a day."""
    week = Week.from_table({"monday": "09:00-12:00, 13:00-18:00"})
    times = [time(8), time(9), time(12), time(12, 59), time(13), time(18)]
    assert [week.is_open(at(0, each)) for each in times] == [False, True, False, False, True, False]


@pytest.mark.parametrize(
    ("language", "monday"),
    [("es-MX", "Lunes"), ("es-XX", "Lunes"), ("de", "Montag"), ("xx-XX", "Monday"), ("no language", "Monday")],
)
def test_days_and_times_in_a_language(language, monday):
    """An unknown country has the days of its language, and an unknown language has English days."""
    assert sentences({"monday": "09:00-18:00"}, language)[0].startswith(f"{monday}, from ")


def test_one_repeats_the_hours(phone):
    """Key 1 repeats the hours, as they are at that moment."""
    with time_machine.travel(at(0, time(8, 59)), tick=False) as clock:
        call = phone.call().press("3")
        assert call.heard_last.splitlines()[0] == CLOSED
        clock.shift(60)
        call.press("1")
    assert call.state == "hours"
    assert call.heard_last.splitlines() == [OPEN, *WEEK, REPEAT]


@pytest.mark.parametrize("key", ["2", "9", "*"])
def test_any_other_key_goes_back_to_the_menu(phone, key):
    """A key other than 1 leads back to the menu, and is not an invalid choice."""
    call = phone.call().press("3").press(key)
    assert call.state == "menu"
    assert call.heard_last.splitlines()[0] == "For sales, press one."


def test_silence_goes_back_to_the_menu(phone):
    """Silence leads back to the menu."""
    call = phone.call().press("3").stays_silent()
    assert call.state == "menu"
    assert call.heard_last.splitlines()[0] == "For sales, press one."
