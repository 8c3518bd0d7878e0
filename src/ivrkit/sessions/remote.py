"""Helpers for session stores behind a network: a time limit, and the error for a missing package."""

from __future__ import annotations

import threading
import time

from ivrkit.errors import SessionError
from ivrkit.settings.redaction import redact_url

#: How long one load or save may take in all, in seconds. A store promises two seconds; a busy machine needs the rest.
LIMIT = 1.6


# Thread-local, because the threads of a process share one store, and each has its own operation.
class TimeLimit(threading.local):
    """The time limit of the current operation of a thread.

    One operation can wait several times: to connect, to log in, to send and to receive. Each wait gets only the
    remaining time, so all waits together take at most :data:`LIMIT` seconds.
    """

    _end = 0.0

    def start(self) -> None:
        """Start the time limit for a new operation."""
        self._end = time.monotonic() + LIMIT

    def remaining(self) -> float:
        """Return the remaining time in seconds. The result is 0 or less if the time limit is over."""
        return self._end - time.monotonic()

    def cap(self, seconds: float) -> float:
        """Return the timeout for one wait, in seconds: at most the remaining time, and always above 0.

        :param seconds: the timeout if enough time remains.
        """
        # A timeout of 0 would mean not to wait at all, and a negative one is an error.
        return max(min(seconds, self.remaining()), 0.001)


def missing_package(url: str, package: str, extra: str) -> SessionError:
    """Return the error for a URL whose store needs a package that is not installed.

    :param package: the missing package.
    :param extra: the extra of ivrkit that installs the package.
    """
    return SessionError(
        f"the session store {redact_url(url)} needs {package}, which is not installed",
        hint=f"pip install 'ivrkit[{extra}]'",
    )
