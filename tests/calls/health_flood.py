"""Many clients that request ``/healthz`` again and again."""

import contextlib
import threading

from tests.processes import ask


class HealthFlood:
    """Clients that request a health check without a pause, until the end of the ``with`` block.

    :param url: the URL of the health check.
    :param clients: the number of clients.
    """

    def __init__(self, url: str, clients: int) -> None:
        self._url = url
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._request, daemon=True) for _ in range(clients)]
        #: The status of each response, 0 if there was none.
        self.statuses: list[int] = []

    def __enter__(self) -> "HealthFlood":
        """Start the clients."""
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Stop the clients after their next response."""
        self._ended.set()
        for each in self._threads:
            each.join()

    def _request(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError):
                self.statuses.append(ask(self._url)[0])
