"""A tree in which every accepted key makes one transition that is kept, and is counted from outside by what is said."""

import functools
import os
import time
from pathlib import Path

from ivrkit import Call, Routes, State, ask, leads_to

#: The number at which a call is at its end.
LAST = 20
#: The folder in which each worker leaves its number, as soon as it has counted a key.
SERVED = "served"


@functools.cache
def _note(worker: int) -> None:
    folder = Path(SERVED)
    folder.mkdir(exist_ok=True)
    (folder / str(worker)).touch()


def _say_number(call: Call) -> object:
    return ask(f"You are at {call.data.get('number', 0)}.")


def _add(call: Call) -> str:
    call.data["number"] = call.data.get("number", 0) + 1
    _note(os.getpid())
    return "One more."


@leads_to("count", "done")
def _after_adding(call: Call) -> str:
    return "done" if call.data["number"] >= LAST else "count"


def _look_up(call: Call) -> str:
    """Take as long as a handler that asks a database: most of whoever is cut off is cut off here."""
    time.sleep(0.05)
    return "One moment."


count = State(_say_number, Routes({"1": "add", "2": "look_up"}))
look_up = State(_look_up, "add")
add = State(_add, _after_adding)
done = State(f"You have reached {LAST}.")
