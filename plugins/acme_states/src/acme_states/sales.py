"""Sales: record a message, and thank the caller."""

from __future__ import annotations

from ivrkit import Goto, MenuOption, State, Text, states

from acme_states.settings import AcmeSettings

BUSY = Text("Everybody in sales is on the phone right now.")
REQUEST = Text(
    "After the tone, tell us your name, your number and what you are looking for. Press any key when you are done."
)
THANKS = Text("Thank you. Somebody from sales will call you back today. Goodbye.")


def sales(settings: AcmeSettings) -> State:
    """Return a state that records a message."""
    return states.voicemail(
        BUSY,
        REQUEST,
        max_length=settings.longest_message,
        then=Goto(None, say=THANKS),
        options=MenuOption(key="1", label=Text("sales")),
    )
