"""What the settings take."""

from typing import Any

import pytest
from clinic import PEPPER, Clinic
from ivrkit import IvrkitError


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"pin_pepper": "salt-and-vinegar"[:9]}, "pin_pepper is too short"),
        ({"pin_digits": 3}, "a PIN has 4 to 12 digits"),
        ({"cancel_hours": -1}, "cancel_hours is -1"),
        ({"cancel_hour": 2}, "did you mean 'cancel_hours'"),
    ],
)
def test_what_cannot_be_is_refused_at_start(clinic: Clinic, wrong: dict[str, Any], told: str) -> None:
    """A wrong setting is told when the host starts, and not while somebody calls."""
    with pytest.raises(IvrkitError) as error:
        clinic.phone(**wrong)
    assert told in str(error.value)
    assert PEPPER not in str(error.value)
    assert "salt-and" not in str(error.value)


def test_a_pin_may_be_longer(clinic: Clinic) -> None:
    """The question waits for as many digits as a PIN has."""
    clinic.plan(name="B2", pin="123456")
    call = clinic.phone(pin_digits=6).call(from_="+436641234567").press("5").press("123456")
    assert call.state == "appointment.menu"
