"""Error: say that the choice is not valid, and go back to the state in which the caller made it."""

from __future__ import annotations

from ivrkit import BACK, Text, states

error = states.message(Text("That choice is not valid."), then=BACK)
