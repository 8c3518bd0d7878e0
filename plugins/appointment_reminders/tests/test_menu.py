"""The menu behind the PIN: hearing, confirming and cancelling the appointment, and the call back."""

import json
from datetime import timedelta

import pytest
import time_machine
from clinic import CLINIC_ES, CLINIC_SPAIN, MONDAY, PATIENT, PIN, THURSDAY, Clinic
from ivrkit import Call, hookimpl

from appointment_reminders.call_data import APPOINTMENT


def test_the_time_is_in_the_time_zone_of_the_host(clinic: Clinic) -> None:
    """14:30 in UTC is said as 3:30 PM in Vienna, and as 9:30 AM in New York."""
    heard = clinic.call_with_pin().press("1").heard_last
    assert "Your appointment is on Thursday, March 5 at 3:30 PM, 12 Harbour Street." in heard
    assert "9:30 AM" in clinic.call_with_pin(timezone="America/New_York").press("1").heard_last


@pytest.mark.parametrize(
    ("number", "hour", "sentence"),
    [
        (CLINIC_ES, 14, "Su cita es el jueves 5 de marzo a las 3:30 p.m., 12 Harbour Street."),
        (CLINIC_ES, 12, "Su cita es el jueves 5 de marzo a la 1:30 p.m., 12 Harbour Street."),
        (CLINIC_SPAIN, 12, "Su cita es el jueves 5 de marzo a las 13:30, 12 Harbour Street."),
    ],
)
def test_the_time_is_in_spanish(clinic: Clinic, number: str, hour: int, sentence: str) -> None:
    """A Spanish call hears the date in Spanish, with "a la" before one o'clock, in the time format of its country."""
    clinic.plan(THURSDAY.replace(hour=hour), name="B2", pin="2222")
    call = clinic.phone().call(from_=PATIENT, to=number).press("5").press("2222").press("1")
    assert sentence in call.heard_last


def test_a_spanish_call_has_no_english_texts(clinic: Clinic) -> None:
    """All texts of the menu are translated."""
    call = clinic.phone().call(from_=PATIENT, to=CLINIC_ES)
    assert "Para su cita, marque cinco." in call.heard
    call.press("5").press("1111").press(PIN).press("2").press("1").press("3").press("1")
    for english in ("appointment", "please", "press", "call"):
        assert english not in call.heard.lower()


def test_key_2_confirms_the_appointment(clinic: Clinic) -> None:
    """After key 2 the appointment is confirmed, and key 1 says so."""
    call = clinic.call_with_pin().press("2")
    assert "We look forward to seeing you." in call.heard_last
    assert clinic.status() == "confirmed"
    assert "It is confirmed." in call.press("1").heard_last


def test_key_3_cancels_after_a_question(clinic: Clinic) -> None:
    """Key 3 asks first; yes cancels the appointment and leads to the main menu, and the PIN is no longer valid."""
    call = clinic.call_with_pin().press("3")
    assert call.heard_last.startswith("Do you want to cancel your appointment?")
    assert clinic.status() == "open"
    call.press("1")
    assert call.heard_last.startswith("Your appointment is cancelled.")
    assert (call.state, clinic.status()) == ("menu", "cancelled")
    assert "does not match" in call.press("5").press(PIN).heard_last


def test_no_keeps_the_appointment(clinic: Clinic) -> None:
    """After a no the caller hears that the appointment stays as it is."""
    call = clinic.call_with_pin().press("3").press("2")
    assert "stays as it is" in call.heard_last
    assert (call.state, clinic.status()) == ("appointment.menu", "open")


def test_silence_cancels_nothing(clinic: Clinic) -> None:
    """Silence repeats the question, and three silences mean no."""
    call = clinic.call_with_pin().press("3").stays_silent()
    assert call.state == "appointment.cancel-question"
    call.stays_silent().stays_silent()
    assert (call.state, clinic.status()) == ("appointment.menu", "open")


def test_too_late_to_cancel(clinic: Clinic) -> None:
    """An appointment can be cancelled only up to `cancel_hours` before it."""
    call = clinic.call_with_pin(cancel_hours=80).press("3")
    assert "too late to cancel" in call.heard_last
    assert call.state == "appointment.menu"
    assert clinic.call_with_pin(cancel_hours=77).press("3").state == "appointment.cancel-question"


