"""Record: what the caller says after a tone: https://www.twilio.com/docs/voice/twiml/record."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, field

from ivrkit.simulator.actions import A_MOMENT, Action, Press, Silence, Speak
from ivrkit.simulator.events import Played, Recorded
from ivrkit.simulator.legs import new_sid
from ivrkit.simulator.line import Line
from ivrkit.simulator.recordings import Recording
from ivrkit.simulator.scene import Scene
from ivrkit.simulator.twiml.grammar import flag, number, value
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.waiting import Go, Gone, Steps, Waiting

_BEEP = 0.5
#: Transcribing makes a recording shorter where nothing else is said, and works between these lengths alone.
_LONGEST_TRANSCRIBED = 120
_SHORTEST_TRANSCRIBED = 2
#: What ends a recording besides a key; ``hangup`` is what Twilio sends in the place of the key.
_HANGUP, _SILENCE, _LENGTH = "hangup", "silence", "length"


@dataclass(slots=True)
class _Tape:
    """A recording that runs.

    :param quiet: seconds of silence at its end.
    """

    verb: Element
    began: float
    recording: Recording
    words: list[str] = field(default_factory=list)
    quiet: float = 0.0

    @property
    def longest(self) -> int:
        transcribed = flag(self.verb, "transcribe") and "maxLength" not in self.verb.attributes
        return _LONGEST_TRANSCRIBED if transcribed else number(self.verb, "maxLength")


def record(line: Line, scene: Scene, verb: Element) -> Steps:
    """Record until a key, silence, the longest time or the end of the call; then ask the action."""
    if flag(verb, "playBeep"):
        line.hear(Played, _BEEP, what="beep", who=scene.who)
    tape = _Tape(verb, line.now, Recording.of(line, "RecordVerb"))
    tape.recording.tell(line, scene, verb, "in-progress", 0)
    try:
        ended_by = yield from _run(line, scene, tape)
    except Gone as gone:
        gone.last = _finish(line, scene, tape, _HANGUP)
        raise
    return _finish(line, scene, tape, ended_by)


def _run(line: Line, scene: Scene, tape: _Tape) -> Generator[Waiting, Action, str]:
    """Let the caller speak until something ends it; return what."""
    keys = value(tape.verb, "finishOnKey")
    while True:
        action = yield from line.wait(Waiting("Record", "record", scene.who, tape.verb))
        if isinstance(action, Speak):
            tape.words.append(action.text)
            if not _pass(line, tape, (action.after or 0.0) + len(action.text) / line.speeds.letters):
                return _LENGTH
        elif isinstance(action, Press):
            if not _pass(line, tape, A_MOMENT if action.after is None else action.after):
                return _LENGTH
            if ended := next((key for key in action.keys if key in keys), ""):
                return ended
            line.note(f"the keys {action.keys} are in the recording and do not end it", f"finishOnKey is {keys!r}")
        elif ended := _be_silent(line, tape, action.seconds if isinstance(action, Silence) else 0.0):
            return ended


def _pass(line: Line, tape: _Tape, seconds: float) -> bool:
    """Record for so long; return whether there was room for it all."""
    room = tape.began + tape.longest - line.now
    line.let_pass(min(seconds, room))
    tape.quiet = 0.0
    return seconds < room


def _be_silent(line: Line, tape: _Tape, seconds: float | None) -> str:
    """Record silence; return what ended the recording, ``""`` when nothing did."""
    room = tape.began + tape.longest - line.now
    timeout = number(tape.verb, "timeout")
    given_up = timeout - tape.quiet if timeout else math.inf
    quiet = min(given_up, room, math.inf if seconds is None else seconds)
    line.let_pass(quiet)
    tape.quiet += quiet
    if quiet == room:
        return _LENGTH
    return _SILENCE if quiet == given_up else ""


def _finish(line: Line, scene: Scene, tape: _Tape, ended_by: str) -> Go | None:
    """Tell of the recording, and return the request that it ends with."""
    verb, text = tape.verb, " ".join(tape.words)
    trimmed = tape.quiet if value(verb, "trim") == "trim-silence" else 0.0
    seconds = math.ceil(line.now - tape.began - trimmed)
    line.tell(Recorded(at=line.now, seconds=seconds, text=text, ended_by=ended_by, url=tape.recording.url))
    if not text and not seconds and line.assumptions.silent_recording_goes_on:
        tape.recording.tell(line, scene, verb, "absent", 0)
        return None
    tape.recording.tell(line, scene, verb, "completed", seconds)
    _transcribe(line, scene, tape, seconds, text)
    digits = "" if ended_by in (_SILENCE, _LENGTH) else ended_by
    params = {
        "RecordingUrl": tape.recording.url,
        "RecordingSid": tape.recording.sid,
        "RecordingDuration": str(seconds),
    }
    if digits or line.assumptions.empty_digits:
        params["Digits"] = digits
    return scene.action(line, verb, params, needed=True)


def _transcribe(line: Line, scene: Scene, tape: _Tape, seconds: int, text: str) -> None:
    """Send what was understood of a recording, where it is to be transcribed."""
    verb = tape.verb
    if not flag(verb, "transcribe"):
        return
    if not _SHORTEST_TRANSCRIBED < seconds < _LONGEST_TRANSCRIBED:
        what = f"a recording of {seconds} s is not transcribed"
        line.warn(13617, what, url=scene.url, line=verb.line, column=verb.column)
        return
    url = value(verb, "transcribeCallback")
    if not url:
        return
    sid = new_sid("TR")
    go = scene.go(
        line,
        verb,
        "transcription",
        url,
        "POST",
        TranscriptionSid=sid,
        TranscriptionText=text,
        TranscriptionStatus="completed",
        TranscriptionUrl=f"{tape.recording.url.rpartition('/Recordings/')[0]}/Transcriptions/{sid}",
        RecordingSid=tape.recording.sid,
        RecordingUrl=tape.recording.url,
    )
    if go is not None:
        line.send_later(go, line.leg)
