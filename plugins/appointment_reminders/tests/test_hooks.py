"""The reminder at the start of a call, and the audit log."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from clinic import CLINIC_ES, MONDAY, PATIENT, PIN, Clinic
from ivrkit import Call, hookimpl


def audit_lines(clinic: Clinic) -> list[dict[str, Any]]:
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
def test_a_call_within_a_day_before_the_appointment_begins_with_the_reminder(
    clinic: Clinic, at: datetime, day: str
) -> None:
    """The reminder says the day in the time zone of the host: 23:00 in UTC is midnight in Vienna."""
    clinic.plan(at, name="B2")
    phone = clinic.phone()
    call = phone.call(from_=PATIENT)
    session = phone.host.sessions.load(call.sid)
    assert session is not None
    assert [state for state, _ in session.path] == ["appointment.reminder", "greeting", "menu"]
    assert call.heard.startswith(f"Hello. Please remember your appointment {day}.")
    assert "Thank you for calling" in call.heard
    assert call.state == "menu"


def test_no_reminder_more_than_a_day_before_the_appointment(clinic: Clinic) -> None:
    """More than a day before the appointment, or from another number, a call begins without the reminder."""
    clinic.plan(MONDAY + timedelta(hours=24, seconds=1), name="B2")
    assert "remember" not in clinic.phone().call(from_=PATIENT).heard
    assert "remember" not in clinic.phone().call(from_="+15550123").heard


def test_the_reminder_is_in_the_language_of_the_number(clinic: Clinic) -> None:
    """The reminder is in the language that the settings give the called number."""
    clinic.plan(MONDAY + timedelta(hours=24), name="B2")
    assert clinic.phone().call(from_=PATIENT, to=CLINIC_ES).heard.startswith("Hola. Le recordamos su cita de mañana.")


def test_a_start_in_the_settings_takes_precedence(clinic: Clinic) -> None:
    """A caller or number with a start in the settings does not hear the reminder."""
    clinic.plan(MONDAY + timedelta(hours=24), name="B2")
    call = clinic.phone(callers={PATIENT: {"start": "menu"}}).call(from_=PATIENT)
    assert "remember" not in call.heard


def test_another_plugin_may_choose_the_start_first(clinic: Clinic) -> None:
    """A start that another plugin chooses takes precedence over the reminder."""

    class First:
        @hookimpl
        def ivrkit_choose_start(self, call: Call) -> str:
            return "menu"

    clinic.plan(MONDAY + timedelta(hours=24), name="B2")
    assert "remember" not in clinic.phone(objects={"first": First()}).call(from_=PATIENT).heard


def test_the_audit_log_has_a_line_after_the_caller_hangs_up(clinic: Clinic) -> None:
    """A call has one line with all its actions, written at its end, without the caller's number."""
    call = clinic.call_with_pin().press("2").press("3").press("1")
    assert audit_lines(clinic) == []
    call.hangs_up()
    (line,) = audit_lines(clinic)
    assert line["ended"] == "completed"
    assert [each["action"] for each in line["actions"]] == ["confirmed", "cancelled"]
    assert PATIENT not in json.dumps(line)


def test_the_audit_log_has_a_line_after_the_host_hangs_up(clinic: Clinic) -> None:
    """A call that the host ends, because the caller is silent, has a line, too."""
    call = clinic.call_with_pin().press("2")
    while not call.ended:
        call.stays_silent()
    assert [line["ended"] for line in audit_lines(clinic)] == ["finished"]


def test_a_call_without_actions_has_no_line(clinic: Clinic) -> None:
    """A caller who only hears the appointment leaves no line in the audit log."""
    clinic.call_with_pin().press("1").hangs_up()
    assert audit_lines(clinic) == []


def test_hanging_up_at_the_question_does_not_cancel(clinic: Clinic) -> None:
    """A caller who hangs up at the question does not cancel the appointment, and leaves no line."""
    clinic.call_with_pin().press("3").hangs_up()
    assert clinic.status() == "open"
    assert audit_lines(clinic) == []


def test_a_caller_without_a_number(clinic: Clinic) -> None:
    """A caller with a hidden number hears the normal greeting, and is given up after three PINs."""
    call = clinic.phone().call(from_="anonymous").press("5").press(PIN).press(PIN).press(PIN)
    assert call.ended
