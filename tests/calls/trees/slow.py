"""A phone tree with a handler that takes three seconds."""

import time
from pathlib import Path

from ivrkit import Call, State

#: How long the handler takes, in seconds.
DURATION = 3.0
#: The file that the handler creates when it starts, in the folder of the server.
STARTED = "slow-started"


def _wait(call: Call) -> str:
    Path(STARTED).touch()
    time.sleep(DURATION)
    return "That took a while."


slow = State(_wait)
