"""The player, which plays the documents of a call verb by verb."""

from __future__ import annotations

import math
from collections.abc import Generator

from ivrkit.simulator.actions import CALLER, Action
from ivrkit.simulator.clock import milliseconds, seconds
from ivrkit.simulator.context import DocumentContext
from ivrkit.simulator.events import Ended, Said
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.signals import HungUp, LegEnded, Playback, VerbEnded, WebhookRequest
from ivrkit.simulator.twiml.document import Document
from ivrkit.simulator.twiml.elements import ELEMENTS
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.verbs import CALL_VERBS
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.webhooks import fetch_document, send_callback, send_pending_callbacks
from ivrkit.simulator.wire.messages import Failure

#: The text that the caller hears when Twilio gives up on a call. Twilio plays a recording with other words.
APPLICATION_ERROR_TEXT = "We are sorry. An application error has occurred. Goodbye."

#: The verbs that request the current document if they have no action.
_REPEATING_VERBS = ("Gather", "Record")


def play_call(call: LiveCall) -> Generator[Waiting, Action, None]:
    """Play a call from its first request to its end."""
    # A verb such as Hangup raises LegEnded; a person who hangs up raises HungUp.
    try:
        reason = yield from _play_documents(call)
    except LegEnded as ended:
        reason = ended.reason
    except HungUp as hung_up:
        reason = hung_up.reason
        call.leg.status = "completed"
        if hung_up.last_request is not None:
            _send_unheard(call, hung_up.last_request)
    _end_call(call, reason, _final_status(call, reason))


def _play_documents(call: LiveCall) -> Generator[Waiting, Action, str]:
    """Play one document after the other, and return the reason why the call ended."""
    request = call.webhook
    while True:
        try:
            document = fetch_document(call, request)
        except Failure as failure:
            fallback = _fallback_request(call, request, failure)
            if fallback is None:
                # Twilio answers a call in order to play its message.
                call.answer()
                call.hear(Said, call.duration_of_text(APPLICATION_ERROR_TEXT), text=APPLICATION_ERROR_TEXT)
                return "application-error"
            request = fallback
            continue
        context = DocumentContext(call.leg, CALLER, document.url, CALL_VERBS, play_document)
        next_request = yield from play_document(call, context, document)
        if next_request is None:
            call.answer()  # a document without verbs answers the call too, and then hangs up
            return "no-more-verbs"
        request = next_request


def _fallback_request(call: LiveCall, request: WebhookRequest, failure: Failure) -> WebhookRequest | None:
    """Return the request to the fallback URL, after another request has failed.

    :param request: the request that failed.
    :param failure: the failure of this request.
    :returns: the request, or ``None`` if there is no fallback URL, or if ``request`` was the request to the fallback
        URL.
    """
    url, method = call.fallback
    if not url or request.purpose == "fallback":
        return None
    failed_url = request.url.partition("#")[0]
    return WebhookRequest(url, method, "fallback", {"ErrorCode": str(failure.code), "ErrorUrl": failed_url})


def _send_unheard(call: LiveCall, request: WebhookRequest) -> None:
    """Send the last request after a hang-up.

    Nobody hears the document in the response, but its problems are reported as warnings.
    """
    try:
        fetch_document(call, request)
    except (Failure, LegEnded):
        return


def _final_status(call: LiveCall, reason: str) -> str:
    if call.leg.answered_at is not None:
        return "completed"
    # The verb Reject has set the status to its reason; Twilio reports the reason "rejected" as "no-answer".
    return {"busy": "busy", "rejected": "no-answer"}.get(call.leg.status, "canceled" if reason else "")


def _end_call(call: LiveCall, reason: str, status: str) -> None:
    """Send the pending callbacks and the status callback, and end the call."""
    call.leg.status = status
    duration = call.leg.duration(call.now)
    send_pending_callbacks(call)
    url, method = call.status_callback
    if url:
        params = {
            "CallDuration": str(call.whole_seconds(duration)),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": "0",
            "Timestamp": call.timestamp(),
        }
        send_callback(call, WebhookRequest(url, method, "status", params), call.leg)
    # Twilio bills each started minute. That is the price list, not the rounding of the parameters.
    minutes = 0 if call.leg.answered_at is None else max(1, math.ceil(duration / milliseconds(60)))
    call.emit(Ended(at=call.at, reason=reason, status=status, seconds=seconds(duration), billed_minutes=minutes))


def play_document(call: LiveCall, context: DocumentContext, document: Document) -> Playback:
    """Play the verbs of a document.

    :returns: the request for the next document, or ``None`` if all verbs were played and none requested a document.
    """
    for verb in document.root.children:
        if not _can_play(call, context, verb):
            if verb.name not in ELEMENTS and not call.assumptions.skip_unknown_verbs:
                return None
            continue
        # The verbs of a wait document or of a callee's document do not answer the caller's call.
        if context.who == CALLER and not context.queue:
            _answer_by(call, verb)
        played = context.verbs[verb.name](call, context, verb)
        try:
            # A verb that waits is a generator; any other verb has returned its result already.
            next_request = (yield from played) if isinstance(played, Generator) else played
        except VerbEnded as ended:
            next_request = context.action_request(call, verb, ended.params, required=verb.name in _REPEATING_VERBS)
        if next_request is not None:
            return next_request
    return None


def _can_play(call: LiveCall, context: DocumentContext, verb: Element) -> bool:
    """Return whether a verb can be played in this context. If the verb can't be played, report the reason.

    An unknown verb is not reported here, because it was reported when its document was read.
    """
    if verb.name in context.verbs:
        return True
    schema = ELEMENTS.get(verb.name)
    if schema is None:
        return False
    if schema.played:
        code = 13201 if context.who != CALLER and verb.name == "Dial" else 12200
        message = f"<{verb.name}> can't be played {context.description} and is skipped"
        call.warn(code, message, url=context.url, line=verb.line, column=verb.column)
    else:
        call.note_not_played(f"<{verb.name}>", verb, context.url)
    return False


def _answer_by(call: LiveCall, verb: Element) -> None:
    """Answer the call before a verb is played, with three exceptions: https://www.twilio.com/docs/voice/twiml.

    ``Reject`` never answers the call. ``Pause`` answers the call after the pause. ``Dial`` with ``answerOnBridge``
    answers the call when the callee answers.
    """
    waits_for_callee = verb.name == "Dial" and verb.attributes.get("answerOnBridge") == "true"
    if verb.name not in ("Reject", "Pause") and not waits_for_callee:
        call.answer()
