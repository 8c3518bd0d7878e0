"""The settings of the package: each has an effect, and invalid values stop the start."""

import pytest
from ivrkit import LoadError


def test_every_setting_has_an_effect(make_phone):
    """The number, the ringing time, the queue and the length of a message are those of the settings."""
    own = {"reception_number": "+525550100", "reception_rings": 5, "support_queue": "ayuda", "longest_message": 30}
    phone = make_phone(plugins=["acme-states"], plugin_settings={"acme-states": own})
    reception = phone.call().press("0").waiting
    assert (reception.numbers, reception.element.attributes["timeout"]) == (("+525550100",), "5")
    assert phone.call().press("2").waiting.queue == "ayuda"
    assert phone.call().press("1").waiting.element.attributes["maxLength"] == "30"


NUMBER = "a phone number in E.164, such as +14155550100"
OPEN = 'opening hours in order, such as "09:00-12:00, 13:00-18:00" or "16:00-02:00"'


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (
            {"reception_number": "5550100"},
            f"reception_number must be {NUMBER}, not '5550100'",
            'reception_number = "+15550100"',
        ),
        ({"reception_number": "+"}, f"reception_number must be {NUMBER}, not '+'", 'reception_number = "+15550100"'),
        (
            {"reception_rings": 0},
            "reception_rings must be a whole number of seconds from 5 to 600, not 0",
            "reception_rings = 20",
        ),
        (
            {"longest_message": -1},
            "longest_message must be a whole number of seconds from 2 to 14400, not -1",
            "longest_message = 120",
        ),
        ({"support_queue": " "}, "support_queue must be a non-empty text, not ' '", 'support_queue = "support"'),
        ({"hours": {"monday": "9-18"}}, f"hours.monday must be {OPEN}, not '9-18'", 'monday = "09:00-18:00"'),
        (
            {"hours": {"monday": "09:00-25:00"}},
            f"hours.monday must be {OPEN}, not '09:00-25:00'",
            'monday = "09:00-18:00"',
        ),
        (
            {"hours": {"monday": "18:00-09:00, 10:00-12:00"}},
            f"hours.monday must be {OPEN}, not '18:00-09:00, 10:00-12:00'",
            'monday = "09:00-18:00"',
        ),
        (
            {"hours": {"monday": "09:00-12:00, 11:00-18:00"}},
            f"hours.monday must be {OPEN}, not '09:00-12:00, 11:00-18:00'",
            'monday = "09:00-18:00"',
        ),
    ],
)
def test_an_invalid_setting_stops_the_start(make_phone, given, message, hint):
    """An invalid setting stops the start, with the key, its type, its value and an example."""
    with pytest.raises(LoadError) as caught:
        make_phone(plugins=["acme-states"], plugin_settings={"acme-states": given})
    (problem,) = caught.value.problems
    assert problem.message == f"plugins.acme-states.{message}"
    assert problem.hint == f"write {hint}"
    assert problem.owner == "acme-states"


def test_a_key_of_the_hours_must_be_a_weekday(make_phone):
    """An unknown weekday stops the start."""
    with pytest.raises(LoadError) as caught:
        make_phone(plugins=["acme-states"], plugin_settings={"acme-states": {"hours": {"mon": "09:00-18:00"}}})
    (problem,) = caught.value.problems
    assert problem.message == "plugins.acme-states.hours: the key must be a weekday such as monday, not 'mon'"
    assert problem.hint == "use a key such as monday"


def test_a_phone_number_may_be_written_as_people_write_it(make_phone):
    """A phone number with spaces and brackets is dialled in E.164."""
    given = {"reception_number": "+1 (415) 555-0100"}
    phone = make_phone(plugins=["acme-states"], plugin_settings={"acme-states": given})
    assert phone.call().press("0").waiting.numbers == ("+14155550100",)
