"""Results of playing a document: the next request, or an exception that ends the document early.

Each verb that waits is a generator. When somebody has to act, the generator yields a
:class:`~ivrkit.simulator.waiting.Waiting`, and receives the action. At its end, the generator returns the next request,
or ``None`` if the next verb of the document is played. A verb can also raise one of these exceptions:

1. :class:`LegEnded` ends a leg. The end of the caller's leg ends the call.
2. :class:`HungUp` ends the call if the caller hung up. If another person hung up, the exception ends only the talk.
3. :class:`LeftQueue` and :class:`TakenFromQueue` end the wait in a queue.
4. :class:`VerbEnded` ends one verb. The cause is outside the call, for example Twilio's REST API.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from ivrkit.simulator.actions import Action
from ivrkit.simulator.waiting import Waiting

#: The playback of a verb or a document.
Playback = Generator[Waiting, Action, "WebhookRequest | None"]


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request that the simulator is about to send.

    :param url: an absolute URL. The fragment of the URL can contain connection overrides, which set timeouts and
        retries.
    :param purpose: see :class:`~ivrkit.simulator.events.Requested`.
    :param params: the parameters of the request, in addition to the parameters of the leg.
    """

    url: str
    method: str
    purpose: str
    params: Mapping[str, str] = field(default_factory=dict)


class LegEnded(Exception):
    """Raised when a document ends the leg of the person who hears the document.

    :param reason: a key of :data:`~ivrkit.simulator.events.END_REASONS`, such as ``hangup``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class HungUp(Exception):
    """Raised when somebody hangs up, or when the call reaches its maximum length.

    :param who: ``caller``, ``callee`` or ``agent``.
    :param reason: a key of :data:`~ivrkit.simulator.events.END_REASONS`. The reason counts only if ``who`` is
        ``caller``.
    """

    def __init__(self, who: str, reason: str = "caller-hung-up") -> None:
        super().__init__(who)
        self.who = who
        self.reason = reason
        #: A request that Twilio still sends, although nobody hears its response.
        self.last_request: WebhookRequest | None = None


class LeftQueue(Exception):
    """Raised when the verb ``Leave`` takes the caller out of the queue."""


class TakenFromQueue(Exception):
    """Raised when an agent takes the caller from the queue.

    :param after: seconds until the agent answers.
    """

    def __init__(self, after: float) -> None:
        super().__init__(after)
        self.after = after


class VerbEnded(Exception):
    """Raised when the waiting verb ends with a result that nobody in the call can cause.

    :param params: the parameters that are sent to the ``action`` of the verb.
    """

    def __init__(self, params: Mapping[str, str]) -> None:
        super().__init__(params)
        self.params = params
