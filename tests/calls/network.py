"""The way from Twilio to a server."""

import time

from ivrkit.simulator import HttpTransport, Request, Response
from ivrkit.simulator.wire.overrides import Overrides

#: How long a request of Twilio's is on its way, in seconds: some round trips over the internet, for TLS too. Sent from
#: this very machine, the fallback would come while a killed worker is still being taken down; and granian's workers
#: have a listening socket each, so that whoever comes to the dead one's is cut off again.
_ON_ITS_WAY = 0.2


class FarAway(HttpTransport):
    """The network, with the way to the server in it."""

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Send a request."""
        time.sleep(_ON_ITS_WAY)
        return super().send(request, overrides)
