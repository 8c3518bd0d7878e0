"""Queues in which callers wait for an agent."""

from __future__ import annotations

from dataclasses import dataclass, field

from ivrkit.simulator.actions import SimulatorError
from ivrkit.simulator.legs import new_sid

#: Twilio's default size of a queue: https://www.twilio.com/docs/voice/twiml/enqueue
DEFAULT_MAX_SIZE = 1000
#: Values of Twilio's ``QueueResult`` for a queue that fails.
FAILURES = ("error", "system-error")


@dataclass(slots=True)
class Queue:
    """A queue in which callers wait. A test can fill the queue, or make the queue fail.

    :param name: the name of the queue, which the text of an ``Enqueue`` contains.
    :param size: number of callers who already wait in the queue.
    :param max_size: maximum number of callers in the queue.
    :param average_wait_seconds: Twilio's ``AvgQueueTime``.
    :param failure: ``error`` or ``system-error`` for a queue that accepts no caller, ``""`` for any other queue.
    :raises SimulatorError: if ``failure`` has any other value.
    """

    name: str
    size: int = 0
    max_size: int = DEFAULT_MAX_SIZE
    average_wait_seconds: int = 30
    failure: str = ""
    sid: str = field(default_factory=lambda: new_sid("QU"))

    def __post_init__(self) -> None:
        """Raise an error if ``failure`` has an invalid value."""
        if self.failure and self.failure not in FAILURES:
            raise SimulatorError(
                f"Queue: failure must be error or system-error, not {self.failure!r}",
                hint="use a QueueResult of Twilio for a queue that fails",
            )
