"""A handler that takes its process down with it, and leaves a line each time that it is run."""

import os
import signal
from pathlib import Path

from ivrkit import Call, Routes, State, ask

#: Beside the settings of the server.
LINES = "deadly.txt"


def _die(call: Call) -> str:
    with Path(LINES).open("a", encoding="utf-8") as file:
        file.write(f"{call.turn_key}\n")
    os.kill(os.getpid(), signal.SIGKILL)
    return "Nobody hears this."


choice = State(ask("Press one."), Routes({"1": "deadly", "2": None}))
deadly = State(_die)
