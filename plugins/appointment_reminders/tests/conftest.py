"""Fixtures: a clinic on a Monday morning, with one patient."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import time_machine
from clinic import MONDAY, PEPPER, Clinic
from ivrkit.testing import Phone

from appointment_reminders.appointments import Appointments


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Stop the clock on Monday."""
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def clinic(clock: time_machine.Traveller, tmp_path: Path, make_phone: Callable[..., Phone]) -> Clinic:
    """Return a clinic with one appointment on Thursday."""
    clinic = Clinic(Appointments(tmp_path / "appointments.sqlite3"), tmp_path, make_phone)
    clinic.appointments.create()
    clinic.plan()
    return clinic


def pytest_ivrkit_conformance(folder: Path) -> dict[str, object]:
    """Return the settings for the conformance kit, with an empty file of appointments."""
    appointments = Appointments(folder / "appointments.sqlite3")
    appointments.create()
    own = {"pin_pepper": PEPPER, "file": str(appointments.path), "audit_log": str(folder / "audit.jsonl")}
    return {"plugin_settings": {"appointment-reminders": own}}
