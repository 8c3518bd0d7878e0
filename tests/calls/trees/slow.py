"""A state whose answer takes its time."""

import time

from ivrkit import Call, State

#: How long, in seconds.
TAKES = 3.0


def _take_time(call: Call) -> str:
    time.sleep(TAKES)
    return "That took a while."


slow = State(_take_time)
