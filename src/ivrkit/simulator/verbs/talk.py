"""Two people talk, until one of them hangs up or the time is over."""

from __future__ import annotations

from collections.abc import Generator

from ivrkit.simulator.actions import CALLER, Action, Press, Silence, Speak
from ivrkit.simulator.line import Line
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.waiting import Waiting


def talk(
    line: Line, verb: Element, numbers: tuple[str, ...], *, until: float, star: bool = False, queue: str = ""
) -> Generator[Waiting, Action, None]:
    """Let two people talk.

    :param until: when Twilio ends it.
    :param star: whether the caller's ``*`` ends it.
    :raises Gone: when one of them hangs up.
    """
    while line.now < until:
        action = yield from line.wait(Waiting(verb.name, "talk", CALLER, verb, numbers, queue, until))
        if isinstance(action, Press) and action.who == CALLER and star and "*" in action.keys:
            return
        if isinstance(action, Silence):
            left = until - line.now
            line.let_pass(left if action.seconds is None else min(action.seconds, left))
        elif isinstance(action, Speak):
            line.let_pass(min(len(action.text) / line.speeds.letters, until - line.now))
