"""Opening hours: say whether the company is open now, then the opening hours of the week.

Key 1 repeats the opening hours. Any other key, or silence, leads back to the menu.
"""

from __future__ import annotations

from ivrkit import MenuOption, State, Text, states

from acme_states.settings import AcmeSettings

REPEAT = Text("To hear this again, press one. For the menu, press any other key, or just wait.")


def hours(settings: AcmeSettings) -> State:
    """Return a state that reads out the opening hours."""
    return states.hours(
        settings.hours, repeat_text=REPEAT, options=MenuOption(key="3", label=Text("our business hours"))
    )
