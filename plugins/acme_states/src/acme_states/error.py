"""The state ``error``: it says that the choice is not valid, and goes back to the state of the invalid key."""

from __future__ import annotations

from ivrkit import BACK, Text, states

error = states.message(Text("That choice is not valid."), then=BACK)
