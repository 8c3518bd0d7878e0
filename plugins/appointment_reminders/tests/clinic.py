"""What the tests know of the clinic: its patient, its numbers, and how it is called."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ivrkit.simulator import SimulatedCall
from ivrkit.testing import Phone

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.pins import hashed_pin

PEPPER = "pepper-of-the-tests"
PATIENT = "+436641234567"
PIN = "4711"
CLINIC_ES = "+15550199"
CLINIC_SPAIN = "+34910000000"

#: When the tests are: Monday, ten in the morning in Vienna.
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
#: Thursday, half past three in the afternoon in Vienna.
THURSDAY = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Clinic:
    """What a test needs of a clinic."""

    book: Appointments
    folder: Path
    make_phone: Callable[..., Phone]

    def plan(self, at: datetime = THURSDAY, *, name: str = "A1", pin: str = PIN, number: str = PATIENT) -> None:
        """Put an appointment into the file."""
        hashed = hashed_pin(PEPPER, number, pin)
        self.book.add(Appointment(id=name, number=number, pin=hashed, at=at, place="12 Harbour Street"))

    def phone(self, *beside: str, objects: dict[str, object] | None = None, **settings: Any) -> Phone:
        """Return a phone to the plugin, with others beside it."""
        of_core = {key: settings.pop(key) for key in ("callers", "timezone") if key in settings}
        own = {"pin_pepper": PEPPER, "file": str(self.book.path), "audit": str(self.folder / "audit.jsonl"), **settings}
        return self.make_phone(
            plugins=["appointment-reminders", *beside],
            objects=objects,
            **{"timezone": "Europe/Vienna", **of_core},
            languages=["es-MX", "es-ES"],
            numbers={CLINIC_ES: {"language": "es-MX"}, CLINIC_SPAIN: {"language": "es-ES"}},
            session_url=f"sqlite:///{self.folder / 'sessions.sqlite3'}",
            plugin_settings={"appointment-reminders": own},
        )

    def inside(self, **settings: Any) -> SimulatedCall:
        """Return a call of the patient who has entered the PIN."""
        return self.phone(**settings).call(from_=PATIENT).press("5").press(PIN)

    def status(self, name: str = "A1") -> str:
        """Return what became of an appointment."""
        found = self.book.find(name)
        assert found is not None
        return found.status
