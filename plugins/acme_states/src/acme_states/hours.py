"""Opening hours: whether somebody is there now, then the whole week; again on 1, else back to the menu."""

from __future__ import annotations

import functools

from ivrkit import HOME, SAME, Call, Exits, MenuOption, State, Text, ask
from twilio.twiml.voice_response import Gather

from acme_states.settings import AcmeSettings

OPEN, CLOSED = Text("We are open right now."), Text("We are closed at the moment.")
AGAIN = Text("To hear this again, press one. For the menu, press any other key, or just wait.")


def hours(settings: AcmeSettings) -> State:
    """Return the state that reads out the opening hours of the settings."""
    week = settings.week()
    told = functools.cache(week.told)  # the same sentences for every caller of a language

    def read_out(call: Call) -> Gather:
        now = OPEN if week.is_open(call.now) else CLOSED
        return ask(now, *told(call.language), AGAIN)

    return State(
        enter=read_out,
        exit=Exits({"1": SAME}, otherwise=HOME),
        options=MenuOption(key="3", label=Text("our business hours")),
    )
