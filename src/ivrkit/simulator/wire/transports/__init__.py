"""Transports that reach an app: a WSGI app in this process, HTTP, or a table of documents."""

from __future__ import annotations

from typing import Protocol

from ivrkit.simulator.wire.messages import Request, Response
from ivrkit.simulator.wire.overrides import Overrides
from ivrkit.simulator.wire.transports.http import HttpTransport
from ivrkit.simulator.wire.transports.table import TableEntry, TableTransport
from ivrkit.simulator.wire.transports.wsgi import WsgiTransport


class Transport(Protocol):
    """A way in which the simulator reaches an app."""

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Send one request, without following redirects.

        :param overrides: the timeouts of the request.
        :returns: the response, which may have an error status.
        :raises ~ivrkit.simulator.wire.messages.Failure: if there was no response.
        """

    def serves(self, url: str) -> bool:
        """Return whether the transport can fetch a file at this URL."""


__all__ = ["HttpTransport", "TableEntry", "TableTransport", "Transport", "WsgiTransport"]
