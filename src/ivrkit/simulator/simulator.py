"""A telephone number at Twilio whose webhook is the app that is tried: whoever calls it gets a simulated call."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ivrkit.simulator.actions import Action
from ivrkit.simulator.assumptions import Assumptions
from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.legs import Leg
from ivrkit.simulator.line import Line, Speeds
from ivrkit.simulator.queues import Queue
from ivrkit.simulator.waiting import Go
from ivrkit.simulator.wire.client import Client
from ivrkit.simulator.wire.messages import absolute
from ivrkit.simulator.wire.transports import HttpTransport, TableEntry, TableTransport, Transport, WsgiTransport

#: Whoever calls, and the number that is called: of the range that is kept for examples, and of Twilio's own for tests.
FROM, TO = "+14155550100", "+15005550006"
#: The account that the number belongs to; there is none of this SID.
ACCOUNT = "AC" + "5e" * 16
#: More documents than this, and a call is stopped: Twilio itself names no limit.
MOST_DOCUMENTS = 100
#: Where an app in process is said to be.
BASE_URL = "https://ivr.example.com"


class Simulator:
    """A telephone number at Twilio, and how it is set up there.

    :param transport: how the app is reached.
    :param url: the webhook, absolute.
    :param method: of the first request.
    :param token: the account's auth token, which signs; ``""`` signs nothing.
    :param fallback_url: what is asked when the webhook fails, absolute or relative to ``url``; ``""`` for none.
    :param status_callback: what is told when the call is over, likewise.
    :param assumptions: how Twilio is taken to act where nobody can be sure.
    :param speeds: how long things take on the call's clock.
    :param max_documents: documents that a call may have before it is stopped.
    :raises ~ivrkit.simulator.wire.messages.Failure: for a URL that can't be.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        *,
        method: str = "POST",
        token: str = "",
        account: str = ACCOUNT,
        fallback_url: str = "",
        fallback_method: str = "POST",
        status_callback: str = "",
        status_callback_method: str = "POST",
        assumptions: Assumptions | None = None,
        speeds: Speeds | None = None,
        max_documents: int = MOST_DOCUMENTS,
    ) -> None:
        self.transport = transport
        self.url = absolute(url, url)
        self.method = method
        self.token = token
        self.account = account
        self.fallback = (absolute(self.url, fallback_url) if fallback_url else "", fallback_method)
        self.status_callback = (absolute(self.url, status_callback) if status_callback else "", status_callback_method)
        self.assumptions = assumptions or Assumptions()
        self.speeds = speeds or Speeds()
        self.max_documents = max_documents
        #: The queues by name; one that is not there is made on demand, empty.
        self.queues: dict[str, Queue] = {}

    @classmethod
    def for_app(
        cls, app: Callable[..., Any], path: str = "/webhook", *, base_url: str = BASE_URL, **number: Any
    ) -> Simulator:
        """Return a number whose webhook is a WSGI app in this process.

        :param path: the webhook's, below ``base_url``.
        :param number: what :class:`Simulator` takes besides.
        """
        return cls(WsgiTransport(app, base_url), base_url + path, **number)

    @classmethod
    def for_url(cls, url: str, **number: Any) -> Simulator:
        """Return a number whose webhook is somewhere in a network, this machine's own or the public one."""
        return cls(HttpTransport(), url, **number)

    @classmethod
    def for_documents(cls, documents: Mapping[str, TableEntry], path: str = "/", **number: Any) -> Simulator:
        """Return a number whose documents are given: URL or path -> TwiML.

        :param path: which of them the call begins with.
        """
        return cls(TableTransport(documents), absolute(BASE_URL, path), **number)

    def queue(self, name: str) -> Queue:
        """Return a queue, made on demand."""
        return self.queues.setdefault(name, Queue(name))

    def call(
        self,
        script: Iterable[Action] = (),
        *,
        from_: str = FROM,
        to: str = TO,
        patience: float | None = None,
        **params: str,
    ) -> SimulatedCall:
        """Call the number.

        :param script: what the caller and the others do, one after the other; more can be done with the call.
        :param from_: whoever calls: E.164, ``client:name``, ``sip:...``, or a word such as ``anonymous``.
        :param to: the number.
        :param patience: seconds after which the caller hangs up, whatever is heard then.
        :param params: parameters besides the usual ones, or in their place: ``CallerName="ACME"``.
        """
        client = Client(
            self.transport,
            token=self.token,
            redirect_as_get=self.assumptions.redirect_as_get,
            cookies=self.assumptions.cookies,
            new_token=lambda: secrets.token_hex(16),
        )
        line = Line(
            client,
            Leg(self.account, from_, to, more=params),
            Go(self.url, self.method, "webhook"),
            self.fallback,
            self.status_callback,
            self.queue,
            self.assumptions,
            self.speeds,
            self.max_documents,
            patience,
        )
        return SimulatedCall(line, script)
