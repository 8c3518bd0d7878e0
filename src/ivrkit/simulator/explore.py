"""Exploration of every path through a phone tree, up to a maximum number of actions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from ivrkit.simulator.actions import (
    AGENT,
    CALLEE,
    UNANSWERED_STATUSES,
    Action,
    HangUp,
    PickUp,
    Press,
    Refuse,
    Silence,
    Speak,
)
from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.problems import CallProblem, not_played, problems_of
from ivrkit.simulator.twiml.attributes import int_attribute, text_attribute
from ivrkit.simulator.waiting import Waiting

KEYS = "1234567890*#"
#: Words that no phone tree expects.
UNKNOWN_WORDS = "elephants in the rain"


@dataclass(slots=True)
class Exploration:
    """The result of exploring a phone tree.

    :param positions: number of different positions that calls reached.
    :param paths: number of paths that were explored. A path is a sequence of at most ``depth`` actions.
    :param calls: number of calls that were made.
    :param problems: the problems. Each problem is listed once, with the shortest path that leads to it.
    :param ends: the calls that ended: for each position, one call for each action that ended the call there.
    :param not_played: the elements that the simulator skipped, such as ``<Connect>`` and ``<Client> in <Dial>``. The
        exploration says nothing about the behaviour of these elements.
    :param complete: whether every path up to ``depth`` was explored. If not, ``max_calls`` ended the exploration.
    """

    positions: int = 0
    paths: int = 0
    calls: int = 0
    problems: list[CallProblem] = field(default_factory=list)
    ends: list[SimulatedCall] = field(default_factory=list)
    not_played: list[str] = field(default_factory=list)
    complete: bool = True


def explore(
    call: Callable[[Sequence[Action]], SimulatedCall],
    *,
    depth: int,
    position: Callable[[SimulatedCall], Hashable] | None = None,
    choices: Callable[[Waiting], Iterable[Action]] | None = None,
    max_calls: int | None = None,
) -> Exploration:
    """Explore every path through a phone tree, up to a maximum number of actions.

    Each position in the phone tree is explored only once. Two calls are in the same position if ``position`` returns
    equal keys for them, so a key must contain everything that decides how a call continues. The default key contains
    the last document and the verb in this document that waits. An app with sessions needs a ``position`` function of
    its own, because the sessions are not visible in the documents.

    :param call: a function that makes a call with a list of actions.
    :param depth: maximum number of actions in a call.
    :param position: a function that returns the key of a call's position; by default the key described above.
    :param choices: a function that returns the actions to try when a call waits; by default :func:`possible_actions`.
    :param max_calls: maximum number of calls, or ``None`` for no maximum. Short paths are explored first.
    """
    return _Explorer(call, position or position_of, choices or possible_actions, max_calls).explore(depth)


class _Explorer:
    """The state of one exploration.

    Calls can't be copied. Each step makes a new call, repeats the actions that lead to a position, and adds one action.
    """

    def __init__(
        self,
        call: Callable[[Sequence[Action]], SimulatedCall],
        position: Callable[[SimulatedCall], Hashable],
        choices: Callable[[Waiting], Iterable[Action]],
        max_calls: int | None,
    ) -> None:
        self._call = call
        self._position = position
        self._choices = choices
        self._calls_left = math.inf if max_calls is None else max_calls
        self._result = Exploration()
        self._known_problems: set[Hashable] = set()
        #: Position -> the call that reached it first, by one of the shortest paths.
        self._first_calls: dict[Hashable, SimulatedCall] = {}

    def explore(self, depth: int) -> Exploration:
        """Explore every path, up to a maximum number of actions. Each round makes the paths longer by one action."""
        result = self._result
        first = self._make_call(())
        if first.waiting is None:
            result.paths, result.ends = 1, [first]
            return result
        start = self._position(first)
        self._first_calls[start] = first
        # Paths are counted, not walked: position -> number of paths of the current length that end there.
        paths: Counter[Hashable] = Counter({start: 1})
        next_positions: dict[Hashable, list[Hashable | None]] = {}
        for _ in range(depth):
            longer_paths: Counter[Hashable] = Counter()
            for position, count in paths.items():
                # A position that was reached before leads to known positions: no more calls are needed.
                if position not in next_positions:
                    next_positions[position] = self._positions_after(position)
                for next_position in next_positions[position]:
                    if next_position is None:
                        result.paths += count
                    else:
                        longer_paths[next_position] += count
            paths = longer_paths
        result.paths += paths.total()
        result.positions = len(self._first_calls)
        return result

    def _positions_after(self, position: Hashable) -> list[Hashable | None]:
        """Try each possible action in a position.

        :returns: for each action, the next position of the call, or ``None`` if the action ended the call.
        """
        next_positions: list[Hashable | None] = []
        reached = self._first_calls[position]
        assert reached.waiting is not None  # noqa: S101  only a call that waits has a position
        for action in self._choices(reached.waiting):
            if self._calls_left <= 0:
                self._result.complete = False
                break
            call = self._make_call((*reached.actions, action))
            if call.waiting is None:
                self._result.ends.append(call)
                next_positions.append(None)
                continue
            next_position = self._position(call)
            self._first_calls.setdefault(next_position, call)
            next_positions.append(next_position)
        return next_positions

    def _make_call(self, script: Sequence[Action]) -> SimulatedCall:
        """Make a call with these actions, and collect the problems that no earlier call had."""
        self._result.calls += 1
        self._calls_left -= 1
        call = self._call(script)
        # Each call repeats the actions of a shorter one, and its problems: the first report has the shortest path.
        for key, problem in problems_of(call):
            if key not in self._known_problems:
                self._known_problems.add(key)
                self._result.problems.append(problem)
        self._result.not_played += [each for each in not_played(call) if each not in self._result.not_played]
        return call


def position_of(call: SimulatedCall) -> Hashable:
    """Return the default key of a call's position: the last document, and the verb in this document that waits."""
    last = call.responses[-1]
    waiting = call.waiting
    assert waiting is not None  # noqa: S101  only a call that waits has a position
    # Two waits in one document differ by the line of their verb, or by the phones that still ring.
    return call.url, last.body, waiting.activity, waiting.numbers, waiting.element.line


