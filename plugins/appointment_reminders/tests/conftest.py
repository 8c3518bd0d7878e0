"""A clinic on a Monday morning, with one patient."""

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
    made = Clinic(Appointments(tmp_path / "appointments.sqlite3"), tmp_path, make_phone)
    made.book.create()
    made.plan()
    return made


def pytest_ivrkit_conformance(folder: Path) -> dict[str, object]:
    """Return the settings of the trees in which the package is checked: with a file of appointments that is there."""
    book = Appointments(folder / "appointments.sqlite3")
    book.create()
    own = {"pin_pepper": PEPPER, "file": str(book.path), "audit": str(folder / "audit.jsonl")}
    return {"plugin_settings": {"appointment-reminders": own}}
