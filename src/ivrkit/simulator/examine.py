"""An examination of a phone tree by simulated calls. It finds problems that cannot be seen in a single TwiML document.

- ``endless-silence`` (wrong): a caller who says nothing stays on the line for ever.
- ``transcribe-callback`` (wrong): a ``Record`` has a ``transcribeCallback`` and no ``transcribe``, so nothing is sent.
- ``silent-caller-dropped`` (risky): a caller who says nothing is dropped, because nothing follows a ``Gather``.
- ``unanswered-caller-dropped`` (risky): a caller is dropped if no phone is picked up, because nothing follows a
  ``Dial``.
- ``unsigned-request`` (risky): a request without a signature or with a forged one is answered.
- ``content-type`` (risky): a response is plain text, which Twilio reads aloud if it is not valid TwiML.
- ``status-callback-after-end`` (risky): the status callback is sent to the webhook after the end of the call. The
  status callback fails, or its response continues the call.
- ``repeated-request-after-end`` (only on retry): the last request of a call is sent again after the end of the call.
  The repeated request fails, or its response continues the call.

The examination also finds the problems in single documents. The name of such a problem is Twilio's error code, and its
grade is *wrong*.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from ivrkit.simulator.actions import AGENT, HangUp, PickUp, Refuse, Silence
from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.events import Responded
from ivrkit.simulator.explore import explore
from ivrkit.simulator.problems import GRADES, ONLY_ON_RETRY, RISKY, CallProblem
from ivrkit.simulator.simulator import Simulator
from ivrkit.simulator.twiml.markup import Element, MarkupError, parse
from ivrkit.simulator.unsigned import unsigned_requests

#: The verbs that do no harm if nobody hears them.
_HARMLESS_VERBS = frozenset({"Say", "Play", "Pause", "Hangup", "Reject"})
#: The ends of a call that would not have ended by itself.
_ENDLESS = frozenset({"too-many-documents", "time-limit"})
_OVER_HINT = "remember that the call is over, and answer with an empty <Response>"
_EMPTY_DOCUMENT = Element("Response", {}, (), 0, 0)
#: How many ended calls get late requests. Calls with equal last responses count once.
_MAX_ENDS = 50
#: How many actions of an endless call are shown.
_MAX_ACTIONS = 12


@dataclass(frozen=True, slots=True)
class Examination:
    """The result of an examination.

    :param problems: the problems, each listed once. The worst grade comes first.
    :param not_played: the elements that the simulator skipped, such as ``<Connect>`` and ``<Client> in <Dial>``. Only
        their schema was checked.
    :param calls: number of calls that explored the phone tree.
    :param complete: whether every path of up to ``depth`` actions was explored. If not, ``max_calls`` ended the
        exploration.
    """

    problems: list[CallProblem]
    not_played: list[str]
    calls: int
    complete: bool


def examine(
    simulator: Simulator,
    *,
    depth: int = 5,
    max_calls: int = 500,
    position: Callable[[SimulatedCall], Hashable] | None = None,
) -> Examination:
    """Call a number in many ways, and return the problems, the elements that were not played, and the number of calls.

    :param depth: maximum number of actions in each call that explores the phone tree.
    :param max_calls: maximum number of calls that explore the phone tree. Short paths are explored first.
    :param position: a function that returns the key of a call's position, as for :func:`explore`.
    """
    exploration = explore(simulator.call, depth=depth, position=position, max_calls=max_calls)
    ends = _different_ends(exploration.ends)
    problems = [
        *exploration.problems,
        *_endless_silence(simulator),
        *_repeated_request_after_end(ends),
        *_status_callback_after_end(simulator, ends),
        *unsigned_requests(simulator.transport, [*exploration.ends, simulator.call()]),
    ]
    problems.sort(key=lambda problem: GRADES.index(problem.grade))
    return Examination(problems, exploration.not_played, exploration.calls, exploration.complete)


def _different_ends(calls: list[SimulatedCall]) -> list[SimulatedCall]:
    """Return calls that ended in different ways: with another reason, or after another last response."""
    ends: dict[Hashable, SimulatedCall] = {}
    for call in calls:
        body = call.responses[-1].body if call.responses else ""
        ends.setdefault((call.ended and call.ended.reason, call.url, body), call)
    return list(ends.values())[:_MAX_ENDS]


def _endless_silence(simulator: Simulator) -> list[CallProblem]:
    """Make a call in which the caller stays silent and no callee answers.

    :returns: a list with one problem if this call does not end; otherwise an empty list.
    """
    call = simulator.call()
    while call.waiting is not None:
        if call.waiting.activity == "ring":
            call.do(Refuse("no-answer"))
        elif call.waiting.activity == "queue":
            # An agent takes the call and hangs up at once: a queue alone may keep a caller for ever.
            call.do(PickUp(who=AGENT))
        elif call.waiting.activity == "talk":
            call.do(HangUp(who=AGENT))
        else:
            call.do(Silence(who=call.waiting.who))
    if call.ended is None or call.ended.reason not in _ENDLESS:
        return []
    length = f"{len(call.responses)} documents and {call.ended.billed_minutes} minutes"
    message = f"after {length}, a caller who says nothing is still on the line"
    hint = "count the silences of a call, and hang up after a few"
    return [CallProblem("endless-silence", message, hint, tuple(call.actions[:_MAX_ACTIONS]))]


def _repeated_request_after_end(ends: list[SimulatedCall]) -> list[CallProblem]:
    """Repeat the last request of each call that ended.

    :returns: a list with the first problem, or an empty list if no repeated request causes a problem.
    """
    for call in ends:
        document = call.repeat_last_request()
        effect = _effect_after_end(None if document is None else document.root)
        if effect:
            message = f"a request that is repeated after the end {effect}"
            return [CallProblem("repeated-request-after-end", message, _OVER_HINT, tuple(call.actions), ONLY_ON_RETRY)]
    return []


def _status_callback_after_end(simulator: Simulator, ends: list[SimulatedCall]) -> list[CallProblem]:
    """Repeat each call that ended, with the webhook's URL as the URL of the status callback.

    :returns: a list with the first problem, or an empty list if no status callback causes a problem.
    """
    with_callback = copy.copy(simulator)
    with_callback.status_callback = (simulator.url, simulator.method)
    for ended in ends:
        call = with_callback.call(ended.actions)
        effect = _effect_after_end(_status_callback_document(call))
        if effect:
            message = f"the status callback, if it is sent to the webhook, {effect}"
            return [CallProblem("status-callback-after-end", message, _OVER_HINT, tuple(call.actions), RISKY)]
    return []


def _status_callback_document(call: SimulatedCall) -> Element | None:
    """Return the root of the document that the app sent in response to the status callback.

    :returns: the root, or ``None`` if the status callback failed.
    """
    responses = [each for each in call.events if isinstance(each, Responded) and each.purpose == "status"]
    if not responses or responses[-1].status >= 400:
        return None
    try:
        return parse(responses[-1].body.encode())
    except MarkupError:
        return _EMPTY_DOCUMENT  # a response that is not TwiML does no harm: Twilio does not play it


def _effect_after_end(root: Element | None) -> str:
    """Return the problem with a response that arrives after the end of a call, or ``""`` if the response does no harm.

    :param root: the root of the document in the response, or ``None`` if the request failed.
    """
    if root is None:
        return "fails"
    verb = next((each.name for each in root.children if each.name not in _HARMLESS_VERBS), "")
    return f"continues the call with a <{verb}>" if verb else ""
