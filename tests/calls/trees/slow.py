"""A phone tree with a handler that takes three seconds."""

import time

from ivrkit import Call, State

#: How long the handler takes, in seconds.
DURATION = 3.0


def _wait(call: Call) -> str:
    time.sleep(DURATION)
    return "That took a while."


slow = State(_wait)
