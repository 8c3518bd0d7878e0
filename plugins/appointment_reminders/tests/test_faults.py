"""What patients hear of a file that is missing or damaged, and of webhooks that come twice."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from clinic import MONDAY, PATIENT, PEPPER, PIN, Clinic
from ivrkit import Settings
from ivrkit.simulator import SimulatedCall

from appointment_reminders.appointment import appointment
from appointment_reminders.memory import APPOINTMENT
from appointment_reminders.settings import ReminderSettings

APOLOGY = "We are sorry, something went wrong."


def lose(path: Path) -> None:
    """Take the file away."""
    path.unlink()


def damage(path: Path) -> None:
    """Write over the file."""
    path.write_bytes(b"no database at all, " * 500)


def apologised(call: SimulatedCall) -> bool:
    """Return whether the caller heard the apology, is in the main menu, and heard nothing of the problem itself."""
    inner = ("sqlite", "error", "traceback", "database")
    return APOLOGY in call.heard_last and call.state == "menu" and not any(word in call.heard.lower() for word in inner)


@pytest.mark.parametrize("break_it", [lose, damage])
def test_broken_before_the_call(clinic: Clinic, break_it: Callable[[Path], None]) -> None:
    """The call begins as any other, and the PIN can't be checked: an apology, and the main menu."""
    break_it(clinic.book.path)
    call = clinic.phone("acme-states").call(from_=PATIENT)
    assert call.heard.startswith("Thank you for calling")
    assert apologised(call.press("5").press(PIN))
    assert call.press("3").state == "hours"


@pytest.mark.parametrize("key", ["1", "2", "3"])
def test_broken_during_the_call(clinic: Clinic, key: str) -> None:
    """Whatever is pressed behind the PIN, the caller goes on."""
    call = clinic.inside()
    damage(clinic.book.path)
    assert apologised(call.press(key))


def test_broken_at_the_question(clinic: Clinic) -> None:
    """A yes that could not be kept is not promised."""
    call = clinic.inside().press("3")
    lose(clinic.book.path)
    assert apologised(call.press("1"))
    assert "cancelled" not in call.heard_last


def test_a_missing_file_is_not_made(clinic: Clinic) -> None:
    """A file that is not there is a problem of the clinic's, and not an empty calendar."""
    lose(clinic.book.path)
    clinic.phone().call(from_=PATIENT).press("5").press(PIN)
    assert not clinic.book.path.exists()


def test_an_audit_log_that_cannot_be_written_hurts_nobody(clinic: Clinic) -> None:
    """The caller has hung up, and the appointment stays confirmed."""
    (clinic.folder / "audit.jsonl").mkdir()
    call = clinic.inside().press("2").hangs_up()
    assert call.ended
    assert call.ended.reason == "caller-hung-up"
    assert clinic.status() == "confirmed"


@pytest.mark.parametrize(("part", "status"), [("confirm", "confirmed"), ("cancelled", "cancelled")])
def test_a_handler_that_runs_twice_changes_once(clinic: Clinic, part: str, status: str) -> None:
    """Two copies of one webhook race: both have one `turn_key`, answer alike, and one change is made."""
    whole = appointment(Settings(), ReminderSettings(pin_pepper=PEPPER, file=clinic.book.path))
    go_on: Any = whole.substates[part].exit
    copies = [SimpleNamespace(turn_key="CA1:4", now=MONDAY, data={APPOINTMENT: "A1"}) for _ in range(2)]
    first, second = (go_on(copy) for copy in copies)
    assert first == second
    assert copies[0].data == copies[1].data
    assert clinic.book.changes() == [("A1", status)]


def test_one_key_changes_once(clinic: Clinic) -> None:
    """Of two copies of a webhook that race, the second finds the key and changes nothing."""
    for _ in range(2):
        clinic.book.change("A1", "confirmed", key="CA1:4", now=MONDAY)
    assert clinic.book.changes() == [("A1", "confirmed")]


def test_what_is_cancelled_stays_cancelled(clinic: Clinic) -> None:
    """A confirmation that comes a moment too late revives nothing."""
    clinic.book.change("A1", "cancelled", key="CA1:4", now=MONDAY)
    clinic.book.change("A1", "confirmed", key="CA2:4", now=MONDAY)
    assert clinic.status() == "cancelled"
