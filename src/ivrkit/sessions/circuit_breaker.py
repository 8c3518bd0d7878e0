"""The circuit breaker of a session store: after a failure, the store gets no requests for a moment."""

from __future__ import annotations

import time
from collections.abc import Callable

#: How long the circuit stays open after a failure, in seconds.
OPEN_SECONDS = 1.0


class CircuitBreaker:
    """Remembers for all threads of a process that a store has just failed.

    A caller waits up to two seconds for a store that does not answer. While the circuit is open, calls that brought
    their cookie go on without the store. After that time, the next request shows whether the store is back.

    :param seconds: the time that the circuit stays open after a failure, in seconds.
    :param clock: returns the time in seconds; it must never go back.
    """

    def __init__(self, seconds: float = OPEN_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        #: The time of the clock at which the circuit closes again.
        self.open_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the store should get no requests now."""
        return self._clock() < self.open_until

    def record_failure(self) -> None:
        """Open the circuit, because a request to the store failed."""
        self.open_until = self._clock() + self._seconds
