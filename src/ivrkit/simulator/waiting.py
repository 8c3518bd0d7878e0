"""What a call waits for, and the ways in which a document is left."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from ivrkit.simulator.actions import AGENT, CALLEE, CALLER, Action, EndVerb, PickUp, Refuse
from ivrkit.simulator.twiml.markup import Element


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a call waits for: somebody has to do something, or stay silent.

    :param verb: the verb that waits.
    :param activity: ``gather``, ``record``, ``ring``, ``talk`` or ``queue``.
    :param who: who is asked.
    :param element: the verb as it was written.
    :param numbers: the telephones that ring, or the one that was picked up.
    :param queue: the queue that the caller stands in, ``""`` for none.
    :param until: when Twilio ends it, on the call's clock; infinity where something else does.
    """

    verb: str
    activity: str
    who: str
    element: Element
    numbers: tuple[str, ...] = ()
    queue: str = ""
    until: float = math.inf

    @property
    def parties(self) -> frozenset[str]:
        """Who is there to do something."""
        agent = {AGENT} if self.queue else set()
        is_callee_there = self.activity == "ring" or self.who == CALLEE or (self.numbers and not self.queue)
        callee = {CALLEE} if is_callee_there else set()
        return frozenset({CALLER, *agent, *callee})

    def why_not(self, action: Action) -> str:
        """Return why nobody could do this now, ``""`` when somebody can."""
        if isinstance(action, EndVerb):
            return ""
        if isinstance(action, Refuse) or (isinstance(action, PickUp) and action.who == CALLEE):
            if self.activity != "ring":
                return "no telephone rings"
            if action.number is not None and action.number not in self.numbers:
                return f"{action.number} does not ring, but {', '.join(self.numbers)}"
            return ""
        if isinstance(action, PickUp):
            return "" if self.queue and self.activity != "talk" else "nobody stands in a queue"
        if action.who not in self.parties:
            return f"there is no {action.who}"
        if action.who == CALLEE and self.activity == "ring":
            return "the callee has not picked up"
        if action.who == AGENT and self.activity != "talk":
            return "nobody has taken the caller out of the queue"
        return ""


#: What plays a document: gives what it waits for, and is sent what somebody does.
Steps = Generator[Waiting, Action, "Go | None"]


@dataclass(frozen=True, slots=True)
class Go:
    """Where Twilio asks next.

    :param url: absolute, with whatever stands behind its ``#``.
    :param purpose: see :class:`~ivrkit.simulator.events.Requested`.
    :param params: besides the usual ones.
    """

    url: str
    method: str
    purpose: str
    params: Mapping[str, str] = field(default_factory=dict)


class Over(Exception):
    """The document ends this leg.

    :param reason: one of :data:`~ivrkit.simulator.events.END_REASONS`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Gone(Exception):
    """Somebody put the telephone down, or the call has lasted as long as a call may.

    :param who: ``caller``, ``callee`` or ``agent``.
    :param reason: why the call ends, when it is the caller's.
    """

    def __init__(self, who: str, reason: str = "caller-hung-up") -> None:
        super().__init__(who)
        self.who = who
        self.reason = reason
        #: What is still asked, though nobody will hear the answer.
        self.last: Go | None = None


class Left(Exception):
    """The caller leaves the queue that the document belongs to: the verb ``Leave``."""


class Taken(Exception):
    """Somebody takes the caller out of the queue.

    :param after: in how many seconds.
    """

    def __init__(self, after: float) -> None:
        super().__init__(after)
        self.after = after


class Came(Exception):
    """The verb that waits came to what nobody in the call can cause.

    :param params: what its action gets.
    """

    def __init__(self, params: Mapping[str, str]) -> None:
        super().__init__(params)
        self.params = params
