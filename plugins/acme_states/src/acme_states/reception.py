"""Reception: connect the caller to reception. If that fails, say the reason and go back to the menu."""

from __future__ import annotations

from ivrkit import HOME, Goto, MenuOption, State, Text, states

from acme_states.settings import AcmeSettings


def reception(settings: AcmeSettings) -> State:
    """Return a state that rings reception."""
    return states.transfer(
        settings.reception_number,
        Text("One moment, we are ringing reception."),
        timeout=settings.reception_rings,
        routes={
            "busy": Goto(HOME, say=Text("Reception is on another call.")),
            "no-answer": Goto(HOME, say=Text("Nobody at reception could get to the phone.")),
            "failed": Goto(HOME, say=Text("Reception can't be reached at the moment.")),
            "declined": Goto(HOME, say=Text("Reception can't take your call right now.")),
            "canceled": HOME,
        },
        options=MenuOption(key="0", label=Text("reception")),
    )
