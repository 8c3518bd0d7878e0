"""What a clinic sets."""

from dataclasses import dataclass, field
from pathlib import Path

#: The shortest pepper that is taken.
SHORTEST_PEPPER = 16


@dataclass(frozen=True, kw_only=True)
class ReminderSettings:
    """What a clinic sets.

    :param pin_pepper: what PINs are hashed with, at least 16 letters. Whoever has the file of appointments and not the
        pepper can't find a PIN by trying.
    :param file: the SQLite file in which the appointments are.
    :param audit: the file to which a line of JSON is added for each call that changed something.
    :param pin_digits: how many digits a PIN has.
    :param cancel_hours: how many hours before it an appointment can still be cancelled.
    """

    pin_pepper: str = field(repr=False)
    file: Path = Path("appointments.sqlite3")
    audit: Path = Path("appointments-audit.jsonl")
    pin_digits: int = 4
    cancel_hours: int = 24

    def __post_init__(self) -> None:
        """Refuse what no type can say."""
        if len(self.pin_pepper) < SHORTEST_PEPPER:
            raise ValueError(f"pin_pepper is too short: it takes at least {SHORTEST_PEPPER} letters")
        if not 4 <= self.pin_digits <= 12:
            raise ValueError(f"pin_digits is {self.pin_digits}: a PIN has 4 to 12 digits")
        if self.cancel_hours < 0:
            raise ValueError(f"cancel_hours is {self.cancel_hours}: it takes 0 or more")
