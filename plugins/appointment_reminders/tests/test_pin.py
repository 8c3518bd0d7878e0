"""The PIN, as a patient meets it."""

import logging
import re

import pytest
from clinic import PATIENT, PIN, THURSDAY, Clinic
from ivrkit import Call, State, hookimpl


class Spy:
    """Keeps whatever a watching plugin is given."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.seen: list[str] = []

    @hookimpl
    def ivrkit_state_left(self, call: Call, state: State, outcome: str | None) -> None:
        """Keep what a state was left with."""
        self.seen.append(f"{outcome} {call.digits} {dict(call.params)} {call.data}")

    @hookimpl
    def ivrkit_state_entered(self, call: Call, state: State) -> None:
        """Keep what a state was entered with."""
        self.seen.append(f"{state.name} {call.digits} {dict(call.params)} {call.data}")


def test_the_right_pin_opens_the_menu_behind_it(clinic: Clinic) -> None:
    """Key 5 asks for the PIN, and the right one leads into the sub-menu."""
    call = clinic.phone().call(from_=PATIENT).press("5")
    assert call.heard_last == "Please enter the PIN of your appointment."
    call.press(PIN)
    assert call.path == ["menu", "appointment", "appointment.menu"]
    assert "For the date, time and place, press one." in call.heard_last
    assert "For the main menu, press star." in call.heard_last


def test_a_wrong_pin_is_told_and_asked_for_again(clinic: Clinic) -> None:
    """One mistake costs a patient nothing."""
    call = clinic.phone().call(from_=PATIENT).press("5").press("1111")
    assert "does not fit" in call.heard_last
    assert call.press(PIN).state == "appointment.menu"


def test_the_third_wrong_pin_leads_to_reception_beside_acme(clinic: Clinic) -> None:
    """Where the tree has a reception on key 0, it is the operator."""
    call = clinic.phone("acme-states").call(from_=PATIENT).press("5")
    call.press("1111").press("1111").press("1111")
    assert call.state == "reception"


def test_the_third_wrong_pin_is_the_goodbye_where_there_is_no_reception(clinic: Clinic) -> None:
    """Alone the plugin says goodbye and hangs up."""
    call = clinic.phone().call(from_=PATIENT).press("5").press("1111").press("1111").press("1111")
    assert call.heard_last.endswith("Goodbye.")
    assert call.ended
    assert call.ended.reason == "hangup"


def test_silence_has_a_count_of_its_own(clinic: Clinic) -> None:
    """Three silences lead out as three wrong PINs do, and the question is asked again before."""
    call = clinic.phone("acme-states").call(from_=PATIENT).press("5").stays_silent()
    assert "Please enter the PIN" in call.heard_last
    assert call.stays_silent().stays_silent().state == "reception"


def test_a_pin_of_another_telephone_opens_nothing(clinic: Clinic) -> None:
    """A PIN counts with the number that it was given for, and what is said does not tell which of both is wrong."""
    wrong = clinic.phone().call(from_=PATIENT).press("5").press("1111")
    stranger = clinic.phone().call(from_="+15550123").press("5").press(PIN)
    assert stranger.state == "appointment"
    assert stranger.heard_last == wrong.heard_last


def test_of_several_appointments_the_pin_says_which(clinic: Clinic) -> None:
    """Two people share a telephone; each has a PIN."""
    clinic.plan(THURSDAY.replace(day=6), name="B2", pin="2222")
    call = clinic.phone().call(from_=PATIENT).press("5").press("2222").press("1")
    assert "Friday, March 6" in call.heard_last


def test_the_pin_is_in_no_log_no_session_and_no_hook(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    """What is pressed as a PIN, right or wrong, is nowhere afterwards."""
    caplog.set_level(logging.DEBUG)
    spy = Spy()
    phone = clinic.phone(objects={"spy": spy})
    call = phone.call(from_=PATIENT).press("5").press("8642").press(PIN).press("1").hangs_up()
    kept = [path.read_bytes() for path in clinic.folder.rglob("*") if path.is_file()]
    assert any(call.sid.encode() in each for each in kept), "the session is not among the files"
    told = "\n".join([*spy.seen, *(record.getMessage() for record in caplog.records)])
    assert "(secret)" in told
    for pin in ("8642", PIN):
        # Random names may have the digits in them; they are hexadecimal.
        pressed = re.compile(rf"(?<![0-9a-f]){pin}(?![0-9a-f])")
        assert not pressed.search(told)
        assert not any(pressed.search(each.decode("latin-1")) for each in kept)


def test_who_comes_without_a_pin_is_asked_for_it(clinic: Clinic) -> None:
    """Another plugin may lead into a part; it leads around no PIN."""

    class Shortcut:
        @hookimpl
        def ivrkit_choose_start(self, call: Call) -> str:
            return "appointment.cancelled"

    call = clinic.phone(objects={"shortcut": Shortcut()}).call(from_=PATIENT)
    assert call.state == "appointment"
    assert clinic.status() == "open"