def test_it_becomes_too_late_at_the_question(clinic: Clinic, clock: time_machine.Traveller) -> None:
    """The time of the yes decides whether it is too late, not the time of the question."""
    call = clinic.call_with_pin(cancel_hours=77).press("3")
    clock.move_to(MONDAY + timedelta(hours=1))
    assert "too late to cancel" in call.press("1").heard_last
    assert clinic.status() == "open"


@pytest.mark.parametrize("key", ["1", "2", "3"])
def test_the_appointment_passes_during_the_call(clinic: Clinic, clock: time_machine.Traveller, key: str) -> None:
    """An appointment in the past cannot be heard, confirmed or cancelled."""
    call = clinic.call_with_pin()
    clock.move_to(THURSDAY)
    assert call.press(key).heard_last.startswith("The time of your appointment has passed.")
    assert (call.state, clinic.status()) == ("menu", "open")


def test_the_appointment_is_cancelled_in_another_call(clinic: Clinic) -> None:
    """An appointment that was cancelled in another call cannot be confirmed."""
    call = clinic.call_with_pin()
    clinic.call_with_pin().press("3").press("1")
    assert call.press("2").heard_last.startswith("That appointment has already been cancelled.")
    assert clinic.status() == "cancelled"


def test_the_appointment_is_removed_during_the_call(clinic: Clinic) -> None:
    """If the clinic removes the appointment from the file, the caller hears so and goes to the main menu."""
    call = clinic.call_with_pin()
    clinic.appointments.path.unlink()
    clinic.appointments.create()
    assert call.press("1").heard_last.startswith("We can no longer find that appointment.")
    assert call.state == "menu"


def test_key_4_requests_a_call_back(clinic: Clinic) -> None:
    """Key 4 asks for a phone number, reads it out, and writes it to the audit log."""
    call = clinic.call_with_pin().press("4").press("06641234567#")
    assert "0 6 6 4 1 2 3 4 5 6 7" in call.heard_last
    call.press("1")
    assert "We will call you back." in call.heard_last
    assert call.state == "appointment.menu"
    call.hangs_up()
    line = json.loads((clinic.folder / "audit.jsonl").read_text())
    assert line["callback"] == "06641234567"


def test_a_call_back_needs_the_pin(clinic: Clinic) -> None:
    """A call that enters `appointment.callback-requested` without the PIN goes to the question for the PIN."""

    class Elsewhere:
        @hookimpl
        def ivrkit_choose_start(self) -> str:
            return "appointment.callback-requested"

    call = clinic.phone(objects={"elsewhere": Elsewhere()}).call(from_=PATIENT)
    assert call.state == "appointment"


def test_a_number_that_is_too_short_is_asked_for_again(clinic: Clinic) -> None:
    """A phone number of six digits is too short and is asked for again."""
    call = clinic.call_with_pin().press("4").press("123456#")
    assert call.state == "appointment.callback"


def test_star_leads_back_to_the_main_menu(clinic: Clinic) -> None:
    """The key star leads from the menu behind the PIN to the main menu."""
    assert clinic.call_with_pin().press("*").state == "menu"


def test_no_path_has_problems(clinic: Clinic) -> None:
    """The simulator finds no problems on any path of three actions, with and without another plugin."""
    assert clinic.phone("acme-states").explore(3).problems == []
    assert clinic.phone().explore(3).problems == []


def test_no_path_behind_the_pin_has_problems(clinic: Clinic) -> None:
    """The simulator finds no problems on any path that begins in the menu behind the PIN."""

    class StartBehindThePin:
        @hookimpl
        def ivrkit_choose_start(self, call: Call) -> str:
            call.data[APPOINTMENT] = "A1"
            return "appointment.menu"

    explored = clinic.phone(objects={"start": StartBehindThePin()}).explore(3)
    assert explored.problems == []
    assert {"confirmed", "cancelled"} <= {status for _, status in clinic.appointments.changes()}
