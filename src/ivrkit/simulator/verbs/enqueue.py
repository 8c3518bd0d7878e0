"""Enqueue: wait in a queue until somebody takes the call: https://www.twilio.com/docs/voice/twiml/enqueue."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass

from ivrkit.simulator.actions import AGENT, CALLER, Action, Press, Silence, Speak
from ivrkit.simulator.events import Played, Queued
from ivrkit.simulator.line import LONGEST_CALL, Line
from ivrkit.simulator.queues import Queue
from ivrkit.simulator.scene import Scene, Verb
from ivrkit.simulator.twiml.grammar import number, value
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.verbs.control import hangup, leave, redirect
from ivrkit.simulator.verbs.gather import gather
from ivrkit.simulator.verbs.sounds import pause, play, say
from ivrkit.simulator.verbs.talk import talk
from ivrkit.simulator.waiting import Go, Gone, Left, Steps, Taken, Waiting
from ivrkit.simulator.wire.messages import Failure

#: The verbs of the document that is heard while waiting.
WAIT_VERBS: Mapping[str, Verb] = {
    "Say": say,
    "Play": play,
    "Pause": pause,
    "Gather": gather,
    "Hangup": hangup,
    "Redirect": redirect,
    "Leave": leave,
}

#: Where a caller waits whose queue has no name.
NAMELESS = "(no name)"


@dataclass(slots=True)
class _Place:
    """A caller's place in a queue.

    :param most: callers that the queue takes.
    """

    verb: Element
    scene: Scene
    queue: Queue
    most: int
    joined: float

    def position(self) -> dict[str, str]:
        """Return the parameters of where the caller stands."""
        return {
            "QueuePosition": str(self.queue.size + 1),
            "QueueSid": self.queue.sid,
            "AvgQueueTime": str(self.queue.average_seconds),
            "CurrentQueueSize": str(self.queue.size + 1),
            "MaxQueueSize": str(self.most),
        }


def enqueue(line: Line, scene: Scene, verb: Element) -> Steps:
    """Put the caller into a queue; go on when the call has left it."""
    queue = line.queues(verb.text.strip() or value(verb, "workflowSid") or NAMELESS)
    most = number(verb, "maxQueueSize") if value(verb, "maxQueueSize") else queue.most
    place = _Place(verb, scene, queue, most, line.now)
    if queue.failure or queue.size >= most:
        return _leave(line, place, queue.failure or "queue-full", joined=False)
    line.tell(Queued(at=line.now, queue=queue.name, result="joined"))
    try:
        result = yield from _wait(line, place)
    except Gone as gone:  # the caller: an agent who hangs up ends the talk alone
        after = _leave(line, place, "hangup")
        gone.last = after if line.assumptions.enqueue_action_after_hangup else None
        raise
    return _leave(line, place, result)


def _leave(line: Line, place: _Place, result: str, *, joined: bool = True) -> Go | None:
    """Return the request that an ``Enqueue`` with an action ends with."""
    seconds = math.ceil(line.now - place.joined)
    line.tell(Queued(at=line.now, queue=place.queue.name, result=result, seconds=seconds))
    params = {"QueueResult": result}
    if joined:
        params |= {"QueueSid": place.queue.sid, "QueueTime": str(seconds)}
    return place.scene.action(line, place.verb, params, needed=False)


def _wait(line: Line, place: _Place) -> Generator[Waiting, Action, str]:
    """Wait until somebody takes the call, the wait's own document lets it leave, or that can't be had."""
    try:
        while True:
            yield from _one_round(line, place)
    except Left:
        return "leave"
    except Failure:
        return "system-error"
    except Taken as taken:
        line.let_pass(taken.after)
    line.tell(Queued(at=line.now, queue=place.queue.name, result="taken", seconds=math.ceil(line.now - place.joined)))
    try:
        yield from talk(line, place.verb, (), until=LONGEST_CALL, queue=place.queue.name)
    except Gone as gone:
        if gone.who != AGENT:
            raise
    return "bridged"


def _one_round(line: Line, place: _Place) -> Generator[Waiting, Action, None]:
    """Let the caller hear once what there is to hear, and wait a while longer.

    :raises Failure: when the wait's document can't be had.
    """
    written = place.verb.attributes.get("waitUrl")
    go = place.scene.go(line, place.verb, "wait", written, value(place.verb, "waitUrlMethod")) if written else None
    if go is not None:
        yield from _hear(line, place, go)
    pause_for = line.speeds.music if go is None else 0.0
    waiting = Waiting("Enqueue", "queue", CALLER, place.verb, queue=place.queue.name)
    action = yield from line.wait(waiting)
    if isinstance(action, Press | Speak):
        line.note(f"the caller {action} in the queue, and nobody listens", "a waitUrl with a <Gather> can")
    if isinstance(action, Silence):
        seconds = pause_for if action.seconds is None else action.seconds
        if written is None:
            line.hear(Played, seconds, what="hold music")
        else:
            line.let_pass(seconds)


def _hear(line: Line, place: _Place, first: Go) -> Generator[Waiting, Action, None]:
    """Play the wait's document, and whatever it leads to, to its end."""
    go: Go | None = first
    while go is not None:
        waited = {"QueueTime": str(math.ceil(line.now - place.joined))}
        document = line.fetch(Go(go.url, go.method, go.purpose, {**place.position(), **waited, **go.params}))
        scene = Scene(line.leg, CALLER, document.url, WAIT_VERBS, place.scene.play, queue=place.queue.name)
        go = yield from scene.play(line, scene, document)
