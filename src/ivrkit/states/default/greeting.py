"""The state ``greeting``: the company's greeting, then the menu."""

from __future__ import annotations

from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.settings import Settings


def greeting(settings: Settings) -> State:
    """Return the state that says the company's greeting and goes on to the state ``menu``."""
    return State(enter=Text(Texts.greeting, company=settings.spoken_company), exit="menu")
