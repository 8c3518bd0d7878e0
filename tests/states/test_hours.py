"""The kind hours: open or closed now, and the week in words."""

import pytest

from ivrkit import FlowError, State, Text, states
from ivrkit.flow.compile.languages import Language
from ivrkit.states import Week
from ivrkit.states.ready.week import DAYS

#: The engine's clock stands on a Monday, at noon.
MONDAY = {"monday": "09:00-18:00"}
TOLD = ["Monday, from 9:00 AM to 6:00 PM", "Tuesday to Sunday, closed."]


def test_open_and_closed(at):
    """First whether it is open, then the week, then the key that repeats."""
    assert at(states.hours(MONDAY)).heard == [
        "We are open right now.",
        *TOLD,
        "To hear this again, press one.",
    ]
    assert at(states.hours({})).heard[:2] == ["We are closed at the moment.", "Monday to Sunday, closed."]


def test_what_it_takes(at):
    """Words for open, closed and the end; the key; where it goes on."""
    state = states.hours(MONDAY, opened=["Open.", "Come in."], repeat="5", again="Five again.", then="there")
    assert at(state).heard == ["Open.", "Come in.", *TOLD, "Five again."]
    assert at(state).press("5").heard[0] == "Open."
    assert at(state).press("1").heard == ["There."]
    assert at(state).stays_silent().heard == ["There."]
    assert at(states.hours({}, closed="Shut.")).heard[0] == "Shut."


def test_the_core_has_its_words_in_spanish_for_every_plugin(at):
    """From the core's catalogue, and a plugin's own over it."""
    words = {"We are open right now.": "Abierto.", "{days}, closed.": "{days}: cerrado."}
    spanish = Language("es-MX", translations={"ivrkit": words, "test-states": {"We are open right now.": "Pase."}})
    heard = at(states.hours(MONDAY), language="es-MX", languages=(spanish,)).heard
    assert heard[0] == "Pase."
    assert heard[2].endswith(": cerrado.")


def test_what_is_in_the_core_s_catalogue_is_known():
    """The host does not warn of it."""
    language = Language("es-MX", translations={"ivrkit": {"We are open right now.": "Abierto."}})
    assert language.has_translation(Text("We are open right now."), State(""))
    assert not language.has_translation(Text("Nobody knows this."), State(""))


@pytest.mark.parametrize(
    ("week", "message"),
    [
        ({"mon": "09:00-18:00"}, "hours has the day 'mon', and the days are monday, tuesday, wednesday, "),
        ({"monday": "9-18"}, "hours.monday has '9-18', and hours are written \"09:00-18:00\""),
        ({"monday": "25:00-26:00"}, "hours.monday has '25:00-26:00', and hours are written \"09:00-18:00\""),
        ({"monday": "18:00-09:00"}, "hours.monday is '18:00-09:00', and each time has to come after the one before"),
    ],
)
def test_hours_that_there_are_not(week, message):
    """A day, a time, or an order that can't be."""
    with pytest.raises(FlowError) as refused:
        states.hours(week)
    assert refused.value.message.startswith(message)
    assert refused.value.hint == 'write a line for each day: monday = "09:00-12:00, 13:00-18:00"'


def test_a_week_can_be_used_by_itself():
    """For code that has to know."""
    assert Week.of(MONDAY).told("en-US")[1] == Text(
        "{days}, closed.", days=Text("{first} to {last}", first="Tuesday", last="Sunday")
    )


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("de-AT", "Montag"),
        ("es-XX", "Lunes"),
        ("xx-YY", "Monday"),
        ("not a tag", "Monday"),
    ],
)
def test_days_and_times_are_those_of_the_language(language, told):
    """Of a country that nobody knows, those of the language; of a language that nobody knows, English."""
    (sentence,) = Week.of(MONDAY).told(language)[:1]
    assert str(sentence.values["days"]) == told


def test_a_break_is_told():
    """A day has as many hours as it likes."""
    (sentence,) = Week.of(dict.fromkeys(DAYS, "09:00-12:00, 13:00-18:00")).told("en-US")
    language = Language("en-US")
    assert language.translate(sentence, State("")) == (
        "Monday to Sunday, from 9:00 AM to 12:00 PM, and from 1:00 PM to 6:00 PM"
    )
