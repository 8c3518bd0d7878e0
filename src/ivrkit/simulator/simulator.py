"""A simulated phone number that a test can call."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ivrkit.simulator.actions import Action
from ivrkit.simulator.assumptions import Assumptions
from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.clock import milliseconds
from ivrkit.simulator.legs import Leg
from ivrkit.simulator.live_call import LiveCall, Speeds
from ivrkit.simulator.queues import Queue
from ivrkit.simulator.signals import WebhookRequest
from ivrkit.simulator.wire.client import Client
from ivrkit.simulator.wire.messages import absolute_url
from ivrkit.simulator.wire.signature import SharedKey
from ivrkit.simulator.wire.transports import HttpTransport, TableEntry, TableTransport, Transport, WsgiTransport

#: Default numbers: a caller from the range that is reserved for examples, and one of Twilio's test numbers.
FROM, TO = "+14155550100", "+15005550006"
#: The AccountSid of the number. No real account has it.
ACCOUNT = "AC" + "5e" * 16
#: Default number of documents after which a call is stopped. Twilio documents no limit.
MAX_DOCUMENTS = 100
#: The base URL of an app in this process.
BASE_URL = "https://ivr.example.com"


class Simulator:
    """A simulated phone number at Twilio, with the settings of the number.

    :param transport: the connection to the app: a WSGI app in this process, HTTP, or a table of documents.
    :param url: the absolute URL of the webhook.
    :param method: the HTTP method of the first request.
    :param token: the auth token that signs requests, or ``""`` for no signature.
    :param shared_keys: the shared keys that sign requests in place of the token. Several keys sign in turn, as while a
        rule at Twilio divides the webhooks between two keys.
    :param account: the AccountSid.
    :param fallback_url: the URL that is requested if the webhook fails, absolute or relative to ``url``. The value
        ``""`` means that the number has no fallback URL.
    :param status_callback: the URL that is requested when a call is over, absolute or relative to ``url``. The value
        ``""`` means that the number has no status callback.
    :param assumptions: settings for behaviour of Twilio that Twilio's documentation leaves unclear.
    :param speeds: how long speech, files and hold music take on the simulated clock of a call.
    :param max_documents: the number of documents after which the simulator stops a call.
    :raises ~ivrkit.simulator.wire.messages.Failure: if a URL is invalid.
    """

    def __init__(
        self,
        transport: Transport,
        url: str,
        *,
        method: str = "POST",
        token: str = "",
        shared_keys: Sequence[SharedKey] = (),
        account: str = ACCOUNT,
        fallback_url: str = "",
        fallback_method: str = "POST",
        status_callback: str = "",
        status_callback_method: str = "POST",
        assumptions: Assumptions | None = None,
        speeds: Speeds | None = None,
        max_documents: int = MAX_DOCUMENTS,
    ) -> None:
        self.transport = transport
        self.url = absolute_url(url, url)
        self.method = method
        self.token = token
        self.shared_keys = tuple(shared_keys)
        self.account = account
        self.fallback = (absolute_url(self.url, fallback_url) if fallback_url else "", fallback_method)
        self.status_callback = (
            absolute_url(self.url, status_callback) if status_callback else "",
            status_callback_method,
        )
        self.assumptions = assumptions or Assumptions()
        self.speeds = speeds or Speeds()
        self.max_documents = max_documents
        #: The queues by name. A missing queue is created empty when a call joins it.
        self.queues: dict[str, Queue] = {}

    @classmethod
    def for_app(
        cls, app: Callable[..., Any], path: str = "/webhook", *, base_url: str = BASE_URL, **settings: Any
    ) -> Simulator:
        """Create a simulated number whose webhook is a WSGI app in this process.

        :param app: the WSGI app.
        :param path: the path of the webhook below ``base_url``.
        :param base_url: scheme, host and port of the app, as the app sees them in a request.
        :param settings: other parameters of :class:`Simulator`.
        """
        return cls(WsgiTransport(app, base_url), base_url + path, **settings)

    @classmethod
    def for_url(cls, url: str, **settings: Any) -> Simulator:
        """Create a simulated number whose webhook is reached over HTTP, on this machine or on the internet.

        :param url: the absolute URL of the webhook.
        :param settings: other parameters of :class:`Simulator`.
        """
        return cls(HttpTransport(), url, **settings)

    @classmethod
    def for_documents(cls, documents: Mapping[str, TableEntry], path: str = "/", **settings: Any) -> Simulator:
        """Create a simulated number without an app. The TwiML documents come from a table.

        :param documents: dict of URL or path -> TwiML: see :class:`TableTransport`.
        :param path: the path of the first document.
        :param settings: other parameters of :class:`Simulator`.
        """
        return cls(TableTransport(documents), absolute_url(BASE_URL, path), **settings)

    def queue(self, name: str) -> Queue:
        """Return the queue with a name. If no queue has this name, create an empty queue."""
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

        :param script: the actions of the people in the call, in order. The call that is returned accepts more actions.
        :param from_: the caller: a number in E.164, ``client:name``, ``sip:...`` or a word such as ``anonymous``.
        :param to: the number that is called.
        :param patience: the number of seconds after which the caller hangs up. By default, the caller does not hang up.
        :param params: parameters that are added to Twilio's parameters, such as ``CallerName="ACME"``. Such a parameter
            replaces Twilio's parameter of the same name.
        :returns: the call, which waits for the next action or has ended.
        """
        # A client keeps the cookies and passwords of one call, so each call gets a new one.
        client = Client(
            self.transport,
            token=self.token,
            shared_keys=self.shared_keys,
            redirect_as_get=self.assumptions.redirect_as_get,
            cookies=self.assumptions.cookies,
            new_token=lambda: secrets.token_hex(16),
        )
        live_call = LiveCall(
            client=client,
            leg=Leg(self.account, from_, to, extra_params=params),
            webhook=WebhookRequest(self.url, self.method, "webhook"),
            fallback=self.fallback,
            status_callback=self.status_callback,
            queues=self.queue,
            assumptions=self.assumptions,
            speeds=self.speeds,
            max_documents=self.max_documents,
            patience=None if patience is None else milliseconds(patience),
        )
        return SimulatedCall(live_call, script)
