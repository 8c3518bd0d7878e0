"""The network between Twilio and a server, and the retries of requests that fail there."""

import contextlib
import multiprocessing
import time
from collections.abc import Iterator

from tests.processes import PATIENCE

from ivrkit.simulator import HttpTransport, Request, Response
from ivrkit.simulator.wire.messages import Failure
from ivrkit.simulator.wire.overrides import Overrides

#: Processes are spawned: a fork of pytest's process would have copies of its threads' locks.
SPAWN = multiprocessing.get_context("spawn")
#: The delay before each request, in seconds: about the time of some round trips over the internet.
_DELAY = 0.2


class Retries:
    """Counts the calls that are being retried, in all processes of the callers.

    A call is being retried from its failed request until the caller hears the next words. If the request to the
    fallback URL fails too, Twilio ends the call, and no server can prevent that. So no worker may be killed during a
    retry, however long it takes on a busy machine.
    """

    def __init__(self) -> None:
        self._condition = SPAWN.Condition()
        self._count = SPAWN.Value("i", 0, lock=False)

    def begin(self) -> None:
        """Count a call, as soon as :meth:`none_running` allows it."""
        with self._condition:
            self._count.value += 1

    def end(self) -> None:
        """Count a call no longer."""
        with self._condition:
            self._count.value -= 1
            self._condition.notify_all()

    @contextlib.contextmanager
    def none_running(self) -> Iterator[None]:
        """Wait until no call is being retried, and let no retry begin in the ``with`` block."""
        with self._condition:
            assert self._condition.wait_for(lambda: self._count.value == 0, PATIENCE), "the retries did not end"
            yield


class DelayedHttpTransport(HttpTransport):
    """HTTP with a delay before each request.

    :param retries: counts the call whose requests this transport sends; ``None`` for no count.
    """

    def __init__(self, retries: Retries | None = None) -> None:
        self._retries = retries
        self._is_retrying = False

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Send a request after the delay; if it fails, begin a retry."""
        time.sleep(_DELAY)
        try:
            return super().send(request, overrides)
        except Failure:
            if self._retries and not self._is_retrying:
                self._is_retrying = True
                self._retries.begin()
            raise

    def end_retry(self) -> None:
        """End the retry, if one is running."""
        if self._retries and self._is_retrying:
            self._is_retrying = False
            self._retries.end()
