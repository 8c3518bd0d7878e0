"""The health of a session store, which the health check of the app reports.

Anyone can request the health check, and a store that does not answer keeps a thread waiting for up to two seconds. So:

1. The store is checked at most once in :data:`CHECK_SECONDS`, whatever the number of requests.
2. Only one thread checks the store. Other threads get the result of the last check at once.
3. While the circuit breaker is open, the store has just failed, so the store is not checked.
4. A failure is logged as one line, at most once in :data:`LOG_SECONDS`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from ivrkit.errors import SessionError
from ivrkit.plugin_errors import describe_error
from ivrkit.sessions.circuit_breaker import CircuitBreaker

#: How long the result of a check is used, in seconds.
CHECK_SECONDS = 1.0
#: How often a store that fails is logged, in seconds.
LOG_SECONDS = 60.0

log = logging.getLogger("ivrkit.sessions")


class StoreHealth:
    """Remembers for all threads of a process whether the store can be read.

    :param check: a function that reads the store. It raises a ``SessionError`` if the store fails.
    :param breaker: the circuit breaker of the store.
    :param clock: a function that returns the time in seconds. This time must never go back.
    """

    def __init__(
        self, check: Callable[[], object], breaker: CircuitBreaker, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._check = check
        self._breaker = breaker
        self._clock = clock
        self._lock = threading.Lock()
        # The store was read when it was opened, just before this object was made.
        self._healthy = True
        self._logged_at: float | None = None
        #: The time of the clock from which the store is checked again.
        self.check_at = 0.0

    def is_healthy(self) -> bool:
        """Return whether the store could be read at the last check. Check the store if the last check is too old."""
        if self._breaker.is_open:
            return False  # rule 3
        if self._clock() >= self.check_at and self._lock.acquire(blocking=False):  # rules 1 and 2
            try:
                self._healthy = self._can_be_read()
            finally:
                self.check_at = self._clock() + CHECK_SECONDS
                self._lock.release()
        return self._healthy

    def _can_be_read(self) -> bool:
        """Read the store. If it fails, log the failure and open the circuit breaker."""
        try:
            self._check()
        except SessionError as error:
            self._breaker.record_failure()
            self._log(error)
            return False
        if self._logged_at is not None:
            log.info("the session store can be read again")
            self._logged_at = None
        return True

    def _log(self, error: SessionError) -> None:
        now = self._clock()
        if self._logged_at is None or now - self._logged_at >= LOG_SECONDS:  # rule 4
            self._logged_at = now
            log.error("the session store cannot be read: %s", describe_error(error))
