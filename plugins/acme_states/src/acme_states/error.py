"""Error: tell callers that a key is not valid, and send them back to the state of that key."""

from __future__ import annotations

from ivrkit import BACK, Text, states

error = states.message(Text("That choice is not valid."), then=BACK)
