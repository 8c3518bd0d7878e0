"""The state of a call that waits for somebody to act."""

from __future__ import annotations

from dataclasses import dataclass

from ivrkit.simulator.actions import AGENT, CALLEE, CALLER, Action, EndVerb, PickUp, Refuse
from ivrkit.simulator.clock import FOREVER
from ivrkit.simulator.twiml.markup import Element


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that waits until somebody acts.

    :param verb: the name of the verb that waits.
    :param activity: ``gather``, ``record``, ``ring``, ``talk`` or ``queue``.
    :param who: the person who is expected to act.
    :param element: the XML element of the verb that waits.
    :param numbers: the numbers of the phones that ring, or the number of the phone that was picked up.
    :param queue: the queue in which the caller waits, or ``""`` if the caller is not in a queue.
    :param until: the time on the call's clock, in milliseconds, at which Twilio ends a talk. If the call does not wait
        in a talk, this time is later than the end of any call.
    """

    verb: str
    activity: str
    who: str
    element: Element
    numbers: tuple[str, ...] = ()
    queue: str = ""
    until: int = FOREVER

    @property
    def parties(self) -> frozenset[str]:
        """The people who are part of the call now."""
        agent = {AGENT} if self.queue else set()
        has_callee = self.activity == "ring" or self.who == CALLEE or (self.numbers and not self.queue)
        return frozenset({CALLER, *agent, *({CALLEE} if has_callee else set())})

    def why_not(self, action: Action) -> str:
        """Return the reason why an action is impossible now, or ``""`` if the action is possible."""
        # Twilio's REST API can end any verb, so EndVerb is always possible.
        if isinstance(action, EndVerb):
            return ""
        # Only a phone that rings can be answered or refused.
        if isinstance(action, Refuse) or (isinstance(action, PickUp) and action.who == CALLEE):
            if self.activity != "ring":
                return "no phone is ringing"
            if action.number is not None and action.number not in self.numbers:
                return f"{action.number} is not ringing, only {', '.join(self.numbers)}"
            return ""
        # An agent takes a caller who still waits. The wait document may be at a Gather, so the activity is not checked.
        if isinstance(action, PickUp):
            return "" if self.queue and self.activity != "talk" else "no caller waits in a queue"
        # Keys, speech, silence and hanging up are possible for everybody who is on the line.
        if action.who not in self.parties:
            return f"there is no {action.who}"
        if action.who == CALLEE and self.activity == "ring":
            return "the callee has not picked up"
        if action.who == AGENT and self.activity != "talk":
            return "no agent has taken the caller from the queue"
        return ""
