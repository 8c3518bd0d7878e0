"""The main menu: every state that hangs in it, read out by key."""

from __future__ import annotations

from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.state import State

menu = State(enter=Menu())
