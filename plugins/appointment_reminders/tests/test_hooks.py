"""Where calls begin, and the audit log."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from clinic import CLINIC_ES, MONDAY, PATIENT, PIN, Clinic
from ivrkit import Call, hookimpl


def audit(clinic: Clinic) -> list[dict[str, Any]]:
    """Return the lines of the audit log."""
    path = clinic.folder / "audit.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (MONDAY + timedelta(hours=5), "today"),
        (MONDAY + timedelta(hours=13, minutes=59), "today"),
        (MONDAY + timedelta(hours=14), "tomorrow"),
        (MONDAY + timedelta(hours=24), "tomorrow"),
    ],
)
def test_a_near_appointment_is_greeted(clinic: Clinic, at: datetime, day: str) -> None:
    """Within a day the call begins with a reminder. The day is the host's: 23:00 UTC is midnight in Vienna."""
    clinic.plan(at, name="B2")
    phone = clinic.phone()
    call = phone.call(from_=PATIENT)
    kept = phone.host.sessions.load(call.sid)
    assert kept is not None
    assert [state for state, _ in kept.path] == ["appointment.soon", "greeting", "menu"]
    assert call.heard.startswith(f"Hello. Please remember your appointment {day}.")
    assert "Thank you for calling" in call.heard
    assert call.state == "menu"


def test_a_far_appointment_is_not_greeted(clinic: Clinic) -> None:
    """More than a day away, nobody is told before the PIN that there is one."""
    clinic.plan(MONDAY + timedelta(hours=24, seconds=1), name="B2")
    assert "remember" not in clinic.phone().call(from_=PATIENT).heard
    assert "remember" not in clinic.phone().call(from_="+15550123").heard


def test_the_greeting_is_in_the_language_of_the_number(clinic: Clinic) -> None:
    """The setting of the number still says the language."""
    clinic.plan(MONDAY + timedelta(hours=24), name="B2")
    assert clinic.phone().call(from_=PATIENT, to=CLINIC_ES).heard.startswith("Hola. Le recordamos su cita de mañana.")


def test_a_number_that_begins_elsewhere_keeps_its_start(clinic: Clinic) -> None:
    """What the team has set for a caller or a number wins over the reminder."""
    clinic.plan(MONDAY + timedelta(hours=24), name="B2")
    call = clinic.phone(callers={PATIENT: {"start": "menu"}}).call(from_=PATIENT)
    assert "remember" not in call.heard


def test_another_plugin_may_decide_before(clinic: Clinic) -> None:
    """A plugin that knows the caller better has the first word."""

    class First:
        @hookimpl
        def ivrkit_choose_start(self, call: Call) -> str:
            return "menu"

    clinic.plan(MONDAY + timedelta(hours=24), name="B2")
    assert "remember" not in clinic.phone(objects={"first": First()}).call(from_=PATIENT).heard


def test_what_was_done_is_written_when_the_caller_hangs_up(clinic: Clinic) -> None:
    """One call is one line, with all that was done in it, and it is not written before the end."""
    call = clinic.inside().press("2").press("3").press("1")
    assert audit(clinic) == []
    call.hangs_up()
    (line,) = audit(clinic)
    assert line["ended"] == "completed"
    assert [each["what"] for each in line["done"]] == ["confirmed", "cancelled"]
    assert PATIENT not in json.dumps(line)


def test_what_was_done_is_written_when_the_tree_hangs_up(clinic: Clinic) -> None:
    """A caller who falls silent at the end is written down as well."""
    call = clinic.inside().press("2")
    while not call.ended:
        call.stays_silent()
    assert [line["ended"] for line in audit(clinic)] == ["finished"]


def test_who_did_nothing_leaves_no_line(clinic: Clinic) -> None:
    """The log has changes, not calls."""
    clinic.inside().press("1").hangs_up()
    assert audit(clinic) == []


def test_who_hangs_up_at_the_question_has_cancelled_nothing(clinic: Clinic) -> None:
    """To hang up is no yes."""
    clinic.inside().press("3").hangs_up()
    assert clinic.status() == "open"
    assert audit(clinic) == []


def test_a_caller_without_a_number_goes_on(clinic: Clinic) -> None:
    """Who hides the number is greeted as anybody, and let out after three PINs."""
    call = clinic.phone().call(from_="anonymous").press("5").press(PIN).press(PIN).press(PIN)
    assert call.ended
