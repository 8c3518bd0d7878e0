"""How an app is reached: in this process, over HTTP, or out of a table of documents."""

from __future__ import annotations

from typing import Protocol

from ivrkit.simulator.wire.messages import Request, Response
from ivrkit.simulator.wire.overrides import Overrides
from ivrkit.simulator.wire.transports.from_table import TableEntry, TableTransport
from ivrkit.simulator.wire.transports.in_process import WsgiTransport
from ivrkit.simulator.wire.transports.over_http import HttpTransport


class Transport(Protocol):
    """Reaches an app."""

    def send(self, request: Request, overrides: Overrides) -> Response:
        """Send one request, and return what came, whatever its status; nothing is followed.

        :raises ~ivrkit.simulator.wire.messages.Failure: when nothing came.
        """

    def serves(self, url: str) -> bool:
        """Return whether a file at a URL can be fetched."""


__all__ = ["HttpTransport", "TableEntry", "TableTransport", "Transport", "WsgiTransport"]
