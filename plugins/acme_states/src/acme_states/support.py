"""Support: wait in the queue for somebody to help."""

from __future__ import annotations

from ivrkit import HOME, Exit, Exits, MenuOption, State, Text
from twilio.twiml.voice_response import Enqueue

from acme_states.settings import AcmeSettings

FULL = Text("All our lines are taken at the moment. Please try again a little later.")


def support(settings: AcmeSettings) -> State:
    """Return the state that waits in the queue of the settings."""
    return State(
        enter=[
            Text("We are looking for somebody who can help you. Please stay on the line."),
            Enqueue(settings.support_queue),
        ],
        exit=Exits(
            {
                "bridged": Exit(None, say=Text("Thank you for calling support. Goodbye.")),
                "leave": Exit(HOME, say=Text("You have left the queue.")),
                "hangup": None,
                "queue-full": Exit(HOME, say=FULL),
                "failed": Exit(HOME, say=Text("We could not put you into the queue. Please choose again.")),
            }
        ),
        options=MenuOption(key="2", label=Text("support")),
    )
