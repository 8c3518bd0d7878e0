"""A phone tree that counts the keys of a call and says the number, so that a test sees each lost or doubled key."""

import functools
import os
import time
from pathlib import Path

from ivrkit import Call, Routes, State, ask, leads_to

#: The number at which a call ends.
LAST = 20
#: The folder with a file for each worker that has counted a key; the file's name is the process id.
SERVED = "served"


@functools.cache
def _record_worker(worker: int) -> None:
    folder = Path(SERVED)
    folder.mkdir(exist_ok=True)
    (folder / str(worker)).touch()


def _say_number(call: Call) -> object:
    return ask(f"You are at {call.data.get('number', 0)}.")


def _add(call: Call) -> str:
    call.data["number"] = call.data.get("number", 0) + 1
    _record_worker(os.getpid())
    return "One more."


@leads_to("count", "done")
def _after_adding(call: Call) -> str:
    return "done" if call.data["number"] >= LAST else "count"


def _look_up(call: Call) -> str:
    """Take as long as a database query. When a worker is killed, most of its webhooks are here."""
    time.sleep(0.05)
    return "One moment."


count = State(_say_number, Routes({"1": "add", "2": "look_up"}))
look_up = State(_look_up, "add")
add = State(_add, _after_adding)
done = State(f"You have reached {LAST}.")
