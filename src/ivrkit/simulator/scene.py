"""Where a document is played: to whom, and with which verbs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ivrkit.simulator.legs import Leg
from ivrkit.simulator.line import Line
from ivrkit.simulator.twiml.document import Document
from ivrkit.simulator.twiml.grammar import value
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.waiting import Go, Steps
from ivrkit.simulator.wire.messages import Failure, absolute

#: Plays one verb; one that waits for somebody gives its steps, any other is over at once.
Verb = Callable[[Line, "Scene", Element], Steps | Go | None]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a document is played.

    :param leg: whose parameters its requests carry.
    :param who: who hears it: ``caller`` or ``callee``.
    :param url: the document's own, against which the URLs in it are read.
    :param verbs: the verbs that it may have.
    :param play: plays another document; handed in, because verbs are what documents are made of.
    :param queue: the queue that the caller waits in meanwhile, ``""`` for none.
    """

    leg: Leg
    who: str
    url: str
    verbs: Mapping[str, Verb]
    play: Callable[[Line, Scene, Document], Steps]
    queue: str = ""

    @property
    def place(self) -> str:
        """Where it is, as a message says it."""
        if self.queue:
            return "to a caller who waits in a queue"
        return "in this call" if self.who == "caller" else "to whoever was dialled"

    def go(self, line: Line, verb: Element, purpose: str, written: str | None, method: str, **params: str) -> Go | None:
        """Return where a URL of a verb leads.

        :param written: the URL as it was written; ``None`` for the current document.
        :returns: ``None`` for a URL that can't be; it is told.
        """
        try:
            url = self.url if written is None else absolute(self.url, written)
        except Failure as failure:
            line.warn(failure.code, failure.message, url=self.url, line=verb.line, column=verb.column)
            return None
        return Go(url, method, purpose, params)

    def action(self, line: Line, verb: Element, params: Mapping[str, str], *, needed: bool) -> Go | None:
        """Return the request that a verb ends with.

        :param needed: without an ``action``, the current document is requested again: Gather, Record. The others then
            go on with the next verb.
        """
        written = verb.attributes.get("action")
        if written is None and not needed:
            return None
        go = self.go(line, verb, "action", written or None, value(verb, "method"))
        return go and Go(go.url, go.method, go.purpose, params)
