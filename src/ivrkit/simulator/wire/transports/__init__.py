"""How an app is reached: in this process, over HTTP, or out of a table of documents."""

from __future__ import annotations

from typing import Protocol

from ivrkit.simulator.wire.messages import Answer, Request
from ivrkit.simulator.wire.overrides import Overrides
from ivrkit.simulator.wire.transports.from_table import FromTable, Served
from ivrkit.simulator.wire.transports.in_process import InProcess
from ivrkit.simulator.wire.transports.over_http import OverHttp


class Transport(Protocol):
    """Reaches an app."""

    def send(self, request: Request, overrides: Overrides) -> Answer:
        """Send one request, and return what came, whatever its status; nothing is followed.

        :raises ~ivrkit.simulator.wire.messages.Failure: when nothing came.
        """

    def serves(self, url: str) -> bool:
        """Return whether a file at a URL can be fetched."""


__all__ = ["FromTable", "InProcess", "OverHttp", "Served", "Transport"]
