"""Record: a recording of the caller after a beep: https://www.twilio.com/docs/voice/twiml/record."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from ivrkit.simulator.actions import REACTION_SECONDS, Action, Press, Silence, Speak
from ivrkit.simulator.clock import FOREVER, milliseconds
from ivrkit.simulator.context import DocumentContext
from ivrkit.simulator.events import Played, Recorded
from ivrkit.simulator.legs import new_sid
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.recordings import Recording
from ivrkit.simulator.signals import HungUp, Playback, WebhookRequest
from ivrkit.simulator.twiml.attributes import bool_attribute, int_attribute, text_attribute
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.webhooks import send_callback_later

_BEEP = 500
#: Milliseconds between which a recording can be transcribed. The upper limit is also the maxLength with transcribe.
_MIN_TRANSCRIBED = milliseconds(2)
_MAX_TRANSCRIBED = milliseconds(120)
#: The ends of a recording besides a key. Twilio sends ``hangup`` as ``Digits``, and nothing for the other two.
_HANGUP, _SILENCE, _LENGTH = "hangup", "silence", "length"


@dataclass(slots=True)
class _RecordState:
    """A recording in progress. All times are milliseconds on the call's clock.

    :param started_at: the time on the call's clock at which the recording began.
    :param words: the texts that were said so far.
    :param silence: milliseconds of silence at the end of the recording so far.
    """

    verb: Element
    started_at: int
    recording: Recording
    words: list[str] = field(default_factory=list)
    silence: int = 0

    @property
    def max_duration(self) -> int:
        is_limited = bool_attribute(self.verb, "transcribe") and "maxLength" not in self.verb.attributes
        return _MAX_TRANSCRIBED if is_limited else milliseconds(int_attribute(self.verb, "maxLength"))

    def time_left(self, now: int) -> int:
        """Return how many milliseconds the recording can still last."""
        return self.started_at + self.max_duration - now


def record(call: LiveCall, context: DocumentContext, verb: Element) -> Playback:
    """Record until a key, silence, the maximum length or a hang-up ends the recording.

    :returns: the request for the ``action`` of the ``Record``, or ``None`` if the recording is empty and the next verb
        is played.
    """
    if text_attribute(verb, "transcribeCallback") and not bool_attribute(verb, "transcribe"):
        call.note(
            "<Record transcribeCallback> is never requested without transcribe",
            'set transcribe="true"',
            url=context.url,
            line=verb.line,
            column=verb.column,
            topic="transcribe-callback",
        )
    if bool_attribute(verb, "playBeep"):
        call.hear(Played, _BEEP, what="beep", who=context.who)
    state = _RecordState(verb, call.now, Recording.new(call, "RecordVerb"))
    state.recording.report_status(call, context, verb, "in-progress", 0)
    try:
        ended_by = yield from _run(call, context, state)
    except HungUp as hung_up:
        # A caller who hangs up has left a message, so Twilio requests the action although nobody hears the response.
        hung_up.last_request = _finish(call, context, state, _HANGUP)
        raise
    return _finish(call, context, state, ended_by)


def _run(call: LiveCall, context: DocumentContext, state: _RecordState) -> Generator[Waiting, Action, str]:
    """Record until the recording ends.

    :returns: the key that ended the recording, ``silence``, or ``length`` if the recording reached its maximum length.
    """
    finish_keys = text_attribute(state.verb, "finishOnKey")
    while True:
        action = yield from call.wait(Waiting("Record", "record", context.who, state.verb))
        # Sound and silence share one clock: each action is recorded up to the maximum length at most.
        if isinstance(action, Speak):
            state.words.append(action.text)
            if not _record_sound(call, state, milliseconds(action.after or 0) + call.duration_of_text(action.text)):
                return _LENGTH
        elif isinstance(action, Press):
            if not _record_sound(call, state, milliseconds(REACTION_SECONDS if action.after is None else action.after)):
                return _LENGTH
            if finish_key := next((key for key in action.keys if key in finish_keys), ""):
                return finish_key
            call.note(f"the keys {action.keys} do not end the recording", f"finishOnKey is {finish_keys!r}")
        elif ended_by := _record_silence(call, state, action.seconds if isinstance(action, Silence) else 0.0):
            return ended_by


def _record_sound(call: LiveCall, state: _RecordState, duration: int) -> bool:
    """Record sound for some milliseconds.

    :returns: ``False`` if the recording has reached its maximum length, otherwise ``True``.
    """
    time_left = state.time_left(call.now)
    call.pass_time(min(duration, time_left))
    state.silence = 0
    return duration < time_left


def _record_silence(call: LiveCall, state: _RecordState, seconds: float | None) -> str:
    """Record silence.

    :param seconds: seconds of silence, or ``None`` for silence until the recording ends.
    :returns: ``silence`` or ``length`` as the reason why the recording ended, or ``""`` if the recording goes on.
    """
    time_left = state.time_left(call.now)
    timeout = milliseconds(int_attribute(state.verb, "timeout"))
    # Silence adds up over several actions. A timeout of 0 never ends a recording.
    timeout_left = timeout - state.silence if timeout else FOREVER
    passed = min(timeout_left, time_left, FOREVER if seconds is None else milliseconds(seconds))
    call.pass_time(passed)
    state.silence += passed
    if passed == time_left:
        return _LENGTH
    return _SILENCE if passed == timeout_left else ""


def _finish(call: LiveCall, context: DocumentContext, state: _RecordState, ended_by: str) -> WebhookRequest | None:
    """Report the recording, and return the request for the ``action`` of the ``Record``.

    :param ended_by: the key that ended the recording, ``silence``, ``length`` or ``hangup``.
    :returns: the request, or ``None`` if the recording is empty and the next verb is played.
    """
    verb, text = state.verb, " ".join(state.words)
    # Silence at the start would be trimmed too, but the simulator only knows the silence at the end.
    trimmed = state.silence if text_attribute(verb, "trim") == "trim-silence" else 0
    duration = call.now - state.started_at - trimmed
    seconds = call.whole_seconds(duration)
    call.emit(Recorded(at=call.at, seconds=seconds, text=text, ended_by=ended_by, url=state.recording.url))
    # Twilio calls a recording absent if it has no sound at all.
    if not text and not duration and call.assumptions.continue_after_empty_recording:
        state.recording.report_status(call, context, verb, "absent", 0)
        return None
    state.recording.report_status(call, context, verb, "completed", seconds)
    _transcribe(call, context, state, duration, text)
    digits = "" if ended_by in (_SILENCE, _LENGTH) else ended_by
    params = {
        "RecordingUrl": state.recording.url,
        "RecordingSid": state.recording.sid,
        "RecordingDuration": str(seconds),
    }
    if digits or call.assumptions.empty_digits:
        params["Digits"] = digits
    return context.action_request(call, verb, params, required=True)


def _transcribe(call: LiveCall, context: DocumentContext, state: _RecordState, duration: int, text: str) -> None:
    """Send the transcription of a recording, if the ``Record`` has ``transcribe`` and a ``transcribeCallback``.

    :param duration: the length of the recording in milliseconds. A recording that is too short or too long causes a
        note and not a warning, because the caller and not the app chooses the length.
    :param text: the words in the recording.
    """
    verb = state.verb
    if not bool_attribute(verb, "transcribe"):
        return
    if not _MIN_TRANSCRIBED < duration < _MAX_TRANSCRIBED:
        message = f"a recording of {call.whole_seconds(duration)} s is not transcribed"
        call.warn(13617, message, url=context.url, line=verb.line, column=verb.column, level="note")
        return
    url = text_attribute(verb, "transcribeCallback")
    if not url:
        return
    sid = new_sid("TR")
    request = context.request(
        call,
        verb,
        "transcription",
        url,
        "POST",
        TranscriptionSid=sid,
        TranscriptionText=text,
        TranscriptionStatus="completed",
        TranscriptionUrl=f"{state.recording.url.rpartition('/Recordings/')[0]}/Transcriptions/{sid}",
        RecordingSid=state.recording.sid,
        RecordingUrl=state.recording.url,
    )
    if request is not None:
        send_callback_later(call, request, call.leg)
