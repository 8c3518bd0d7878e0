"""The clinic of the tests: its patient, its phone numbers, and its phone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ivrkit.simulator import SimulatedCall
from ivrkit.testing import Phone

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.pin_hash import hash_pin

PEPPER = "pepper-of-the-tests"
PATIENT = "+436641234567"
PIN = "4711"
CLINIC_ES = "+15550199"
CLINIC_SPAIN = "+34910000000"
#: The settings of the host that tests set. All others are settings of the plugin.
CORE_SETTINGS = ("callers", "timezone", "max_attempts", "attempt_minutes")

#: The time of the tests: Monday, ten in the morning in Vienna.
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
#: The time of the appointment: Thursday, half past three in the afternoon in Vienna.
THURSDAY = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Clinic:
    """A clinic with a file of appointments and a phone."""

    appointments: Appointments
    folder: Path
    make_phone: Callable[..., Phone]

    def plan(self, at: datetime = THURSDAY, *, name: str = "A1", pin: str = PIN, number: str = PATIENT) -> None:
        """Add an appointment."""
        hashed = hash_pin(PEPPER, number, pin)
        self.appointments.add(Appointment(id=name, number=number, pin=hashed, at=at, place="12 Harbour Street"))

    def phone(self, *other_plugins: str, objects: dict[str, object] | None = None, **settings: Any) -> Phone:
        """Return a phone that calls a phone tree with this plugin, and with other plugins."""
        core = {key: settings.pop(key) for key in CORE_SETTINGS if key in settings}
        own = {
            "pin_pepper": PEPPER,
            "file": str(self.appointments.path),
            "audit_log": str(self.folder / "audit.jsonl"),
            **settings,
        }
        return self.make_phone(
            plugins=["appointment-reminders", *other_plugins],
            objects=objects,
            **{"timezone": "Europe/Vienna", **core},
            languages=["es-MX", "es-ES"],
            numbers={CLINIC_ES: {"language": "es-MX"}, CLINIC_SPAIN: {"language": "es-ES"}},
            session_url=f"sqlite:///{self.folder / 'sessions.sqlite3'}",
            plugin_settings={"appointment-reminders": own},
        )

    def call_with_pin(self, **settings: Any) -> SimulatedCall:
        """Return a call of the patient after the PIN."""
        return self.phone(**settings).call(from_=PATIENT).press("5").press(PIN)

    def status(self, name: str = "A1") -> str:
        """Return the status of an appointment."""
        found = self.appointments.find(name)
        assert found is not None
        return found.status
