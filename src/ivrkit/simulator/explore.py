"""Walks every path through a phone tree to a depth, each position once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from ivrkit.simulator.actions import AGENT, CALLEE, REFUSALS, Action, HangUp, PickUp, Press, Refuse, Silence, Speak
from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.events import Warned
from ivrkit.simulator.transcript import describe
from ivrkit.simulator.twiml.grammar import number, value
from ivrkit.simulator.waiting import Waiting

KEYS = "1234567890*#"
#: Words that no tree knows.
WORDS = "elephants in the rain"


@dataclass(frozen=True, slots=True)
class CallProblem:
    """Something wrong that was met on the way.

    :param name: Twilio's code, or a name of the simulator's own: see :mod:`ivrkit.simulator.examine`.
    :param message: what it is, and where.
    :param hint: what to do.
    :param actions: what leads there, from the beginning of a call.
    """

    name: str
    message: str
    hint: str
    actions: tuple[Action, ...] = ()

    @classmethod
    def of(cls, warning: Warned, actions: Sequence[Action]) -> CallProblem:
        """Return what a call was warned of."""
        return cls(str(warning.code), describe(warning), warning.hint, tuple(actions))


@dataclass(slots=True)
class Exploration:
    """What came of a walk.

    :param positions: how many different positions calls were in.
    :param paths: how many rows of actions they stand for, none longer than the depth.
    :param calls: how many calls it took.
    :param problems: what is wrong, each thing once, by the shortest way there.
    :param ends: the calls that ended: one for each action that ends a call in some position.
    """

    positions: int = 0
    paths: int = 0
    calls: int = 0
    problems: list[CallProblem] = field(default_factory=list)
    ends: list[SimulatedCall] = field(default_factory=list)


def explore(
    call: Callable[[Sequence[Action]], SimulatedCall],
    *,
    depth: int,
    position: Callable[[SimulatedCall], Hashable] | None = None,
    choices: Callable[[Waiting], Iterable[Action]] | None = None,
) -> Exploration:
    """Walk every path to a depth.

    A position that was met before is not walked from again: what follows it is known. So its key has to hold whatever
    decides how a call goes on. What an app keeps of a call is not seen from outside, so give ``position`` where it
    can be looked up; the default is the last document and what it waits for.

    :param call: makes a call with a script.
    :param depth: how many things are done in a call.
    :param position: returns what tells a call's position from another.
    :param choices: returns what is tried where a call waits; by default :func:`possible_actions`.
    """
    position, choices = position or position_of, choices or possible_actions
    explored, met = Exploration(calls=1), set[Hashable]()
    first = call(())
    _look(explored, met, first)
    if first.waiting is None:
        explored.paths, explored.ends = 1, [first]
        return explored
    start = position(first)
    #: Position -> how many paths of this length lead to it.
    here: Counter[Hashable] = Counter({start: 1})
    ways = {start: first}
    follows: dict[Hashable, list[Hashable | None]] = {}
    for _ in range(depth):
        beyond: Counter[Hashable] = Counter()
        for key, count in here.items():
            if key not in follows:
                follows[key] = list(_follow(ways, key, call, position, choices, explored, met))
            for after in follows[key]:
                if after is None:
                    explored.paths += count
                else:
                    beyond[after] += count
        here = beyond
    explored.paths += here.total()
    explored.positions = len(ways)
    return explored


def _follow(
    ways: dict[Hashable, SimulatedCall],
    key: Hashable,
    call: Callable[[Sequence[Action]], SimulatedCall],
    position: Callable[[SimulatedCall], Hashable],
    choices: Callable[[Waiting], Iterable[Action]],
    explored: Exploration,
    met: set[Hashable],
) -> Iterable[Hashable | None]:
    """Do whatever can be done in a position, each in a call of its own; give where that leads, ``None`` for the end."""
    there = ways[key]
    assert there.waiting is not None  # noqa: S101  only calls that wait have a position
    for action in choices(there.waiting):
        explored.calls += 1
        made = call((*there.actions, action))
        _look(explored, met, made)
        if made.waiting is None:
            explored.ends.append(made)
            yield None
            continue
        after = position(made)
        ways.setdefault(after, made)
        yield after


def _look(explored: Exploration, met: set[Hashable], call: SimulatedCall) -> None:
    for warning in call.warnings:
        key = (warning.code, warning.what, warning.url, warning.line, warning.column)
        if key not in met:
            met.add(key)
            explored.problems.append(CallProblem.of(warning, call.actions))


def position_of(call: SimulatedCall) -> Hashable:
    """Return what an app shows of a call's position: the last document, and what in it waits."""
    last = call.responses[-1]
    waiting = call.waiting
    assert waiting is not None  # noqa: S101  only calls that wait have a position
    return call.url, last.body, waiting.activity, waiting.numbers, waiting.element.line


def possible_actions(waiting: Waiting) -> list[Action]:
    """Return whatever can come of what a call waits for."""
    doing = waiting.activity
    if doing == "gather":
        return [*_answers(waiting), HangUp()]
    if doing == "record":
        keys = value(waiting.element, "finishOnKey")
        return [*(Press(key) for key in keys[:1]), Silence(), HangUp()]
    if doing == "ring":
        refusals = [Refuse(result, number_) for number_ in waiting.numbers for result in REFUSALS]
        return [*(PickUp(number_) for number_ in waiting.numbers), *refusals, HangUp()]
    if doing == "talk":
        return [HangUp(who=AGENT if waiting.queue else CALLEE), HangUp()]
    return [PickUp(who=AGENT), HangUp()]


def _answers(waiting: Waiting) -> list[Action]:
    inputs = value(waiting.element, "input").split()
    most = number(waiting.element, "numDigits") if value(waiting.element, "numDigits") else 1
    keys = [Press(key * most, who=waiting.who) for key in KEYS] if "dtmf" in inputs else []
    speech = [Speak(WORDS, who=waiting.who)] if "speech" in inputs else []
    agent = [PickUp(who=AGENT)] if waiting.queue else []
    return [*keys, *speech, Silence(who=waiting.who), *agent]
