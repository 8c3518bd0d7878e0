"""The settings of the plugin."""

from dataclasses import dataclass, field
from pathlib import Path

#: The minimum length of the pepper.
MIN_PEPPER_LENGTH = 16


@dataclass(frozen=True, kw_only=True)
class ReminderSettings:
    """The settings of the plugin.

    :param pin_pepper: the secret for the hashes of PINs, at least 16 characters. A thief of the file of appointments
        needs it to find out a PIN.
    :param file: the SQLite file with the appointments.
    :param audit_log: the file that gets a line of JSON for each call with an action.
    :param pin_digits: the number of digits of a PIN.
    :param cancel_hours: how many hours before an appointment it can be cancelled at the latest.
    """

    pin_pepper: str = field(repr=False)
    file: Path = Path("appointments.sqlite3")
    audit_log: Path = Path("appointments-audit.jsonl")
    pin_digits: int = 4
    cancel_hours: int = 24

    def __post_init__(self) -> None:
        """Check the values."""
        if len(self.pin_pepper) < MIN_PEPPER_LENGTH:
            raise ValueError(f"pin_pepper must have at least {MIN_PEPPER_LENGTH} characters")
        if not 4 <= self.pin_digits <= 12:
            raise ValueError(f"pin_digits must be 4 to 12, not {self.pin_digits}")
        if self.cancel_hours < 0:
            raise ValueError(f"cancel_hours must be at least 0, not {self.cancel_hours}")
