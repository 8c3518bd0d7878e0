"""What a team can set: each setting is heard, and what can't be is refused before anybody calls."""

import pytest
from ivrkit import LoadError

from acme_states.settings import AcmeSettings


def test_every_setting_is_heard(make_phone):
    """Number, rings, queue and length of a message are those of the team."""
    own = {"reception_number": "+525550100", "reception_rings": 5, "support_queue": "ayuda", "longest_message": 30}
    phone = make_phone(plugins=["acme-states"], plugin_settings={"acme-states": own})
    reception = phone.call().press("0").waiting
    assert (reception.numbers, reception.element.attributes["timeout"]) == (("+525550100",), "5")
    assert phone.call().press("2").waiting.queue == "ayuda"
    assert phone.call().press("1").waiting.element.attributes["maxLength"] == "30"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"reception_number": "5550100"}, "reception_number is '5550100', and a number is + and its digits"),
        ({"reception_number": "+"}, "reception_number is '+', and a number is + and its digits"),
        ({"reception_rings": 0}, "reception_rings is 0, and Twilio takes 5 to 600 seconds"),
        ({"longest_message": -1}, "longest_message is -1, and Twilio takes 2 to 14400 seconds"),
        ({"support_queue": " "}, "support_queue has no name"),
        ({"hours": {"mon": "09:00-18:00"}}, "hours must have the days monday, tuesday, "),
        ({"hours": {"monday": "9-18"}}, "hours.monday must be written as \"09:00-18:00\", not '9-18'"),
        ({"hours": {"monday": "09:00-25:00"}}, "hours.monday must be written as \"09:00-18:00\", not '09:00-25:00'"),
        (
            {"hours": {"monday": "18:00-09:00"}},
            "hours.monday must have each time after the one before, not '18:00-09:00'",
        ),
        ({"hours": {"monday": "09:00-12:00, 11:00-18:00"}}, "hours.monday must have each time after the one before"),
    ],
)
def test_what_can_not_be_is_told_at_start(make_phone, given, told):
    """As a problem of this package, with the setting and the mend."""
    with pytest.raises(ValueError, match=r"\w") as caught:
        AcmeSettings(**given)
    assert told in str(caught.value)
    with pytest.raises(LoadError) as refused:
        make_phone(plugins=["acme-states"], plugin_settings={"acme-states": given})
    (problem,) = refused.value.problems
    assert problem.message.startswith("plugin acme-states 0.1.0: its settings are refused: ")
    assert told in problem.message
    assert problem.hint == "change it in ivrkit.toml:  [plugins.acme-states]"
