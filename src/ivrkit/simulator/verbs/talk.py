"""The talk of the caller with a callee, after a ``Dial``, or with an agent, after a wait in a queue."""

from __future__ import annotations

from collections.abc import Generator

from ivrkit.simulator.actions import CALLER, Action, Press, Silence, Speak
from ivrkit.simulator.clock import milliseconds
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.waiting import Waiting


def talk(
    call: LiveCall,
    verb: Element,
    numbers: tuple[str, ...],
    *,
    until: int,
    hangup_on_star: bool = False,
    queue: str = "",
) -> Generator[Waiting, Action, None]:
    """Let the caller talk to a callee or to an agent.

    :param verb: the ``Dial`` or the ``Enqueue``.
    :param numbers: a tuple with the callee's number; empty for a talk with an agent.
    :param until: the time on the call's clock, in milliseconds, at which Twilio ends the talk.
    :param hangup_on_star: whether the key ``*`` ends the talk if the caller presses this key.
    :param queue: the queue from which the agent took the caller, or ``""`` for a talk with a callee.
    :raises HungUp: if one of the two people hangs up.
    """
    while call.now < until:
        action = yield from call.wait(Waiting(verb.name, "talk", CALLER, verb, numbers, queue, until))
        if isinstance(action, Press) and action.who == CALLER and hangup_on_star and "*" in action.keys:
            return
        # Any other key is only heard by the other party and takes no time.
        time_left = until - call.now
        if isinstance(action, Silence):
            call.pass_time(time_left if action.seconds is None else min(milliseconds(action.seconds), time_left))
        elif isinstance(action, Speak):
            call.pass_time(min(call.duration_of_text(action.text), time_left))
