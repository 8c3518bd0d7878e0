"""The clinic's appointments, in a SQLite file. This module does not depend on ivrkit."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Status = Literal["open", "confirmed", "cancelled"]

#: How many seconds to wait for a lock of another process. Meanwhile the caller hears nothing.
LOCK_TIMEOUT = 2.0

_TABLES = """
CREATE TABLE appointments (
    id TEXT PRIMARY KEY, number TEXT NOT NULL, pin TEXT NOT NULL, at TEXT NOT NULL, place TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'open'
);
CREATE INDEX appointments_of_number ON appointments (number, at);
CREATE TABLE changes (key TEXT PRIMARY KEY, appointment TEXT NOT NULL, status TEXT NOT NULL, made TEXT NOT NULL);
"""


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """One appointment.

    :param id: the clinic's identifier of the appointment.
    :param number: the patient's phone number, in E.164 format.
    :param pin: the hash of the patient's PIN.
    :param at: the time of the appointment, with a time zone.
    :param place: the place of the appointment, as a text that the caller hears.
    :param status: ``open``, ``confirmed`` or ``cancelled``.
    """

    id: str
    number: str
    pin: str
    at: datetime
    place: str
    status: Status = "open"


class Appointments:
    """The SQLite file with the appointments. Each method opens and closes the file, so several processes can share it.

    :param path: the path of the file. If the file is missing or damaged, every method except ``create`` raises
        ``sqlite3.Error``.
    """

    def __init__(self, path: Path) -> None:
        """Store the path. The file is not opened yet."""
        self.path = path

    def create(self) -> None:
        """Create the file, with empty tables."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.executescript(_TABLES)

    def add(self, appointment: Appointment) -> None:
        """Add an appointment."""
        a = appointment
        with self._connect() as connection:
            connection.execute(
                "INSERT INTO appointments VALUES (?, ?, ?, ?, ?, ?)",
                (a.id, a.number, a.pin, _to_text(a.at), a.place, a.status),
            )

    def find(self, name: str) -> Appointment | None:
        """Return the appointment with an id, or ``None`` if no appointment has the id."""
        with self._connect() as connection:
            row = connection.execute("SELECT * FROM appointments WHERE id = ?", (name,)).fetchone()
        return None if row is None else _from_row(row)

    def upcoming(self, number: str, now: datetime) -> list[Appointment]:
        """Return the future appointments of a phone number, the earliest first. Cancelled appointments are left out."""
        with self._connect() as connection:
            rows = connection.execute(
                "SELECT * FROM appointments WHERE number = ? AND at > ? AND status <> 'cancelled' ORDER BY at",
                (number, _to_text(now)),
            ).fetchall()
        return [_from_row(row) for row in rows]

    def change(self, name: str, status: Status, *, key: str, now: datetime) -> None:
        """Set the status of an appointment. A cancelled appointment is not changed.

        :param name: the id of the appointment.
        :param status: the new status.
        :param key: the idempotency key of the change. A second change with the same key does nothing.
        :param now: the time of the change.
        """
        with self._connect() as connection:
            is_new = connection.execute(
                "INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?)", (key, name, status, _to_text(now))
            ).rowcount
            if is_new:
                # A cancelled appointment stays cancelled: the clinic may have given the time to another patient.
                connection.execute(
                    "UPDATE appointments SET status = ? WHERE id = ? AND status <> 'cancelled'", (status, name)
                )

    def has_change(self, key: str) -> bool:
        """Return whether a change with this idempotency key was already made."""
        with self._connect() as connection:
            return connection.execute("SELECT 1 FROM changes WHERE key = ?", (key,)).fetchone() is not None

    def changes(self) -> list[tuple[str, str]]:
        """Return all changes, the oldest first. Each change is the id of an appointment and the new status."""
        with self._connect() as connection:
            return connection.execute("SELECT appointment, status FROM changes ORDER BY rowid").fetchall()

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        # With mode=rw a missing file is an error. Otherwise SQLite would create an empty one.
        url = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(url, uri=True, timeout=LOCK_TIMEOUT)) as connection, connection:
            yield connection


def _to_text(at: datetime) -> str:
    # All times have the same time zone and length, so that SQL can compare them as texts.
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _from_row(row: tuple[str, str, str, str, str, Status]) -> Appointment:
    name, number, pin, at, place, status = row
    return Appointment(id=name, number=number, pin=pin, at=datetime.fromisoformat(at), place=place, status=status)
