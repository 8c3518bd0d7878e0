"""Gather: a prompt, and keys or words: https://www.twilio.com/docs/voice/twiml/gather."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from ivrkit.simulator.actions import A_MOMENT, Press, Silence, Speak
from ivrkit.simulator.events import Gathered, Heard
from ivrkit.simulator.line import Line
from ivrkit.simulator.scene import Scene
from ivrkit.simulator.twiml.grammar import flag, number, value
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.verbs.sounds import pause, play, say
from ivrkit.simulator.waiting import Go, Gone, Steps, Waiting

#: What may stand in a ``Gather``.
_PROMPT: Mapping[str, Callable[[Line, Scene, Element], None]] = {
    "Say": say,
    "Play": partial(play, other_type=13325),
    "Pause": pause,
}


@dataclass(slots=True)
class _Listening:
    """What a ``Gather`` takes, and what it has so far.

    :param heard_at: when the prompt is over.
    :param first_event: where the prompt's events begin.
    """

    verb: Element
    began: float
    heard_at: float
    first_event: int
    digits: str = ""

    @property
    def until(self) -> float:
        """Until when the first key or word has to come."""
        return self.heard_at + number(self.verb, "timeout")

    def time_of(self, line: Line, action: Press | Speak) -> float:
        """Return when somebody begins to press or to speak: not before now, unless the prompt is cut."""
        if action.after is None:
            return line.now + A_MOMENT
        at = self.began + action.after
        return at if line.now == self.heard_at else max(at, line.now)

    @property
    def inputs(self) -> list[str]:
        return value(self.verb, "input").split()

    @property
    def most(self) -> int:
        return number(self.verb, "numDigits") if value(self.verb, "numDigits") else 0

    @property
    def finish(self) -> str:
        return value(self.verb, "finishOnKey")


def gather(line: Line, scene: Scene, verb: Element) -> Steps:
    """Say the prompt, listen, and ask the action with what was pressed or said."""
    began, first_event = line.now, len(line.events)
    for each in verb.children:
        if each.name in _PROMPT:
            _PROMPT[each.name](line, scene, each)
    heard = _Listening(verb, began, line.now, first_event)
    try:
        return (yield from _listen(line, scene, heard))
    except Gone as gone:
        if gone.who == scene.who:
            line.tell(Gathered(at=line.now, digits=heard.digits, speech="", ended_by="hangup", who=scene.who))
            if heard.digits and line.assumptions.gather_action_after_hangup:
                gone.last = _with_digits(line, scene, heard, "")
        raise


def _listen(line: Line, scene: Scene, heard: _Listening) -> Steps:
    """Wait until something comes that this ``Gather`` takes."""
    waiting = Waiting("Gather", "gather", scene.who, heard.verb, queue=scene.queue)
    while True:
        action = yield from line.wait(waiting)
        if action.who != scene.who:
            line.note(f"the {action.who} {action}, and nobody listens to that", "it is the other one who is asked")
        elif isinstance(action, Press) and "dtmf" in heard.inputs:
            return _take_keys(line, scene, heard, action)
        elif isinstance(action, Speak) and "speech" in heard.inputs and action.text:
            return _take_speech(line, scene, heard, action)
        elif isinstance(action, Silence) and action.seconds is not None and line.now + action.seconds < heard.until:
            line.let_pass(action.seconds)
        elif isinstance(action, Silence) or (isinstance(action, Speak) and "speech" in heard.inputs):
            return _take_nothing(line, scene, heard, "")
        else:
            kind, wanted = ("keys", "dtmf") if isinstance(action, Press) else ("speech", "speech")
            line.note(f"the {action.who} {action}, but this <Gather> takes no {kind}", f'input="{wanted}" does')


def _take_keys(line: Line, scene: Scene, heard: _Listening, press: Press) -> Go | None:
    """Take keys one after the other, each in its time, until one of them ends it or no more come."""
    timeout = number(heard.verb, "timeout")
    at, last = heard.time_of(line, press), heard.until - timeout
    for index, key in enumerate(press.keys):
        if at < heard.heard_at and not flag(heard.verb, "bargeIn"):
            at += press.every
            continue
        if at > last + timeout:
            _lose(line, press.keys[index:])
            _move_to(line, heard, last + timeout)
            break
        _move_to(line, heard, at)
        if key == heard.finish:
            _lose(line, press.keys[index + 1 :])
            return _with_digits(line, scene, heard, key) if heard.digits else _take_nothing(line, scene, heard, key)
        heard.digits += key
        heard.heard_at = min(heard.heard_at, at)
        if len(heard.digits) == heard.most:
            _lose(line, press.keys[index + 1 :])
            return _end(line, scene, heard, "digits", "")
        last, at = at, at + press.every
    else:
        _move_to(line, heard, max(line.now, last + timeout))
    return (
        _end(line, scene, heard, "timeout", "") if heard.digits else _take_nothing(line, scene, heard, "", wait=False)
    )


def _move_to(line: Line, heard: _Listening, at: float) -> None:
    """Go to a time; when the prompt is not over by then, it is cut there."""
    if at >= line.now:
        line.let_pass(at - line.now)
        return
    prompt = line.events[heard.first_event :]
    del line.events[heard.first_event :]
    for event in prompt:
        if not isinstance(event, Heard):
            line.events.append(event if event.at <= at else replace(event, at=at))
        elif event.at + event.seconds <= at:
            line.events.append(event)
        elif event.at < at:
            line.events.append(replace(event, seconds=round(at - event.at, 3), cut=True))
    line.now = at


def _lose(line: Line, keys: str) -> None:
    if keys:
        line.note(f"the keys {keys} were pressed when nothing listened", "press them when the next question is asked")


def _with_digits(line: Line, scene: Scene, heard: _Listening, finished: str) -> Go | None:
    return _end(line, scene, heard, "key" if finished else "timeout", finished)


def _end(line: Line, scene: Scene, heard: _Listening, ended_by: str, finished: str) -> Go | None:
    line.tell(Gathered(at=line.now, digits=heard.digits, speech="", ended_by=ended_by, who=scene.who))
    return scene.action(line, heard.verb, {"Digits": heard.digits, **_ended(line, finished)}, needed=True)


def _ended(line: Line, finished: str) -> dict[str, str]:
    return {"FinishedOnKey": finished, "msg": "Gather End"} if line.assumptions.finished_on_key else {}


def _take_nothing(line: Line, scene: Scene, heard: _Listening, finished: str, *, wait: bool = True) -> Go | None:
    """End without anything: the next verb, or the action where the ``Gather`` wants it anyway."""
    if wait and not finished:
        line.let_pass(max(heard.until - line.now, 0.0))
    ended_by = "key" if finished else "timeout"
    line.tell(Gathered(at=line.now, digits="", speech="", ended_by=ended_by, who=scene.who))
    if not flag(heard.verb, "actionOnEmptyResult"):
        return None
    empty = {"Digits": ""} if line.assumptions.empty_digits else {}
    return scene.action(line, heard.verb, {**empty, **_ended(line, finished)}, needed=True)


def _take_speech(line: Line, scene: Scene, heard: _Listening, speak: Speak) -> Go | None:
    """Take what was said, after the silence that ends it."""
    at, timeout = heard.time_of(line, speak), number(heard.verb, "timeout")
    if at < heard.heard_at and not flag(heard.verb, "bargeIn"):
        at = heard.heard_at
    if at > heard.until:
        return _take_nothing(line, scene, heard, "")
    _move_to(line, heard, at)
    _tell_part(line, scene, heard.verb, speak)
    most = number(heard.verb, "maxSpeechTime")
    line.let_pass(min(len(speak.text) / line.speeds.letters, most))
    pause_after = value(heard.verb, "speechTimeout")
    line.let_pass(float(pause_after) if pause_after.isdigit() else timeout if not pause_after else A_MOMENT)
    line.tell(Gathered(at=line.now, digits="", speech=speak.text, ended_by="speech", who=scene.who))
    params = {"SpeechResult": speak.text}
    if speak.confidence is not None:
        params["Confidence"] = f"{speak.confidence:.8g}"
    return scene.action(line, heard.verb, params, needed=True)


def _tell_part(line: Line, scene: Scene, verb: Element, speak: Speak) -> None:
    """Send what was understood so far, where the ``Gather`` wants it: the first half of the words, then all."""
    url = value(verb, "partialResultCallback")
    if not url:
        return
    words = speak.text.split()
    for count, part in enumerate((words[: max(1, len(words) // 2)], words)):
        told = {"UnstableSpeechResult": " ".join(part), "StableSpeechResult": "", "Stability": "0.5"}
        method = value(verb, "partialResultCallbackMethod")
        go = scene.go(line, verb, "partial", url, method, **told, SequenceNumber=str(count))
        if go is not None:
            line.call_back(go, scene.leg)
