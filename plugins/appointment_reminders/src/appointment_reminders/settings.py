"""The settings of the plugin."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from ivrkit.settings import Range, SettingType

#: The minimum length of the pepper.
MIN_PEPPER_LENGTH = 16


def _check_pepper(pepper: str) -> str:
    if len(pepper) < MIN_PEPPER_LENGTH:
        raise ValueError("the pepper is too short")
    return pepper


Pepper = Annotated[
    str,
    SettingType(
        f"a text of at least {MIN_PEPPER_LENGTH} characters",
        _check_pepper,
        schema={"minLength": MIN_PEPPER_LENGTH},
        example="a long random text",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ReminderSettings:
    """The settings of the plugin.

    :param pin_pepper: the secret for the hashes of PINs, at least 16 characters. A thief of the file of appointments
        cannot find out the PINs without this secret.
    :param file: the SQLite file with the appointments.
    :param audit_log: the file that gets a line of JSON for each call in which the caller confirmed or cancelled an
        appointment, or requested a call back.
    :param pin_digits: the number of digits of a PIN.
    :param cancel_hours: callers can cancel an appointment until this number of hours before the appointment.
    """

    pin_pepper: Pepper = field(repr=False)
    file: Path = Path("appointments.sqlite3")
    audit_log: Path = Path("appointments-audit.jsonl")
    pin_digits: Annotated[int, Range(4, 12)] = 4
    cancel_hours: Annotated[int, Range(0)] = 24
