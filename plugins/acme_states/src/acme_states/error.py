"""What a caller hears who pressed a key that leads nowhere; then it goes back to where that was."""

from __future__ import annotations

from ivrkit import BACK, Text, states

error = states.message(Text("That choice is not valid."), then=BACK)
