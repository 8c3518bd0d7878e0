"""Opening hours: whether somebody is there now, then the whole week; again on 1, else back to the menu."""

from __future__ import annotations

from ivrkit import MenuOption, State, Text, states

from acme_states.settings import AcmeSettings

AGAIN = Text("To hear this again, press one. For the menu, press any other key, or just wait.")


def hours(settings: AcmeSettings) -> State:
    """Return the state that reads out the opening hours of the settings."""
    return states.hours(
        settings.hours, repeat_text=AGAIN, options=MenuOption(key="3", label=Text("our business hours"))
    )
