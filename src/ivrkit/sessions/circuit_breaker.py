"""The circuit breaker of a session store: for a short time after a failure, the store gets no requests."""

from __future__ import annotations

import time
from collections.abc import Callable

#: How long the circuit stays open after a failure, in seconds.
OPEN_SECONDS = 1.0


class CircuitBreaker:
    """Remembers for all threads of a process that a store has just failed.

    A caller waits up to two seconds for a store that does not answer. While the circuit is open, calls that have a
    session cookie continue without the store. When the circuit is closed again, the next request to the store shows
    whether the store works again.

    :param seconds: the time that the circuit stays open after a failure, in seconds.
    :param clock: a function that returns the time in seconds. This time must never go back.
    """

    def __init__(self, seconds: float = OPEN_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        #: The time of the clock at which the circuit closes again.
        self.open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the circuit is open. While the circuit is open, the store should get no requests."""
        return self._clock() < self.open_until

    def record_failure(self) -> None:
        """Open the circuit, because a request to the store failed."""
        self.open_until = self._clock() + self._seconds
