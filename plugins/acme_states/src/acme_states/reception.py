"""Reception: ring somebody, and have an answer for each way in which that can go wrong."""

from __future__ import annotations

from ivrkit import HOME, Exit, Exits, MenuOption, State, Text
from twilio.twiml.voice_response import Dial

from acme_states.settings import AcmeSettings


def reception(settings: AcmeSettings) -> State:
    """Return the state that rings the number of the settings."""
    return State(
        enter=[
            Text("One moment, we are ringing reception."),
            Dial(settings.reception_number, timeout=settings.reception_rings),
        ],
        exit=Exits(
            {
                "busy": Exit(HOME, say=Text("Reception is on another call.")),
                "no-answer": Exit(HOME, say=Text("Nobody at reception could get to the phone.")),
                "failed": Exit(HOME, say=Text("Reception can't be reached at the moment.")),
                "declined": Exit(HOME, say=Text("Reception can't take your call right now.")),
                "canceled": HOME,
            }
        ),
        options=MenuOption(key="0", label=Text("reception")),
    )
