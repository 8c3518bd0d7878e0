"""The state ``error``, which says that the choice is not valid, and goes back to the previous state."""

from __future__ import annotations

from ivrkit import BACK, Text, states

error = states.message(Text("That choice is not valid."), then=BACK)
