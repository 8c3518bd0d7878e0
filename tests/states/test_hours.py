"""The state kind hours: whether the company is open, and the opening hours of the week."""

from datetime import datetime

import pytest

from ivrkit import FlowError, State, Text, states
from ivrkit.flow.compile.languages import Language
from ivrkit.states import Week
from ivrkit.states.ready.week import DAYS

#: The clock of the tests is fixed at noon on a Monday.
MONDAY = {"monday": "09:00-18:00"}
SENTENCES = ["Monday, from 9:00 AM to 6:00 PM", "Tuesday to Sunday, closed."]


def test_open_or_closed_comes_first(at):
    """The caller hears whether the company is open, then the week, then the repeat key."""
    assert at(states.hours(MONDAY)).heard == [
        "We are open right now.",
        *SENTENCES,
        "To hear this again, press one.",
    ]
    assert at(states.hours({})).heard[:2] == ["We are closed at the moment.", "Monday to Sunday, closed."]


def test_the_arguments_of_hours(at):
    """The prompts for open, closed and repeating, the repeat key and the next target can be changed."""
    state = states.hours(MONDAY, when_open=["Open.", "Come in."], repeat="5", repeat_text="Five again.", then="there")
    assert at(state).heard == ["Open.", "Come in.", *SENTENCES, "Five again."]
    assert at(state).press("5").heard[0] == "Open."
    assert at(state).press("1").heard == ["There."]
    assert at(state).stays_silent().heard == ["There."]
    assert at(states.hours({}, when_closed="Shut.")).heard[0] == "Shut."


def test_the_translations_of_the_core_serve_every_plugin(at):
    """The texts of the state kind are translated by the core, and a plugin's own translation takes precedence."""
    words = {"We are open right now.": "Abierto.", "{days}, closed.": "{days}: cerrado."}
    spanish = Language("es-MX", translations={"ivrkit": words, "test-states": {"We are open right now.": "Pase."}})
    heard = at(states.hours(MONDAY), language="es-MX", languages=(spanish,)).heard
    assert heard[0] == "Pase."
    assert heard[2].endswith(": cerrado.")


def test_a_text_in_the_core_s_translations_is_known():
    """A text that only the core translates counts as translated, so that the host does not warn."""
    language = Language("es-MX", translations={"ivrkit": {"We are open right now.": "Abierto."}})
    assert language.has_translation(Text("We are open right now."), State(""))
    assert not language.has_translation(Text("Nobody knows this."), State(""))


@pytest.mark.parametrize(
    ("week", "message"),
    [
        ({"mon": "09:00-18:00"}, "hours must have the days monday, tuesday, wednesday, "),
        ({"monday": "9-18"}, "hours.monday must be written as \"09:00-18:00\", not '9-18'"),
        ({"monday": "25:00-26:00"}, "hours.monday must be written as \"09:00-18:00\", not '25:00-26:00'"),
        (
            {"monday": "18:00-09:00, 10:00-12:00"},
            "hours.monday must have each time after the one before, not '18:00-09:00, 10:00-12:00'",
        ),
        (
            {"monday": "09:00-12:00, 12:00-18:00"},
            "hours.monday must have each time after the one before, not '09:00-12:00, 12:00-18:00'",
        ),
        (
            {"friday": "16:00-02:00", "saturday": "01:30-05:00"},
            "hours.saturday must begin at 02:00 or later, when hours.friday ends, not at 01:30",
        ),
        (
            {"friday": "09:00-09:00", "saturday": "08:00-10:00"},
            "hours.saturday must begin at 09:00 or later, when hours.friday ends, not at 08:00",
        ),
        (
            {"sunday": "16:00-02:00", "monday": "00:00-05:00"},
            "hours.monday must begin at 02:00 or later, when hours.sunday ends, not at 00:00",
        ),
    ],
)
def test_invalid_hours_are_refused(week, message):
    """An unknown day, an invalid time, a wrong order or an overlap is an error when the state is made."""
    with pytest.raises(FlowError) as refused:
        states.hours(week)
    assert refused.value.message.startswith(message)
    assert refused.value.hint == (
        'write a line for each day: monday = "09:00-12:00, 13:00-18:00"; a night: friday = "16:00-02:00"'
    )


