"""What can be heard and done behind the PIN."""

import json
from datetime import timedelta

import pytest
import time_machine
from clinic import CLINIC_ES, CLINIC_SPAIN, MONDAY, PATIENT, PIN, THURSDAY, Clinic
from ivrkit import Call, hookimpl

from appointment_reminders.memory import APPOINTMENT


def test_the_appointment_is_told_in_the_zone_of_the_host(clinic: Clinic) -> None:
    """14:30 in UTC is 3:30 PM in Vienna, and 9:30 AM in New York."""
    said = clinic.inside().press("1").heard_last
    assert "Your appointment is on Thursday, March 5 at 3:30 PM, 12 Harbour Street." in said
    assert "9:30 AM" in clinic.inside(timezone="America/New_York").press("1").heard_last


@pytest.mark.parametrize(
    ("number", "hour", "said"),
    [
        (CLINIC_ES, 14, "Su cita es el jueves 5 de marzo a las 3:30 p.m., 12 Harbour Street."),
        (CLINIC_ES, 12, "Su cita es el jueves 5 de marzo a la 1:30 p.m., 12 Harbour Street."),
        (CLINIC_SPAIN, 12, "Su cita es el jueves 5 de marzo a las 13:30, 12 Harbour Street."),
    ],
)
def test_the_appointment_is_told_in_spanish(clinic: Clinic, number: str, hour: int, said: str) -> None:
    """A Spanish call hears a Spanish date, with "a la" before one o'clock, and the clock of its country."""
    clinic.plan(THURSDAY.replace(hour=hour), name="B2", pin="2222")
    call = clinic.phone().call(from_=PATIENT, to=number).press("5").press("2222").press("1")
    assert said in call.heard_last


def test_nobody_hears_english_in_a_spanish_call(clinic: Clinic) -> None:
    """Every sentence of the sub-menu is in the catalogue."""
    call = clinic.phone().call(from_=PATIENT, to=CLINIC_ES)
    assert "Para su cita, marque cinco." in call.heard
    call.press("5").press("1111").press(PIN).press("2").press("1").press("3").press("1")
    for english in ("appointment", "please", "press", "call"):
        assert english not in call.heard.lower()


def test_to_confirm_is_kept_and_told(clinic: Clinic) -> None:
    """Key 2 confirms, and key 1 says so from then on."""
    call = clinic.inside().press("2")
    assert "We look forward to seeing you." in call.heard_last
    assert clinic.status() == "confirmed"
    assert "It is confirmed." in call.press("1").heard_last


def test_to_cancel_is_asked_back_and_done(clinic: Clinic) -> None:
    """Key 3 asks back, yes cancels, and the caller is in the main menu: there is nothing left behind the PIN."""
    call = clinic.inside().press("3")
    assert call.heard_last.startswith("Do you want to cancel your appointment?")
    assert clinic.status() == "open"
    call.press("1")
    assert call.heard_last.startswith("Your appointment is cancelled.")
    assert (call.state, clinic.status()) == ("menu", "cancelled")
    assert "does not fit" in call.press("5").press(PIN).heard_last


def test_no_keeps_the_appointment(clinic: Clinic) -> None:
    """Who says no is told that nothing was done."""
    call = clinic.inside().press("3").press("2")
    assert "stays as it is" in call.heard_last
    assert (call.state, clinic.status()) == ("appointment.menu", "open")


def test_silence_cancels_nothing(clinic: Clinic) -> None:
    """Silence is asked again, and after three times it is a no."""
    call = clinic.inside().press("3").stays_silent()
    assert call.state == "appointment.cancel-sure"
    call.stays_silent().stays_silent()
    assert (call.state, clinic.status()) == ("appointment.menu", "open")


def test_too_late_to_cancel(clinic: Clinic) -> None:
    """Within `cancel_hours` it can't be cancelled here; before that it can."""
    call = clinic.inside(cancel_hours=80).press("3")
    assert "too late to cancel" in call.heard_last
    assert call.state == "appointment.menu"
    assert clinic.inside(cancel_hours=77).press("3").state == "appointment.cancel-sure"


