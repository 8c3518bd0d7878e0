"""The main menu: every state that hangs in it, read out by key."""

from __future__ import annotations

from ivrkit.flow.recipes import Menu
from ivrkit.flow.state import State

menu = State(enter=Menu())
