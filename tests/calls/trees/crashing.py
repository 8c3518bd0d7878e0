"""A phone tree with a handler that kills its own process. It writes a line to a file each time it runs."""

import os
import signal
from pathlib import Path

from ivrkit import Call, Routes, State, ask

#: The file, in the folder of the server.
RUNS = "crashes.txt"


def _crash(call: Call) -> str:
    with Path(RUNS).open("a", encoding="utf-8") as file:
        file.write(f"{call.turn_key}\n")
    os.kill(os.getpid(), signal.SIGKILL)
    return "Nobody hears this."


choice = State(ask("Press one."), Routes({"1": "crash", "2": None}))
crash = State(_crash)
