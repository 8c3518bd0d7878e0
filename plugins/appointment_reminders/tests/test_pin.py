"""The question for the PIN."""

import logging
import re

import pytest
from clinic import PATIENT, PIN, THURSDAY, Clinic
from ivrkit import Call, State, hookimpl


class Spy:
    """An observing plugin that records all that its hooks get."""

    def __init__(self) -> None:
        """Start with an empty record."""
        self.record: list[str] = []

    @hookimpl
    def ivrkit_state_left(self, call: Call, state: State, outcome: str | None) -> None:
        """Record the outcome and the call."""
        self.record.append(f"{outcome} {call.digits} {dict(call.params)} {call.data}")

    @hookimpl
    def ivrkit_state_entered(self, call: Call, state: State) -> None:
        """Record the state and the call."""
        self.record.append(f"{state.name} {call.digits} {dict(call.params)} {call.data}")


def test_the_correct_pin_leads_to_the_menu_behind_it(clinic: Clinic) -> None:
    """Key 5 asks for the PIN, and the correct one leads to the menu behind it."""
    call = clinic.phone().call(from_=PATIENT).press("5")
    assert call.heard_last == "Please enter the PIN of your appointment."
    call.press(PIN)
    assert call.path == ["greeting", "menu", "appointment", "appointment.menu"]
    assert "For the date, time and place, press one." in call.heard_last
    assert "For the main menu, press star." in call.heard_last


def test_a_wrong_pin_is_asked_for_again(clinic: Clinic) -> None:
    """After a wrong PIN the caller can enter the correct one."""
    call = clinic.phone().call(from_=PATIENT).press("5").press("1111")
    assert "does not match" in call.heard_last
    assert call.press(PIN).state == "appointment.menu"


def test_three_wrong_pins_lead_to_the_operator(clinic: Clinic) -> None:
    """After three wrong PINs the call goes to the operator, here the state with the key 0 of another plugin."""
    call = clinic.phone("acme-states").call(from_=PATIENT).press("5")
    call.press("1111").press("1111").press("1111")
    assert call.state == "reception"


def test_three_wrong_pins_end_a_call_without_an_operator(clinic: Clinic) -> None:
    """Without an operator the call ends with the goodbye after three wrong PINs."""
    call = clinic.phone().call(from_=PATIENT).press("5").press("1111").press("1111").press("1111")
    assert call.heard_last.endswith("Goodbye.")
    assert call.ended
    assert call.ended.reason == "hangup"


def test_three_silences_lead_to_the_operator(clinic: Clinic) -> None:
    """Silence repeats the question, and after three silences the call goes to the operator."""
    call = clinic.phone("acme-states").call(from_=PATIENT).press("5").stays_silent()
    assert "Please enter the PIN" in call.heard_last
    assert call.stays_silent().stays_silent().state == "reception"


def test_a_pin_is_valid_only_for_its_phone_number(clinic: Clinic) -> None:
    """The PIN of another phone number is wrong, and the prompt is the same as for any wrong PIN."""
    wrong = clinic.phone().call(from_=PATIENT).press("5").press("1111")
    stranger = clinic.phone().call(from_="+15550123").press("5").press(PIN)
    assert stranger.state == "appointment"
    assert stranger.heard_last == wrong.heard_last


def test_the_pin_selects_one_of_several_appointments(clinic: Clinic) -> None:
    """If a phone number has several appointments, each has its own PIN."""
    clinic.plan(THURSDAY.replace(day=6), name="B2", pin="2222")
    call = clinic.phone().call(from_=PATIENT).press("5").press("2222").press("1")
    assert "Friday, March 6" in call.heard_last


def test_the_pin_is_in_no_log_session_or_hook(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a correct nor a wrong PIN is in the log, in a file, or in the arguments of a hook."""
    caplog.set_level(logging.DEBUG)
    spy = Spy()
    phone = clinic.phone(objects={"spy": spy})
    call = phone.call(from_=PATIENT).press("5").press("8642").press(PIN).press("1").hangs_up()
    files = [path.read_bytes() for path in clinic.folder.rglob("*") if path.is_file()]
    assert any(call.sid.encode() in each for each in files), "the session is not among the files"
    recorded = "\n".join([*spy.record, *(record.getMessage() for record in caplog.records)])
    assert "(secret)" in recorded
    for pin in ("8642", PIN):
        # Hexadecimal ids may contain the digits by chance.
        pressed = re.compile(rf"(?<![0-9a-f]){pin}(?![0-9a-f])")
        assert not pressed.search(recorded)
        assert not any(pressed.search(each.decode("latin-1")) for each in files)


def test_a_substate_needs_the_pin(clinic: Clinic) -> None:
    """If another plugin lets a call begin in a substate, the caller is asked for the PIN."""

    class Shortcut:
        @hookimpl
        def ivrkit_choose_start(self, call: Call) -> str:
            return "appointment.cancelled"

    call = clinic.phone(objects={"shortcut": Shortcut()}).call(from_=PATIENT)
    assert call.state == "appointment"
    assert clinic.status() == "open"
