"""Opening hours: whether somebody is there now, then the whole week; again on 1, else back to the menu."""

from __future__ import annotations

from datetime import datetime

from ivrkit import HOME, SAME, Call, Exits, MenuOption, State, ask
from twilio.twiml.voice_response import Gather

from acme_states.company import HOURS, WEEK


def is_open(now: datetime) -> bool:
    """Return whether the company is open at a time; the closing minute itself is closed."""
    opens, closes = HOURS.get(now.weekday(), (None, None))
    return opens is not None and closes is not None and opens <= now.time() < closes


def _read_out(call: Call) -> Gather:
    now = "We are open right now." if is_open(call.now) else "We are closed at the moment."
    return ask(now, WEEK, "To hear this again, press one. For the menu, press any other key, or just wait.")


hours = State(
    enter=_read_out,
    exit=Exits({"1": SAME}, otherwise=HOME),
    options=MenuOption(key="3", label="our business hours"),
)
