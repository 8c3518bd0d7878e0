"""Support: put the caller into the queue for support. If the queue is full or fails, say so and go to the menu."""

from __future__ import annotations

from ivrkit import HOME, Goto, MenuOption, State, Text, states

from acme_states.settings import AcmeSettings

FULL = Text("All our lines are taken at the moment. Please try again a little later.")


def support(settings: AcmeSettings) -> State:
    """Return a state in which the caller waits in the queue for support."""
    return states.queue(
        settings.support_queue,
        Text("We are looking for somebody who can help you. Please stay on the line."),
        routes={
            "bridged": Goto(None, say=Text("Thank you for calling support. Goodbye.")),
            "leave": Goto(HOME, say=Text("You have left the queue.")),
            "hangup": None,
            "queue-full": Goto(HOME, say=FULL),
            "failed": Goto(HOME, say=Text("We could not put you into the queue. Please choose again.")),
        },
        options=MenuOption(key="2", label=Text("support")),
    )