def test_a_week_can_be_used_without_a_state():
    """The class ``Week`` gives the sentences of a table of hours to other code."""
    assert Week.from_table(MONDAY).sentences("en-US")[1] == Text(
        "{days}, closed.", days=Text("{first} to {last}", first="Tuesday", last="Sunday")
    )


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("de-AT", "Montag"),
        ("es-XX", "Lunes"),
        ("xx-YY", "Monday"),
        ("not a tag", "Monday"),
    ],
)
def test_days_are_in_the_language(language, day):
    """The country of a tag is ignored if it is unknown, and an unknown language falls back to English."""
    (sentence,) = Week.from_table(MONDAY).sentences(language)[:1]
    assert str(sentence.values["days"]) == day


def test_a_day_may_have_a_break():
    """A day with several windows is said in one sentence."""
    (sentence,) = Week.from_table(dict.fromkeys(DAYS, "09:00-12:00, 13:00-18:00")).sentences("en-US")
    language = Language("en-US")
    assert language.translate(sentence, State("")) == (
        "Monday to Sunday, from 9:00 AM to 12:00 PM, and from 1:00 PM to 6:00 PM"
    )


@pytest.mark.parametrize(
    ("week", "moment", "expected"),
    [
        # 2026-12-04 is a Friday.
        ({"friday": "16:00-02:00"}, "2026-12-04T15:59", False),
        ({"friday": "16:00-02:00"}, "2026-12-04T16:00", True),
        ({"friday": "16:00-02:00"}, "2026-12-04T23:59", True),
        ({"friday": "16:00-02:00"}, "2026-12-05T01:30", True),
        ({"friday": "16:00-02:00"}, "2026-12-05T02:00", False),
        ({"friday": "16:00-02:00"}, "2026-12-04T01:30", False),
        ({"friday": "11:00-14:00, 18:00-00:00"}, "2026-12-04T15:00", False),
        ({"friday": "11:00-14:00, 18:00-00:00"}, "2026-12-04T23:59", True),
        ({"friday": "11:00-14:00, 18:00-00:00"}, "2026-12-05T00:00", False),
        ({"sunday": "22:00-04:00"}, "2026-12-07T03:00", True),
        ({"sunday": "09:00-09:00"}, "2026-12-07T08:59", True),
        ({"sunday": "09:00-09:00"}, "2026-12-07T09:00", False),
        ({"sunday": "22:00-24:00"}, "2026-12-06T23:59", True),
        ({"sunday": "22:00-24:00"}, "2026-12-07T00:00", False),
        ({"sunday": "00:00-24:00", "monday": "00:00-24:00"}, "2026-12-07T00:00", True),
        ({"friday": "00:00-00:00"}, "2026-12-04T00:00", True),
        ({"friday": "00:00-00:00"}, "2026-12-05T00:00", False),
        ({"friday": "20:00-02:00", "saturday": "02:00-04:00"}, "2026-12-05T02:00", True),
        (dict.fromkeys(DAYS, "00:00-00:00"), "2026-12-05T00:00", True),
    ],
)
def test_hours_may_go_on_into_the_next_day(week, moment, expected):
    """A closing time that is not after the opening time is on the next day, Monday after Sunday."""
    assert Week.from_table(week).is_open(datetime.fromisoformat(moment)) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("08:59", False), ("09:00", True), ("11:59", True), ("12:00", False), ("13:00", True), ("18:00", False)],
)
def test_the_company_is_closed_at_the_closing_time(moment, expected):
    """The company is open from the first minute of a window, and closed from its last minute on."""
    week = Week.from_table({"monday": "09:00-12:00, 13:00-18:00"})
    assert week.is_open(datetime.fromisoformat(f"2026-12-07T{moment}")) is expected


def test_a_night_is_said_as_one_window(at):
    """Hours past midnight are one window of the day on which they begin. A whole day has its own sentence."""
    week = {"thursday": "00:00-00:00", "friday": "11:00-14:00, 16:00-02:00", "saturday": "16:00-02:00"}
    assert at(states.hours(week)).heard[1:-1] == [
        "Monday to Wednesday, closed.",
        "Thursday, open all day.",
        "Friday, from 11:00 AM to 2:00 PM, and from 4:00 PM to 2:00 AM",
        "Saturday, from 4:00 PM to 2:00 AM",
        "Sunday, closed.",
    ]
