"""The appointments of the clinic, in a SQLite file. Nothing here knows of telephones."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

Status = Literal["open", "confirmed", "cancelled"]

#: How many seconds to wait for somebody else who writes. The caller hears nothing meanwhile.
PATIENCE = 2.0

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

    :param id: what the clinic calls it.
    :param number: the telephone of the patient, E.164.
    :param pin: the hash of the patient's PIN.
    :param at: when it is, with its zone.
    :param place: where it is, as it is said.
    :param status: what became of it.
    """

    id: str
    number: str
    pin: str
    at: datetime
    place: str
    status: Status = "open"


class Appointments:
    """The file of appointments. Each method opens it anew, so that several processes can share it.

    :param path: the file. Where it is missing or damaged, every method raises ``sqlite3.Error``.
    """

    def __init__(self, path: Path) -> None:
        """Remember where the file is; it is not opened yet."""
        self.path = path

    def create(self) -> None:
        """Make a new, empty file."""
        with closing(sqlite3.connect(self.path)) as file, file:
            file.executescript(_TABLES)

    def add(self, appointment: Appointment) -> None:
        """Put one appointment in."""
        a = appointment
        with self._open() as file:
            file.execute(
                "INSERT INTO appointments VALUES (?, ?, ?, ?, ?, ?)",
                (a.id, a.number, a.pin, _written(a.at), a.place, a.status),
            )

    def find(self, name: str) -> Appointment | None:
        """Return the appointment of an id."""
        with self._open() as file:
            row = file.execute("SELECT * FROM appointments WHERE id = ?", (name,)).fetchone()
        return None if row is None else _read(row)

    def coming(self, number: str, now: datetime) -> list[Appointment]:
        """Return what a number has before it, the next one first."""
        with self._open() as file:
            rows = file.execute(
                "SELECT * FROM appointments WHERE number = ? AND at > ? AND status <> 'cancelled' ORDER BY at",
                (number, _written(now)),
            ).fetchall()
        return [_read(row) for row in rows]

    def change(self, name: str, status: Status, *, key: str, now: datetime) -> None:
        """Set the status of an appointment, once for each key."""
        with self._open() as file:
            made = file.execute(
                "INSERT OR IGNORE INTO changes VALUES (?, ?, ?, ?)", (key, name, status, _written(now))
            ).rowcount
            if made:
                # What is cancelled stays so: the clinic may have given the time to somebody else.
                file.execute(
                    "UPDATE appointments SET status = ? WHERE id = ? AND status <> 'cancelled'", (status, name)
                )

    def was_made(self, key: str) -> bool:
        """Return whether the change of a key was made."""
        with self._open() as file:
            return file.execute("SELECT 1 FROM changes WHERE key = ?", (key,)).fetchone() is not None

    def changes(self) -> list[tuple[str, str]]:
        """Return all changes in their order: which appointment, and its new status."""
        with self._open() as file:
            return file.execute("SELECT appointment, status FROM changes ORDER BY rowid").fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # mode=rw: a missing file is an error here, and not a new, empty one.
        url = f"{self.path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(url, uri=True, timeout=PATIENCE)) as file, file:
            yield file


def _written(at: datetime) -> str:
    # One zone and one length, so that texts sort as times do.
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _read(row: tuple[str, str, str, str, str, Status]) -> Appointment:
    name, number, pin, at, place, status = row
    return Appointment(id=name, number=number, pin=pin, at=datetime.fromisoformat(at), place=place, status=status)