def test_it_becomes_too_late_while_the_caller_thinks(clinic: Clinic, clock: time_machine.Traveller) -> None:
    """The rule counts when the caller says yes, not when the question was asked."""
    call = clinic.inside(cancel_hours=77).press("3")
    clock.move_to(MONDAY + timedelta(hours=1))
    assert "too late to cancel" in call.press("1").heard_last
    assert clinic.status() == "open"


@pytest.mark.parametrize("key", ["1", "2", "3"])
def test_the_appointment_passes_during_the_call(clinic: Clinic, clock: time_machine.Traveller, key: str) -> None:
    """Nobody hears of, confirms or cancels an appointment that is over."""
    call = clinic.inside()
    clock.move_to(THURSDAY)
    assert call.press(key).heard_last.startswith("The time of your appointment has passed.")
    assert (call.state, clinic.status()) == ("menu", "open")


def test_cancelled_meanwhile_in_another_call(clinic: Clinic) -> None:
    """What somebody else has cancelled can't be confirmed."""
    call = clinic.inside()
    clinic.inside().press("3").press("1")
    assert call.press("2").heard_last.startswith("That appointment is cancelled already.")
    assert clinic.status() == "cancelled"


def test_taken_out_of_the_file_meanwhile(clinic: Clinic) -> None:
    """What the clinic took out of its file is told, and the caller goes on."""
    call = clinic.inside()
    clinic.book.path.unlink()
    clinic.book.create()
    assert call.press("1").heard_last.startswith("We can't find that appointment any more.")
    assert call.state == "menu"


def test_a_call_back_is_asked_for(clinic: Clinic) -> None:
    """Key 4 takes a number, reads it out, and notes it for the clinic."""
    call = clinic.inside().press("4").press("06641234567#")
    assert "0 6 6 4 1 2 3 4 5 6 7" in call.heard_last
    call.press("1")
    assert "We will call you back." in call.heard_last
    assert call.state == "appointment.menu"
    call.hangs_up()
    line = json.loads((clinic.folder / "audit.jsonl").read_text())
    assert line["callback"] == "06641234567"


def test_nobody_is_promised_a_call_without_a_pin(clinic: Clinic) -> None:
    """Who would come to `appointment.called-back` by another way is asked for the PIN."""

    class Elsewhere:
        @hookimpl
        def ivrkit_choose_start(self) -> str:
            return "appointment.called-back"

    call = clinic.phone(objects={"elsewhere": Elsewhere()}).call(from_=PATIENT)
    assert call.state == "appointment"


def test_a_number_that_is_too_short_is_asked_for_again(clinic: Clinic) -> None:
    """Six digits are no telephone number; nothing is noted."""
    call = clinic.inside().press("4").press("123456#")
    assert call.state == "appointment.callback"


def test_star_leads_back_to_the_main_menu(clinic: Clinic) -> None:
    """The key that the menu reads out for it works."""
    assert clinic.inside().press("*").state == "menu"


def test_nothing_is_wrong_on_any_path(clinic: Clinic) -> None:
    """Whatever keys, silence and hanging up can do, Twilio has nothing to complain of."""
    assert clinic.phone("acme-states").explore(3).problems == []
    assert clinic.phone().explore(3).problems == []


def test_nothing_is_wrong_on_any_path_behind_the_pin(clinic: Clinic) -> None:
    """No walk enters a PIN by chance, so this one begins where somebody has entered it."""

    class Inside:
        @hookimpl
        def ivrkit_choose_start(self, call: Call) -> str:
            call.data[APPOINTMENT] = "A1"
            return "appointment.menu"

    explored = clinic.phone(objects={"inside": Inside()}).explore(3)
    assert explored.problems == []
    assert {"confirmed", "cancelled"} <= {status for _, status in clinic.book.changes()}
