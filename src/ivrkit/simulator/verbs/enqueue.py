"""Enqueue: a wait in a queue until an agent takes the call: https://www.twilio.com/docs/voice/twiml/enqueue."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace

from ivrkit.simulator.actions import AGENT, CALLER, Action, Press, Silence, Speak
from ivrkit.simulator.clock import milliseconds
from ivrkit.simulator.context import DocumentContext, Verb
from ivrkit.simulator.events import Played, Queued
from ivrkit.simulator.live_call import MAX_CALL, LiveCall
from ivrkit.simulator.queues import Queue
from ivrkit.simulator.signals import HungUp, LeftQueue, Playback, TakenFromQueue, WebhookRequest
from ivrkit.simulator.twiml.attributes import int_attribute, text_attribute
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.verbs.control import hangup, leave, redirect
from ivrkit.simulator.verbs.gather import gather
from ivrkit.simulator.verbs.sounds import pause, play, say
from ivrkit.simulator.verbs.talk import talk
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.webhooks import fetch_document
from ivrkit.simulator.wire.messages import Failure

#: The verbs of a wait document.
WAIT_VERBS: Mapping[str, Verb] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Gather": gather,
    "Hangup": hangup,
    "Redirect": redirect,
    "Leave": leave,
}

#: The queue of an ``Enqueue`` without a name.
NAMELESS_QUEUE = "(no name)"


@dataclass(slots=True)
class _EnqueueState:
    """A caller in a queue.

    :param max_size: number of callers that the queue accepts.
    :param joined_at: the time on the call's clock, in milliseconds, at which the caller joined the queue.
    """

    verb: Element
    context: DocumentContext
    queue: Queue
    max_size: int
    joined_at: int

    def queue_params(self) -> dict[str, str]:
        """Return the parameters about the queue, which each request has while the caller waits."""
        return {
            "QueuePosition": str(self.queue.size + 1),
            "QueueSid": self.queue.sid,
            "AvgQueueTime": str(self.queue.average_wait_seconds),
            "CurrentQueueSize": str(self.queue.size + 1),
            "MaxQueueSize": str(self.max_size),
        }

    def queue_time(self, call: LiveCall) -> int:
        """Return Twilio's ``QueueTime``: the whole seconds since the caller joined the queue."""
        return call.whole_seconds(call.now - self.joined_at)


def enqueue(call: LiveCall, context: DocumentContext, verb: Element) -> Playback:
    """Put the caller in a queue, and wait until the caller has left the queue.

    :returns: the request for the ``action`` of the ``Enqueue``, or ``None`` if the ``Enqueue`` has no ``action``.
    """
    queue = call.queues(verb.text.strip() or text_attribute(verb, "workflowSid") or NAMELESS_QUEUE)
    max_size = int_attribute(verb, "maxQueueSize") if text_attribute(verb, "maxQueueSize") else queue.max_size
    state = _EnqueueState(verb, context, queue, max_size, call.now)
    # A full or failed queue never had the caller, so the action gets no SID and no time of the queue.
    if queue.failure or queue.size >= max_size:
        return _end(call, state, queue.failure or "queue-full", joined=False)
    call.emit(Queued(at=call.at, queue=queue.name, result="joined"))
    try:
        result = yield from _wait(call, state)
    except HungUp as hung_up:  # it was the caller: an agent who hangs up ends the talk only
        request = _end(call, state, "hangup")
        hung_up.last_request = request if call.assumptions.enqueue_action_after_hangup else None
        raise
    return _end(call, state, result)


def _end(call: LiveCall, state: _EnqueueState, result: str, *, joined: bool = True) -> WebhookRequest | None:
    """Report the result of the queue, and return the request for the ``action`` of the ``Enqueue``.

    :param result: Twilio's ``QueueResult``.
    :param joined: whether the caller was in the queue.
    :returns: the request, or ``None`` if the ``Enqueue`` has no ``action``.
    """
    seconds = state.queue_time(call)
    call.emit(Queued(at=call.at, queue=state.queue.name, result=result, seconds=seconds))
    params = {"QueueResult": result}
    if joined:
        params |= {"QueueSid": state.queue.sid, "QueueTime": str(seconds)}
    return state.context.action_request(call, state.verb, params, required=False)


def _wait(call: LiveCall, state: _EnqueueState) -> Generator[Waiting, Action, str]:
    """Let the caller wait for an agent, and then let the caller and the agent talk.

    The wait also ends if the document at ``waitUrl`` plays a ``Leave``, or if this document can't be fetched.

    :returns: Twilio's ``QueueResult``.
    """
    try:
        while True:
            yield from _play_wait_once(call, state)
    except LeftQueue:
        return "leave"
    except Failure:
        return "system-error"
    except TakenFromQueue as taken:
        call.pass_time(milliseconds(taken.after))
    call.emit(Queued(at=call.at, queue=state.queue.name, result="taken", seconds=state.queue_time(call)))
    # An agent who hangs up ends the talk; a caller who hangs up ends the call.
    try:
        yield from talk(call, state.verb, (), until=MAX_CALL, queue=state.queue.name)
    except HungUp as hung_up:
        if hung_up.who != AGENT:
            raise
    return "bridged"


def _play_wait_once(call: LiveCall, state: _EnqueueState) -> Generator[Waiting, Action, None]:
    """Play the document at ``waitUrl`` once, then wait for somebody to act.

    :raises Failure: if the document can't be fetched.
    """
    # No waitUrl means Twilio's music, an empty one means silence.
    wait_url = state.verb.attributes.get("waitUrl")
    method = text_attribute(state.verb, "waitUrlMethod")
    request = state.context.request(call, state.verb, "wait", wait_url, method) if wait_url else None
    if request is not None:
        yield from _play_wait_document(call, state, request)
    action = yield from call.wait(Waiting("Enqueue", "queue", CALLER, state.verb, queue=state.queue.name))
    if isinstance(action, Press | Speak):
        message = f"the caller {action} in the queue, but no verb is listening"
        call.note(message, "set a waitUrl whose document has a <Gather>")
    if isinstance(action, Silence):
        # A silent caller hears the wait document again at once, or a while of music or silence.
        default = call.speeds.music_seconds if request is None else 0.0
        duration = milliseconds(default if action.seconds is None else action.seconds)
        if wait_url is None:
            call.hear(Played, duration, what="hold music")
        else:
            call.pass_time(duration)


def _play_wait_document(
    call: LiveCall, state: _EnqueueState, first_request: WebhookRequest
) -> Generator[Waiting, Action, None]:
    """Play the document at ``waitUrl``, then each document to which a verb in such a document leads."""
    request: WebhookRequest | None = first_request
    while request is not None:
        # Each request during the wait carries these, also a redirect and the action of a Gather.
        params = {**state.queue_params(), "QueueTime": str(state.queue_time(call)), **request.params}
        document = fetch_document(call, replace(request, params=params))
        context = DocumentContext(
            call.leg, CALLER, document.url, WAIT_VERBS, state.context.play, queue=state.queue.name
        )
        request = yield from context.play(call, context, document)
