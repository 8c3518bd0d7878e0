"""Guessed PINs: wrong PINs are counted over calls, for the phone number and for each of its appointments."""

import logging
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
import time_machine
from clinic import MONDAY, PATIENT, PIN, THURSDAY, Clinic
from ivrkit.simulator import SimulatedCall
from ivrkit.testing import Phone

OTHER_PATIENT = "+15550123"
WRONG = "That PIN does not match an appointment for this phone number.\nPlease enter the PIN of your appointment."


def enter(phone: Phone, *pins: str, from_: str = PATIENT) -> SimulatedCall:
    """Return a new call that has entered PINs."""
    call = phone.call(from_=from_).press("5")
    for pin in pins:
        call.press(pin)
    return call


def test_the_right_pin_after_200_calls_of_guesses_is_a_wrong_one(clinic: Clinic, clock: time_machine.Traveller) -> None:
    """During the lock, the caller hears the same after every PIN. An hour later, the right PIN is right again."""
    phone = clinic.phone()
    for guess in range(200):
        call = enter(phone, *(f"{1000 + 3 * guess + each}" for each in range(2)))
        assert call.heard_last == WRONG
        call.press(f"{1002 + 3 * guess}")
        assert call.ended
    right, wrong = enter(phone, PIN), enter(phone, "1111")
    assert (right.state, right.heard_last) == ("appointment", WRONG)
    assert (right.state, right.responses[-1].body) == (wrong.state, wrong.responses[-1].body)
    # The third PIN leads to the operator, here the goodbye, whether it is right or wrong.
    assert right.press(PIN).press(PIN).heard == wrong.press("1111").press("1111").heard
    clock.move_to(MONDAY + timedelta(minutes=59))
    assert enter(phone, PIN).heard_last == WRONG
    clock.move_to(MONDAY + timedelta(minutes=60))
    assert enter(phone, PIN).state == "appointment.menu"


def test_other_patients_are_not_affected(clinic: Clinic) -> None:
    """The lock of one number is not the lock of another, and a number without appointments is locked as well."""
    clinic.plan(name="B2", pin="2222", number=OTHER_PATIENT)
    phone = clinic.phone()
    for _ in range(3):
        enter(phone, "1111", "1112", "1113")
        enter(phone, "1111", "1112", "1113", from_="+15550999")
    assert enter(phone, PIN).heard_last == WRONG
    assert enter(phone, "2222", from_=OTHER_PATIENT).state == "appointment.menu"
    clinic.plan(name="C3", pin="3333", number="+15550999")
    assert enter(phone, "3333", from_="+15550999").heard_last == WRONG


def test_a_right_pin_forgets_the_wrong_ones(clinic: Clinic) -> None:
    """Wrong PINs before a right one do not count later, so mistyping does not lock a patient out."""
    phone = clinic.phone()
    for _ in range(10):
        assert enter(phone, "1111", "1112", PIN).state == "appointment.menu"


def test_the_pin_of_one_appointment_does_not_clear_the_guesses_at_another(clinic: Clinic) -> None:
    """Wrong PINs count for each appointment of the number, even if the PIN of another one follows."""
    clinic.plan(THURSDAY.replace(day=6), name="B2", pin="2222")
    phone = clinic.phone()
    for guess in range(3):
        assert enter(phone, f"30{guess}0", f"30{guess}1", "2222").state == "appointment.menu"
    assert enter(phone, PIN).heard_last == WRONG
    assert enter(phone, "2222").state == "appointment.menu"


def test_the_numbers_are_settings_of_the_host(clinic: Clinic) -> None:
    """``max_attempts`` and ``attempt_minutes`` of ivrkit apply to the PIN."""
    phone = clinic.phone(max_attempts=1, attempt_minutes=5)
    enter(phone, "1111")
    assert enter(phone, PIN).heard_last == WRONG


def test_a_lock_is_in_the_log_without_the_number_and_the_pin(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    """The log has a warning with the call for the number and for the appointment, and no more for later guesses."""
    phone = clinic.phone()
    with caplog.at_level(logging.WARNING):
        calls = [enter(phone, "1111", "1112", "1113") for _ in range(4)]
    lines = [record.getMessage() for record in caplog.records if "too many attempts" in record.getMessage()]
    assert lines == [
        f"too many attempts: 'appointment-reminders.{name}' is locked for 60 minutes, since call {calls[1].sid}"
        for name in ("number", "appointment")
    ]


def test_while_wrong_pins_cannot_be_counted_no_pin_is_accepted(clinic: Clinic) -> None:
    """If the session store fails, the caller hears the apology. As soon as it works again, the right PIN is right."""
    phone = clinic.phone("acme-states")
    call = enter(phone)
    store = clinic.folder / "sessions.sqlite3"
    with closing(sqlite3.connect(store)) as connection:
        connection.execute("ALTER TABLE sessions RENAME COLUMN body TO other")
        call.press(PIN)
        connection.execute("ALTER TABLE sessions RENAME COLUMN other TO body")
    assert "We are sorry, something went wrong." in call.heard_last
    assert call.state == "menu"
    phone.host.sessions.breaker.open_until = 0.0
    assert call.press("5").press(PIN).state == "appointment.menu"
