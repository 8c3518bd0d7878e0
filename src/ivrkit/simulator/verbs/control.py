"""Redirect, Reject, Hangup and Leave: the verbs that end a document."""

from __future__ import annotations

from typing import NoReturn

from ivrkit.simulator.context import DocumentContext
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.signals import LeftQueue, LegEnded, WebhookRequest
from ivrkit.simulator.twiml.attributes import text_attribute
from ivrkit.simulator.twiml.markup import Element


def redirect(call: LiveCall, context: DocumentContext, verb: Element) -> WebhookRequest:
    """Return the request for the document to which a ``Redirect`` leads. The request has no parameters of its own.

    :raises LegEnded: if the URL is invalid. A missing URL is also an error if the simulator's assumptions say so.
    """
    # An empty URL resolves to the document itself. An assumption turns it into an error.
    url = verb.text.strip()
    if not url and not call.assumptions.empty_redirect_repeats_document:
        call.warn(11100, "<Redirect> must have a URL", url=context.url, line=verb.line, column=verb.column)
        raise LegEnded("application-error")
    request = context.request(call, verb, "redirect", url or None, text_attribute(verb, "method"))
    if request is None:
        raise LegEnded("application-error")
    return request


def reject(call: LiveCall, context: DocumentContext, verb: Element) -> NoReturn:
    """Reject a call that is not answered yet. Hang up if the call has already been answered.

    :raises LegEnded: always.
    """
    if call.leg.answered_at is not None:
        raise LegEnded("hangup")
    call.leg.status = text_attribute(verb, "reason")  # the player turns it into the final CallStatus
    raise LegEnded("rejected")


def hangup(call: LiveCall, context: DocumentContext, verb: Element) -> NoReturn:
    """Hang up on the person who hears the document.

    :raises LegEnded: always.
    """
    raise LegEnded("hangup")


def leave(call: LiveCall, context: DocumentContext, verb: Element) -> NoReturn:
    """Take the caller out of the queue in which the caller waits.

    Only a document for waiting callers can have a ``Leave``.

    :raises LeftQueue: always.
    """
    raise LeftQueue
