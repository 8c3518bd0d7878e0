"""Dial: ring somebody, let both talk, and ask the action: https://www.twilio.com/docs/voice/twiml/dial."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from ivrkit.simulator.actions import CALLEE, CALLER, Action, PickUp, Press, Refuse, Silence, Speak
from ivrkit.simulator.events import Dialled, Played, Recorded
from ivrkit.simulator.legs import Leg
from ivrkit.simulator.line import Line
from ivrkit.simulator.recordings import Recording
from ivrkit.simulator.scene import Scene, Verb
from ivrkit.simulator.twiml.grammar import flag, number, value
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.verbs.control import hangup
from ivrkit.simulator.verbs.gather import gather
from ivrkit.simulator.verbs.sounds import play, say, seconds_of_keys
from ivrkit.simulator.verbs.talk import talk
from ivrkit.simulator.waiting import Go, Gone, Over, Steps, Waiting
from ivrkit.simulator.wire.messages import Failure

#: The verbs of the document that whoever is dialled hears first: https://www.twilio.com/docs/voice/twiml/number
SCREENING_VERBS: Mapping[str, Verb] = {"Say": say, "Play": play, "Gather": gather, "Hangup": hangup}
#: How many telephones ring at once.
MOST_TELEPHONES = 10
_RECORDED = ("record-from-answer", "record-from-answer-dual", "record-from-ringing", "record-from-ringing-dual", "true")


@dataclass(slots=True)
class _Telephone:
    """One telephone that is dialled.

    :param noun: the ``Number``, or the ``Dial`` itself for a number that is its text.
    """

    number: str
    noun: Element
    leg: Leg
    told: int = 0


@dataclass(slots=True)
class _Dialling:
    """A ``Dial`` while it lasts.

    :param last: the telephone that was rung last, or picked up.
    :param status: what is told as ``DialCallStatus``.
    """

    verb: Element
    scene: Scene
    last: _Telephone
    status: str = "no-answer"
    bridged: bool = False
    recording: Recording | None = None
    ringing: dict[str, _Telephone] = field(default_factory=dict)
    starred: bool = False


def dial(line: Line, scene: Scene, verb: Element) -> Steps:
    """Ring telephones, and go on when that is over."""
    telephones = _telephones(line, scene, verb)
    if not telephones:
        return None
    dialling = _Dialling(verb, scene, telephones[0])
    groups = [[each] for each in telephones] if flag(verb, "sequential") else [telephones]
    try:
        for group in groups:
            answered = yield from _ring(line, dialling, group)
            if answered is not None:
                yield from _connect(line, dialling, answered)
            if answered is not None or dialling.starred:
                break
    except Gone as gone:  # the caller: a callee who hangs up ends the talk alone
        _abandon(line, dialling)
        if line.assumptions.dial_action_after_hangup:
            gone.last = _action(line, dialling)
        raise
    return _action(line, dialling)


def _telephones(line: Line, scene: Scene, verb: Element) -> list[_Telephone]:
    """Return what a ``Dial`` dials; what is not played yet is told."""
    nouns = [each for each in verb.children if each.name == "Number"]
    for each in verb.children:
        if each.name != "Number":
            what = f"<{each.name}> in <Dial> is not played yet, and is skipped"
            line.note(what, "try it with a real call", url=scene.url, line=each.line, column=each.column)
    if not verb.children and verb.text.strip():
        nouns = [verb]
    if len(nouns) > MOST_TELEPHONES:
        what = f"<Dial> rings {len(nouns)} telephones, and at most {MOST_TELEPHONES} are rung"
        line.warn(13215, what, url=scene.url, line=verb.line, column=verb.column)
    caller = value(verb, "callerId") or line.leg.from_
    return [
        _Telephone(
            noun.text.strip(),
            noun,
            Leg(line.leg.account, caller, noun.text.strip(), "outbound-dial", line.leg.sid, status="initiated"),
        )
        for noun in nouns[:MOST_TELEPHONES]
    ]


def _ring(
    line: Line, dialling: _Dialling, telephones: list[_Telephone]
) -> Generator[Waiting, Action, _Telephone | None]:
    """Ring telephones at once; return the one that was picked up."""
    verb = dialling.verb
    until = line.now + number(verb, "timeout") + line.assumptions.ring_longer
    ringing = dialling.ringing
    for each in telephones:
        ringing[each.number] = dialling.last = each
        _progress(line, dialling, each, "initiated")
        each.leg.status = "ringing"
        line.tell(Dialled(at=line.now, to=each.number, sid=each.leg.sid, result="ringing"))
        _progress(line, dialling, each, "ringing")
    while ringing:
        action = yield from line.wait(Waiting("Dial", "ring", CALLER, verb, numbers=tuple(ringing)))
        if isinstance(action, PickUp) and line.now + action.after < until:
            line.let_pass(action.after)
            answered = ringing.pop(action.number or next(iter(ringing)))
            _stop(line, dialling, "canceled")
            return answered
        if isinstance(action, Refuse) and action.result != "no-answer" and line.now + action.after < until:
            line.let_pass(action.after)
            _stop(line, dialling, action.result, action.number)
        elif isinstance(action, Refuse) and action.number is not None and len(ringing) > 1:
            _stop(line, dialling, "no-answer", action.number)
        elif isinstance(action, Press) and _is_star(dialling, action):
            dialling.starred = True
            _stop(line, dialling, "canceled")
        elif isinstance(action, Press | Speak):
            line.note(f"the caller {action} while it rings, and nobody listens", 'hangupOnStar="true" takes a *')
        elif isinstance(action, Silence) and action.seconds is not None and line.now + action.seconds < until:
            line.let_pass(action.seconds)
        else:
            line.let_pass(until - line.now)
            _stop(line, dialling, "no-answer")
    return None


def _is_star(dialling: _Dialling, press: Press) -> bool:
    return "*" in press.keys and flag(dialling.verb, "hangupOnStar")


def _stop(line: Line, dialling: _Dialling, result: str, only: str | None = None) -> None:
    """Let telephones ring no longer, all or one."""
    for each in [dialling.ringing[only]] if only is not None else list(dialling.ringing.values()):
        del dialling.ringing[each.number]
        each.leg.status = dialling.status = result
        line.tell(Dialled(at=line.now, to=each.number, sid=each.leg.sid, result=result))
        _progress(line, dialling, each, "completed")


def _connect(line: Line, dialling: _Dialling, telephone: _Telephone) -> Generator[Waiting, Action, None]:
    """Let whoever picked up hear what is meant for them alone, then let both talk."""
    verb, leg = dialling.verb, telephone.leg
    leg.status, leg.answered_at = "in-progress", line.now
    dialling.last, dialling.status = telephone, "completed"
    line.tell(Dialled(at=line.now, to=telephone.number, sid=leg.sid, result="answered"))
    _progress(line, dialling, telephone, "answered")
    if value(verb, "record") in _RECORDED:
        dialling.recording = Recording.of(line, "DialVerb")
        dialling.recording.tell(line, dialling.scene, verb, "in-progress", 0)
    try:
        if (yield from _screen(line, dialling, telephone)):
            dialling.bridged = True
            line.answer()
            limit = line.now + number(verb, "timeLimit")
            yield from talk(line, verb, (telephone.number,), until=limit, star=flag(verb, "hangupOnStar"))
    except Gone as gone:
        if gone.who == CALLER:
            raise
    _hang_up(line, dialling, telephone)


def _screen(line: Line, dialling: _Dialling, telephone: _Telephone) -> Generator[Waiting, Action, bool]:
    """Play the document of a ``Number`` to whoever picked up; return whether they are to be connected."""
    noun = telephone.noun
    keys = value(noun, "sendDigits") if noun.name == "Number" else ""
    if keys:
        line.hear(Played, seconds_of_keys(keys), what=f"keys {keys}", who=CALLEE)
    url = value(noun, "url") if noun.name == "Number" else ""
    if not url:
        return True
    go = dialling.scene.go(line, noun, "screening", url, value(noun, "method"))
    while go is not None:
        try:
            document = line.fetch(go, telephone.leg)
        except Failure:
            return False
        scene = Scene(telephone.leg, CALLEE, document.url, SCREENING_VERBS, dialling.scene.play)
        try:
            go = yield from scene.play(line, scene, document)
        except Over:
            return False
    return True


def _hang_up(line: Line, dialling: _Dialling, telephone: _Telephone) -> None:
    """End the leg of whoever was dialled."""
    leg = telephone.leg
    leg.status = "completed"
    seconds = math.ceil(leg.seconds(line.now))
    told = {"to": telephone.number, "sid": leg.sid, "bridged": dialling.bridged, "seconds": seconds}
    line.tell(Dialled(at=line.now, result="completed", **told))  # type: ignore[arg-type]  # as they are named
    if dialling.recording is not None:
        told = {"seconds": seconds, "text": "", "url": dialling.recording.url, "source": dialling.recording.source}
        line.tell(Recorded(at=line.now, ended_by="hangup", **told))  # type: ignore[arg-type]  # as they are named
        dialling.recording.tell(line, dialling.scene, dialling.verb, "completed", seconds)
    _progress(line, dialling, telephone, "completed")


def _abandon(line: Line, dialling: _Dialling) -> None:
    """End whatever rings or talks, because the caller is gone."""
    if dialling.ringing:
        _stop(line, dialling, "canceled")
    else:
        _hang_up(line, dialling, dialling.last)


def _action(line: Line, dialling: _Dialling) -> Go | None:
    """Return the request that a ``Dial`` with an action ends with."""
    leg = dialling.last.leg
    params = {"DialCallStatus": dialling.status, "DialBridged": "true" if dialling.bridged else "false"}
    params["DialCallSid"] = leg.sid
    if leg.answered_at is not None:
        params["DialCallDuration"] = str(math.ceil(leg.seconds(line.now)))
    if dialling.recording is not None:
        params["RecordingUrl"] = dialling.recording.url
    return dialling.scene.action(line, dialling.verb, params, needed=False)


def _progress(line: Line, dialling: _Dialling, telephone: _Telephone, event: str) -> None:
    """Tell the status callback of a ``Number`` what became of it, if it wants to know of that."""
    noun, leg = telephone.noun, telephone.leg
    if noun.name != "Number":
        return
    url = value(noun, "statusCallback")
    if not url or event not in value(noun, "statusCallbackEvent").split():
        return
    more = {"CallDuration": str(math.ceil(leg.seconds(line.now)))} if event == "completed" else {}
    more |= {"CallbackSource": "call-progress-events", "Timestamp": line.timestamp()}
    more["SequenceNumber"] = str(telephone.told)
    telephone.told += 1
    go = dialling.scene.go(line, noun, "dial-status", url, value(noun, "statusCallbackMethod"), **more)
    if go is not None:
        line.call_back(go, leg)
