"""The greeting: who was called, then the menu."""

from __future__ import annotations

from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.settings.core import Settings


def greeting(settings: Settings) -> State:
    """Return the state that greets in the company's name and goes on to ``menu`` at once."""
    company = Text(Settings.company) if settings.company == Settings.company else settings.company
    return State(enter=Text(Texts.greeting, company=company), exit="menu")
