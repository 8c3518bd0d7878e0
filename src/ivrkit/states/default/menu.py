"""The state ``menu``: the main menu, with the options of the installed states."""

from __future__ import annotations

from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.state import State

menu = State(enter=Menu())
