"""A phone tree with a handler that hangs until the test makes a file."""

import time
from pathlib import Path

from ivrkit import Call, Routes, State, ask

#: The file that the test makes to end the handlers, in the folder of the server.
RELEASED = "hanging-released"
#: The file to which each handler that hangs adds a line when it starts, and the file for the lines of those that ended.
ENTERED, ENDED = "hanging-entered", "hanging-ended"


def _note(file: str, call: Call) -> None:
    with Path(file).open("a", encoding="utf-8") as lines:
        lines.write(f"{call.sid}\n")


def _hang(call: Call) -> str:
    _note(ENTERED, call)
    while not Path(RELEASED).exists():
        time.sleep(0.05)
    call.data["late"] = "yes"
    _note(ENDED, call)
    return "Too late."


def _say_sorry(call: Call) -> str:
    return f"Sorry, and data {call.data}."


hanging = State(_hang, "count", on_error="sorry")
sorry = State(lambda call: ask(_say_sorry(call)), Routes({"1": "count"}))
