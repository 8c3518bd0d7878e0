"""What a caller hears who pressed a key that leads nowhere; then it goes back to where that was."""

from __future__ import annotations

from ivrkit import BACK, State, Text

error = State(enter=Text("That choice is not valid."), exit=BACK)
