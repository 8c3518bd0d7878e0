"""Failures: a missing or damaged file, and webhooks that arrive twice."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from clinic import MONDAY, PATIENT, PEPPER, PIN, Clinic
from ivrkit import Settings
from ivrkit.simulator import SimulatedCall

from appointment_reminders.appointment import appointment
from appointment_reminders.call_data import APPOINTMENT
from appointment_reminders.settings import ReminderSettings

APOLOGY = "We are sorry, something went wrong."


def delete(path: Path) -> None:
    """Delete the file."""
    path.unlink()


def damage(path: Path) -> None:
    """Overwrite the file."""
    path.write_bytes(b"no database at all, " * 500)


def apologised(call: SimulatedCall) -> bool:
    """Return whether the caller heard the apology but no details of the error, and is in the main menu."""
    details = ("sqlite", "error", "traceback", "database")
    return (
        APOLOGY in call.heard_last and call.state == "menu" and not any(word in call.heard.lower() for word in details)
    )


@pytest.mark.parametrize("break_it", [delete, damage])
def test_a_broken_file_before_the_call(clinic: Clinic, break_it: Callable[[Path], None]) -> None:
    """If the file is broken, the call begins without a reminder, and the PIN leads to the apology and the main menu."""
    break_it(clinic.appointments.path)
    call = clinic.phone("acme-states").call(from_=PATIENT)
    assert call.heard.startswith("Thank you for calling")
    assert apologised(call.press("5").press(PIN))
    assert call.press("3").state == "hours"


@pytest.mark.parametrize("key", ["1", "2", "3"])
def test_a_broken_file_during_the_call(clinic: Clinic, key: str) -> None:
    """If the file breaks after the PIN, each key leads to the apology and the main menu."""
    call = clinic.call_with_pin()
    damage(clinic.appointments.path)
    assert apologised(call.press(key))


def test_a_broken_file_at_the_question(clinic: Clinic) -> None:
    """If the appointment cannot be cancelled, the caller does not hear that it is cancelled."""
    call = clinic.call_with_pin().press("3")
    delete(clinic.appointments.path)
    assert apologised(call.press("1"))
    assert "cancelled" not in call.heard_last


def test_a_missing_file_is_not_created(clinic: Clinic) -> None:
    """A missing file is an error, so that it is not mistaken for a file without appointments."""
    delete(clinic.appointments.path)
    clinic.phone().call(from_=PATIENT).press("5").press(PIN)
    assert not clinic.appointments.path.exists()


def test_an_error_of_the_audit_log_does_not_affect_the_call(clinic: Clinic) -> None:
    """If the audit log cannot be written, the call ends normally, and the appointment stays confirmed."""
    (clinic.folder / "audit.jsonl").mkdir()
    call = clinic.call_with_pin().press("2").hangs_up()
    assert call.ended
    assert call.ended.reason == "caller-hung-up"
    assert clinic.status() == "confirmed"


@pytest.mark.parametrize(("substate", "status"), [("confirm", "confirmed"), ("cancelled", "cancelled")])
def test_a_handler_that_runs_twice_makes_one_change(clinic: Clinic, substate: str, status: str) -> None:
    """Two runs with the same `turn_key` give the same answer, and only the first changes the file."""
    state = appointment(Settings(), ReminderSettings(pin_pepper=PEPPER, file=clinic.appointments.path))
    go_on: Any = state.substates[substate].exit
    copies = [SimpleNamespace(turn_key="CA1:4", now=MONDAY, data={APPOINTMENT: "A1"}) for _ in range(2)]
    first, second = (go_on(copy) for copy in copies)
    assert first == second
    assert copies[0].data == copies[1].data
    assert clinic.appointments.changes() == [("A1", status)]


def test_a_key_makes_one_change(clinic: Clinic) -> None:
    """A second change with the same key does nothing."""
    for _ in range(2):
        clinic.appointments.change("A1", "confirmed", key="CA1:4", now=MONDAY)
    assert clinic.appointments.changes() == [("A1", "confirmed")]


def test_a_cancelled_appointment_stays_cancelled(clinic: Clinic) -> None:
    """A confirmation after the cancellation does not change the status."""
    clinic.appointments.change("A1", "cancelled", key="CA1:4", now=MONDAY)
    clinic.appointments.change("A1", "confirmed", key="CA2:4", now=MONDAY)
    assert clinic.status() == "cancelled"
