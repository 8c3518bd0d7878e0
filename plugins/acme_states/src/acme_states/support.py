"""Support: wait in the queue for somebody to help."""

from __future__ import annotations

from ivrkit import HOME, Exit, MenuOption, State, Text, states

from acme_states.settings import AcmeSettings

FULL = Text("All our lines are taken at the moment. Please try again a little later.")


def support(settings: AcmeSettings) -> State:
    """Return the state that waits in the queue of the settings."""
    return states.queue(
        settings.support_queue,
        Text("We are looking for somebody who can help you. Please stay on the line."),
        exits={
            "bridged": Exit(None, say=Text("Thank you for calling support. Goodbye.")),
            "leave": Exit(HOME, say=Text("You have left the queue.")),
            "hangup": None,
            "queue-full": Exit(HOME, say=FULL),
            "failed": Exit(HOME, say=Text("We could not put you into the queue. Please choose again.")),
        },
        options=MenuOption(key="2", label=Text("support")),
    )
