"""The problems of single calls, and their grades."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from ivrkit.simulator.actions import CALLER, Action, Refuse, Silence
from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.events import Event, Played, Requested, Said
from ivrkit.simulator.exchanges import DOCUMENT_PURPOSES
from ivrkit.simulator.live_call import NOT_PLAYED
from ivrkit.simulator.transcript import describe, location_of

#: The grades of problems, from the worst: Twilio or every caller meets the problem; only some calls or settings do;
#: only a request that Twilio sends again does.
GRADES = WRONG, RISKY, ONLY_ON_RETRY = "wrong", "risky", "only on retry"
#: The notes of the simulator that are problems of the app: topic of the note -> grade.
_GRADES_OF_NOTES = {"content-type": RISKY, "transcribe-callback": WRONG}
#: Numbers and SIDs, which differ from call to call in the messages about one problem.
_VOLATILE = re.compile(r"\b(?=\w*\d)\w{8,}\b")


@dataclass(frozen=True, slots=True)
class CallProblem:
    """A problem that was found in a call.

    :param name: Twilio's error code, or one of the names in :mod:`ivrkit.simulator.examine`.
    :param message: the problem and its location.
    :param hint: how to fix the problem.
    :param actions: the actions in the call that lead to the problem, from the start of the call.
    :param grade: ``wrong``, ``risky`` or ``only on retry``.
    """

    name: str
    message: str
    hint: str
    actions: tuple[Action, ...] = ()
    grade: str = WRONG


def problems_of(call: SimulatedCall) -> Iterator[tuple[Hashable, CallProblem]]:
    """Yield the problems of a call, each with a key that is equal for equal problems in other calls and documents."""
    actions = tuple(call.actions)
    for warning in call.warnings:
        problem = CallProblem(str(warning.code), describe(warning), warning.hint, actions)
        yield (problem.name, _VOLATILE.sub("", warning.what)), problem
    for note in call.notes:
        if note.topic in _GRADES_OF_NOTES:
            message, grade = note.what + location_of(note), _GRADES_OF_NOTES[note.topic]
            yield (note.topic, note.what), CallProblem(note.topic, message, note.hint, actions, grade)
    dropped = _dropped_caller(call)
    if dropped is not None:
        yield (dropped.name, dropped.message), dropped


def not_played(call: SimulatedCall) -> list[str]:
    """Return the elements that the simulator skipped in a call, such as ``<Connect>`` and ``<Client> in <Dial>``."""
    return [note.what.removesuffix(NOT_PLAYED) for note in call.notes if note.topic == "not-played"]


def _dropped_caller(call: SimulatedCall) -> CallProblem | None:
    """Return the problem of a call that ended without a word to the caller, because nothing followed its verb."""
    last = call.last_waiting
    if last is None or call.ended is None or call.ended.reason != "no-more-verbs" or last.queue:
        return None
    if any(_is_heard_or_asked(each) for each in call.latest_events):
        return None
    action, verb = call.actions[-1], f"the <{last.verb}> at {call.url}, line {last.element.line}"
    if last.activity == "gather" and last.who == CALLER and isinstance(action, Silence):
        message = f"a caller who says nothing is dropped without a word after {verb}"
        hint = 'set actionOnEmptyResult="true", or put verbs after the <Gather>'
        return CallProblem("silent-caller-dropped", message, hint, tuple(call.actions), RISKY)
    if last.activity == "ring" and isinstance(action, Refuse):
        message = f"if no phone is picked up, the caller is dropped without a word after {verb}"
        hint = "set an action, or put verbs after the <Dial>"
        return CallProblem("unanswered-caller-dropped", message, hint, tuple(call.actions), RISKY)
    return None


def _is_heard_or_asked(event: Event) -> bool:
    """Return whether the caller hears something, or the app is asked how the call goes on."""
    if isinstance(event, Requested):
        return event.purpose in DOCUMENT_PURPOSES
    return isinstance(event, Said | Played)
