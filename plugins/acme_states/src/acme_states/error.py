"""The state ``error``. It says that the choice is not valid, and returns to the state that asked for the choice."""

from __future__ import annotations

from ivrkit import BACK, Text, states

error = states.message(Text("That choice is not valid."), then=BACK)