def possible_actions(waiting: Waiting) -> list[Action]:
    """Return the actions to try when a call waits.

    Examples are each phone key, silence, each result of a dialled phone, and a hang-up.
    """
    if waiting.activity == "gather":
        return [*_inputs(waiting), HangUp()]
    if waiting.activity == "record":
        # One finish key stands for all of them: the app only sees which key it was.
        finish_keys = text_attribute(waiting.element, "finishOnKey")
        return [*(Press(key) for key in finish_keys[:1]), Silence(), HangUp()]
    if waiting.activity == "ring":
        refusals = [Refuse(result, phone) for phone in waiting.numbers for result in UNANSWERED_STATUSES]
        return [*(PickUp(phone) for phone in waiting.numbers), *refusals, HangUp()]
    # A talk goes on until somebody hangs up, and nothing that is said in it reaches the app.
    if waiting.activity == "talk":
        return [HangUp(who=AGENT if waiting.queue else CALLEE), HangUp()]
    return [PickUp(who=AGENT), HangUp()]


def _inputs(waiting: Waiting) -> list[Action]:
    """Return the actions to try in a ``Gather``. Each phone key is pressed ``numDigits`` times in a row."""
    inputs = text_attribute(waiting.element, "input").split()
    has_limit = text_attribute(waiting.element, "numDigits")
    digits = int_attribute(waiting.element, "numDigits") if has_limit else 1
    keys = [Press(key * digits, who=waiting.who) for key in KEYS] if "dtmf" in inputs else []
    speech = [Speak(UNKNOWN_WORDS, who=waiting.who)] if "speech" in inputs else []
    agent = [PickUp(who=AGENT)] if waiting.queue else []
    return [*keys, *speech, Silence(who=waiting.who), *agent]
