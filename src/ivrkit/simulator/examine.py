"""Looks for what a phone tree does to a caller that no single document shows.

- ``endless-silence``: a telephone that was put down beside its cradle is never let go.
- ``repeated-request-after-end``: a request that comes once more after the call is over goes on with it, or fails.
- ``status-callback-after-end``: the status callback of a call that is over goes on with it, or fails.
- ``content-type``: Twilio can use the answers, but by luck.

What a document itself shows is found by the way, under Twilio's code.
"""

from __future__ import annotations

from ivrkit.simulator.actions import AGENT, HangUp, PickUp, Refuse, Silence
from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.events import Responded
from ivrkit.simulator.explore import CallProblem, Exploration, explore
from ivrkit.simulator.simulator import Simulator
from ivrkit.simulator.twiml.markup import Element, MarkupError, parse

#: The verbs that a caller who is gone can do without.
_HARMLESS = frozenset({"Say", "Play", "Pause", "Hangup", "Reject"})
#: What keeps a call on the line without anybody's doing.
_ENDLESS = frozenset({"too-many-documents", "time-limit"})
_EMPTY = Element("Response", {}, (), 0, 0)


def examine(simulator: Simulator, *, depth: int = 2) -> list[CallProblem]:
    """Call a number in many ways, and return what is wrong, each thing once.

    :param depth: how many things are done in a call, for what is looked for on every path.
    """
    explored = explore(simulator.call, depth=depth)
    by_luck = _content_types(simulator.call())
    return [*explored.problems, *by_luck, *_endless_silence(simulator), *_after_the_end(simulator, explored)]


def _content_types(call: SimulatedCall) -> list[CallProblem]:
    told = [each for each in call.notes if each.what.startswith("the answer calls itself")]
    return [CallProblem("content-type", f"{each.what}, and Twilio reads it by luck", each.hint) for each in told]


def _endless_silence(simulator: Simulator) -> list[CallProblem]:
    """Put the telephone down beside its cradle: nobody says a word, and nobody who is dialled answers."""
    call = simulator.call()
    while call.waiting is not None:
        if call.waiting.activity == "ring":
            call.do(Refuse("no-answer"))
        elif call.waiting.activity == "queue":
            call.do(PickUp(who=AGENT))
        elif call.waiting.activity == "talk":
            call.do(HangUp(who=AGENT))
        else:
            call.do(Silence(who=call.waiting.who))
    if call.ended is None or call.ended.reason not in _ENDLESS:
        return []
    what = f"after {len(call.responses)} documents and {call.ended.billed_minutes} minutes, a caller who says nothing"
    hint = "count silences, and hang up after some of them"
    return [CallProblem("endless-silence", f"{what} is still on the line", hint, tuple(call.actions[:12]))]


def _after_the_end(simulator: Simulator, explored: Exploration) -> list[CallProblem]:
    """Ask again when calls are over, in whatever way they ended."""
    found: dict[str, CallProblem] = {}
    hint = "keep that the call is over, and answer with an empty <Response>"
    for call in explored.ends:
        document = call.ask_again()
        goes_on = _goes_on(None if document is None else document.root)
        if goes_on:
            what = f"a request that comes again after the end {goes_on}"
            found.setdefault("again", CallProblem("repeated-request-after-end", what, hint, tuple(call.actions)))
    told = Simulator(
        simulator.transport,
        simulator.url,
        method=simulator.method,
        token=simulator.token,
        status_callback=simulator.url,
        status_callback_method=simulator.method,
    )
    for ended in explored.ends:
        call = told.call(ended.actions)
        goes_on = _goes_on(_told_of_the_end(call))
        if goes_on:
            what = f"the status callback, where it is the webhook, {goes_on}"
            found.setdefault("status", CallProblem("status-callback-after-end", what, hint, tuple(call.actions)))
    return list(found.values())


def _told_of_the_end(call: SimulatedCall) -> Element | None:
    """Return the document that the status callback was answered with, ``None`` when it was not."""
    answers = [each for each in call.events if isinstance(each, Responded) and each.purpose == "status"]
    if not answers or answers[-1].status >= 400:
        return None
    try:
        return parse(answers[-1].body.encode())
    except MarkupError:
        return _EMPTY  # no document is no harm: nobody plays it


def _goes_on(root: Element | None) -> str:
    """Return what an answer to a call that is over would do, ``""`` for nothing that matters."""
    if root is None:
        return "fails"
    verb = next((each.name for each in root.children if each.name not in _HARMLESS), "")
    return f"goes on with a <{verb}>" if verb else ""
