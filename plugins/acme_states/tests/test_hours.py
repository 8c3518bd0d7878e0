"""Opening hours: open or closed to the minute, in the company's own time zone."""

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
AGAIN = "To hear this again, press one. For the menu, press any other key, or just wait."
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
    """Return a time of the week of 2 March 2026, 0 for Monday."""
    return datetime.combine(MONDAY + timedelta(days=day), clock, tzinfo=HERE)


@pytest.mark.parametrize(("day", "clock", "words"), EDGES)
def test_open_and_closed_to_the_second(day, clock, words):
    """Open from the opening minute on; the closing minute itself is closed."""
    assert AcmeSettings().week().is_open(at(day, clock)) is (words == OPEN)


@pytest.mark.parametrize(("day", "clock", "words"), EDGES[::4])
def test_the_caller_hears_whether_somebody_is_there(phone, day, clock, words):
    """First whether it is open now, then the whole week, then what to press."""
    with time_machine.travel(at(day, clock), tick=False):
        call = phone.call().press("3")
    assert call.heard_last.splitlines() == [words, *WEEK, AGAIN]
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
def test_the_hours_are_those_of_the_companys_zone(phone, moment, words):
    """Nine o'clock is nine o'clock there, in winter and in summer, whatever the server's clock says."""
    with time_machine.travel(moment, tick=False):
        call = phone.call().press("3")
    assert call.heard_last.splitlines()[0] == words


def told(hours, language="en-US"):
    """Return the week as it is said, its texts filled in as the host does."""
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
def test_the_week_is_read_as_it_is_set(hours, words):
    """Days in a row with the same hours are read together; a day may have a break."""
    assert told(hours) == words


def test_a_break_is_closed():
    """Between two windows nobody is there."""
    week = Week.from_table({"monday": "09:00-12:00, 13:00-18:00"})
    times = [time(8), time(9), time(12), time(12, 59), time(13), time(18)]
    assert [week.is_open(at(0, each)) for each in times] == [False, True, False, False, True, False]


@pytest.mark.parametrize(
    ("language", "monday"),
    [("es-MX", "Lunes"), ("es-XX", "Lunes"), ("de", "Montag"), ("xx-XX", "Monday"), ("no language", "Monday")],
)
def test_days_and_times_are_those_of_the_language(language, monday):
    """Of its general form where the country is not known, and English where the language is not."""
    assert told({"monday": "09:00-18:00"}, language)[0].startswith(f"{monday}, from ")


def test_one_reads_the_hours_again(phone):
    """The hours are made out anew: who waits until nine hears that it is open."""
    with time_machine.travel(at(0, time(8, 59)), tick=False) as clock:
        call = phone.call().press("3")
        assert call.heard_last.splitlines()[0] == CLOSED
        clock.shift(60)
        call.press("1")
    assert call.state == "hours"
    assert call.heard_last.splitlines() == [OPEN, *WEEK, AGAIN]


@pytest.mark.parametrize("key", ["2", "9", "*"])
def test_any_other_key_goes_back_to_the_menu(phone, key):
    """Nothing here is a wrong choice."""
    call = phone.call().press("3").press(key)
    assert call.state == "menu"
    assert call.heard_last.splitlines()[0] == "For sales, press one."


def test_silence_goes_back_to_the_menu(phone):
    """As the state has promised."""
    call = phone.call().press("3").stays_silent()
    assert call.state == "menu"
    assert call.heard_last.splitlines()[0] == "For sales, press one."
