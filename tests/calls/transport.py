"""The network between Twilio and a server."""

import time

from ivrkit.simulator import HttpTransport, Request, Response
from ivrkit.simulator.wire.overrides import Overrides

#: The delay before each request, in seconds, as long as some round trips over the internet. Without it, the request to
#: the fallback URL would arrive while the kernel still closes the killed worker's socket. Each worker of granian has a
#: listening socket of its own, so that a connection to the dead worker's socket would be reset again.
_DELAY = 0.2


class DelayedHttpTransport(HttpTransport):
    """HTTP with a delay before each request."""

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Send a request after the delay."""
        time.sleep(_DELAY)
        return super().send(request, overrides)
