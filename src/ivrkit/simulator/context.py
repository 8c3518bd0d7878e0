"""The context in which a TwiML document is played: the call leg, the listener, and the verbs that are allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ivrkit.simulator.actions import CALLER
from ivrkit.simulator.legs import Leg
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.signals import Playback, WebhookRequest
from ivrkit.simulator.twiml.attributes import text_attribute
from ivrkit.simulator.twiml.document import Document
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.wire.messages import Failure, absolute_url

#: A function that plays one verb. A verb that waits returns its playback; any other verb is over at once.
Verb = Callable[[LiveCall, "DocumentContext", Element], Playback | WebhookRequest | None]


@dataclass(frozen=True, slots=True)
class DocumentContext:
    """The context in which a TwiML document is played.

    :param leg: the leg of the call whose parameters, such as ``CallSid``, are sent with the document's requests.
    :param who: the person who hears the document: ``caller`` or ``callee``.
    :param url: the URL of the document, which is the base of the relative URLs in the document.
    :param verbs: the verbs that are allowed in the document.
    :param play: a function that plays another document. The context has this function, because a verb can't import the
        player.
    :param queue: the queue in which the caller waits, or ``""`` if the caller is not in a queue.
    """

    leg: Leg
    who: str
    url: str
    verbs: Mapping[str, Verb]
    play: Callable[[LiveCall, DocumentContext, Document], Playback]
    queue: str = ""

    @property
    def description(self) -> str:
        """A phrase for messages that says where the document is played, such as ``in this call``."""
        if self.queue:
            return "to a caller who waits in a queue"
        return "in this call" if self.who == CALLER else "to the callee"

    def request(
        self, call: LiveCall, verb: Element, purpose: str, url: str | None, method: str, **params: str
    ) -> WebhookRequest | None:
        """Return the request for a URL that a verb contains, for example in ``action`` or ``statusCallback``.

        :param purpose: the purpose of the request: see :class:`~ivrkit.simulator.events.Requested`.
        :param url: the absolute or relative URL in the verb, or ``None`` for the URL of the document.
        :param params: the parameters of the request, in addition to the parameters of the leg.
        :returns: the request, or ``None`` if the URL is invalid. An invalid URL is reported as a warning.
        """
        try:
            target = self.url if url is None else absolute_url(self.url, url)
        except Failure as failure:
            call.warn(failure.code, failure.message, url=self.url, line=verb.line, column=verb.column)
            return None
        return WebhookRequest(target, method, purpose, params)

    def action_request(
        self, call: LiveCall, verb: Element, params: Mapping[str, str], *, required: bool
    ) -> WebhookRequest | None:
        """Return the request for the ``action`` of a verb that has ended.

        :param params: the parameters of the request, in addition to the parameters of the leg.
        :param required: whether a verb without ``action`` requests the current document again. This is true for
            ``Gather`` and ``Record``. After any other verb without ``action``, the next verb is played.
        :returns: the request, or ``None`` if the verb requests no document. Then the next verb is played.
        """
        # An empty action means the current document. So does a missing action of a Gather or a Record.
        action = verb.attributes.get("action")
        if action is None and not required:
            return None
        request = self.request(call, verb, "action", action or None, text_attribute(verb, "method"))
        return request and replace(request, params=params)
