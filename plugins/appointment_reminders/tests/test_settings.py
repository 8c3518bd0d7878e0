"""The settings of the plugin."""

from typing import Any

import pytest
from clinic import PEPPER, Clinic
from ivrkit import IvrkitError


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"pin_pepper": "salt-and-vinegar"[:9]}, "pin_pepper must be a text of at least 16 characters"),
        ({"pin_digits": 3}, "pin_digits must be a whole number from 4 to 12, not 3"),
        ({"cancel_hours": -1}, "cancel_hours must be a whole number of at least 0, not -1"),
        ({"cancel_hour": 2}, "did you mean 'cancel_hours'"),
    ],
)
def test_an_invalid_setting_stops_the_start(clinic: Clinic, wrong: dict[str, Any], message: str) -> None:
    """An invalid setting is an error at start, and the error does not show the pepper."""
    with pytest.raises(IvrkitError) as error:
        clinic.phone(**wrong)
    assert message in str(error.value)
    assert PEPPER not in str(error.value)
    assert "salt-and" not in str(error.value)


def test_a_pin_may_be_longer(clinic: Clinic) -> None:
    """The question waits for as many digits as the setting `pin_digits`."""
    clinic.plan(name="B2", pin="123456")
    call = clinic.phone(pin_digits=6).call(from_="+436641234567").press("5").press("123456")
    assert call.state == "appointment.menu"
