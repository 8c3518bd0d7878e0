"""The queues that callers wait in."""

from __future__ import annotations

from dataclasses import dataclass, field

from ivrkit.simulator.actions import SimulatorError
from ivrkit.simulator.legs import new_sid

#: How many callers a queue takes: https://www.twilio.com/docs/voice/twiml/enqueue
MOST_MEMBERS = 1000
#: How a queue can fail: Twilio's ``QueueResult``.
FAILURES = ("error", "system-error")


@dataclass(slots=True)
class Queue:
    """A queue, and who stands in it already.

    :param name: as ``Enqueue`` names it.
    :param size: callers that stand in it already.
    :param most: callers that it takes.
    :param average_seconds: how long callers have waited in it so far.
    :param failure: ``error`` or ``system-error`` for a queue that takes nobody.
    :raises SimulatorError: for another failure.
    """

    name: str
    size: int = 0
    most: int = MOST_MEMBERS
    average_seconds: int = 30
    failure: str = ""
    sid: str = field(default_factory=lambda: new_sid("QU"))

    def __post_init__(self) -> None:
        """Refuse what Twilio has no word for."""
        if self.failure and self.failure not in FAILURES:
            raise SimulatorError(f"no queue fails with {self.failure!r}", hint=f"one of {', '.join(FAILURES)}")
