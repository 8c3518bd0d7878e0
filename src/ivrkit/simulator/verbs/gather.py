"""Gather: a prompt, and the keys or the speech that answer it: https://www.twilio.com/docs/voice/twiml/gather.

The simulator first plays the whole prompt, and then waits for an action. If the time of the action is before the end of
the prompt (barge-in), the simulator sets the clock back to the time of the action, and removes the rest of the prompt
from the events. The times of a ``Gather`` follow these rules:

1. The first key or word must come by the deadline: the end of the prompt plus ``timeout``.
2. Each key starts the timeout again.
3. With ``bargeIn="false"``, keys during the prompt are lost. Speech during the prompt is moved to the end of the
   prompt.
4. The finish key ends the ``Gather`` at once. If ``numDigits`` is set, the last of these keys also ends the ``Gather``
   at once. Later keys are lost.
5. Speech lasts at most ``maxSpeechTime``. The ``Gather`` ends after ``speechTimeout`` seconds of silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from ivrkit.simulator.actions import REACTION_SECONDS, Press, Silence, Speak
from ivrkit.simulator.clock import milliseconds, seconds
from ivrkit.simulator.context import DocumentContext
from ivrkit.simulator.events import Gathered, Heard
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.signals import HungUp, Playback, WebhookRequest
from ivrkit.simulator.twiml.attributes import bool_attribute, int_attribute, text_attribute
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.verbs.sounds import pause, play, say
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.webhooks import send_callback

#: The verbs that are allowed in a ``Gather``.
_PROMPT_VERBS: Mapping[str, Callable[[LiveCall, DocumentContext, Element], None]] = {
    "Say": say,
    "Play": partial(play, type_warning=13325),
    "Pause": pause,
}


@dataclass(slots=True)
class _GatherState:
    """A ``Gather`` that listens. All times are milliseconds on the call's clock.

    :param started_at: the time at which the prompt began.
    :param prompt_ends_at: the time at which the prompt ends, or at which the prompt was interrupted.
    :param first_event: the index of the prompt's first event in the events of the call.
    :param digits: the keys that were pressed so far.
    """

    verb: Element
    started_at: int
    prompt_ends_at: int
    first_event: int
    digits: str = ""

    @property
    def timeout(self) -> int:
        """The attribute ``timeout`` in milliseconds."""
        return milliseconds(int_attribute(self.verb, "timeout"))

    @property
    def deadline(self) -> int:
        """The latest time for the first key or word, in milliseconds on the call's clock."""
        return self.prompt_ends_at + self.timeout

    @property
    def inputs(self) -> list[str]:
        return text_attribute(self.verb, "input").split()

    @property
    def max_digits(self) -> int:
        """The value of the attribute ``numDigits``, or 0 if the number of keys is not limited."""
        return int_attribute(self.verb, "numDigits") if text_attribute(self.verb, "numDigits") else 0

    @property
    def finish_key(self) -> str:
        return text_attribute(self.verb, "finishOnKey")

    def time_of(self, call: LiveCall, action: Press | Speak) -> int:
        """Return the time at which an action starts, in milliseconds on the call's clock."""
        if action.after is None:
            return call.now + milliseconds(REACTION_SECONDS)
        at = self.started_at + milliseconds(action.after)
        # A time before now is a barge-in. It is possible only if nothing has happened since the prompt.
        return at if call.now == self.prompt_ends_at else max(at, call.now)


def gather(call: LiveCall, context: DocumentContext, verb: Element) -> Playback:
    """Play the prompt, and listen to the caller or the callee.

    :returns: the request for the ``action`` of the ``Gather`` with the keys or the speech, or ``None`` if there was no
        input and the next verb is played.
    """
    started_at, first_event = call.now, len(call.events)
    for child in verb.children:
        if child.name in _PROMPT_VERBS:
            _PROMPT_VERBS[child.name](call, context, child)
    state = _GatherState(verb, started_at, call.now, first_event)
    try:
        return (yield from _listen(call, context, state))
    except HungUp as hung_up:
        if hung_up.who == context.who:
            call.emit(Gathered(at=call.at, digits=state.digits, speech="", ended_by="hangup", who=context.who))
            if state.digits and call.assumptions.gather_action_after_hangup:
                hung_up.last_request = _request_with_digits(call, context, state, "")
        raise


def _listen(call: LiveCall, context: DocumentContext, state: _GatherState) -> Playback:
    """Wait for keys or speech. Add a note to the call for an input that the ``Gather`` does not accept.

    :returns: the request for the ``action`` of the ``Gather``, or ``None`` if there was no input and the next verb is
        played.
    """
    waiting = Waiting("Gather", "gather", context.who, state.verb, queue=context.queue)
    while True:
        action = yield from call.wait(waiting)
        if action.who != context.who:
            message = f"the {action.who} {action}, but the <Gather> listens to the {context.who}"
            call.note(message, f"let the {context.who} press or speak")
        elif isinstance(action, Press) and "dtmf" in state.inputs:
            return _take_keys(call, context, state, action)
        elif isinstance(action, Speak) and "speech" in state.inputs and action.text:
            return _take_speech(call, context, state, action)
        elif isinstance(action, Silence) and _is_short(call, state, action):
            call.pass_time(milliseconds(action.seconds or 0))
        elif isinstance(action, Silence) or (isinstance(action, Speak) and "speech" in state.inputs):
            # Speech without text stands for words that were not understood.
            return _take_nothing(call, context, state, "")
        else:
            name, needed = ("keys", "dtmf") if isinstance(action, Press) else ("speech", "speech")
            message = f"the {action.who} {action}, but this <Gather> does not accept {name}"
            call.note(message, f'set input="{needed}"')


def _is_short(call: LiveCall, state: _GatherState, silence: Silence) -> bool:
    """Return whether a silence ends before the ``Gather`` times out."""
    return silence.seconds is not None and call.now + milliseconds(silence.seconds) < state.deadline


def _take_keys(call: LiveCall, context: DocumentContext, state: _GatherState, press: Press) -> WebhookRequest | None:
    """Take keys one after the other, until a key ends the ``Gather`` or the timeout is over.

    :returns: the request for the ``action`` of the ``Gather``, or ``None`` if no key was taken and the next verb is
        played.
    """
    timeout, interval = state.timeout, milliseconds(press.every)
    # The timeout runs from the end of the prompt, then from each key that is taken.
    at, timeout_starts_at = state.time_of(call, press), state.prompt_ends_at
    for index, key in enumerate(press.keys):
        if at < state.prompt_ends_at and not bool_attribute(state.verb, "bargeIn"):
            at += interval
            continue
        if at > timeout_starts_at + timeout:
            _note_lost_keys(call, press.keys[index:])
            _move_clock(call, state, timeout_starts_at + timeout)
            break
        _move_clock(call, state, at)
        if key == state.finish_key:
            _note_lost_keys(call, press.keys[index + 1 :])
            if state.digits:
                return _end_with_digits(call, context, state, "key", key)
            return _take_nothing(call, context, state, key)
        state.digits += key
        state.prompt_ends_at = min(state.prompt_ends_at, at)
        if len(state.digits) == state.max_digits:
            _note_lost_keys(call, press.keys[index + 1 :])
            return _end_with_digits(call, context, state, "digits", "")
        timeout_starts_at, at = at, at + interval
    else:
        # All keys were taken and none ended the Gather: the timeout after the last one does.
        _move_clock(call, state, max(call.now, timeout_starts_at + timeout))
    if state.digits:
        return _end_with_digits(call, context, state, "timeout", "")
    return _take_nothing(call, context, state, "", wait=False)


def _move_clock(call: LiveCall, state: _GatherState, at: int) -> None:
    """Set the call's clock to a time. If the prompt is still playing at this time, cut the prompt short."""
    if at >= call.now:
        call.pass_time(at - call.now)
        return
    # The clock goes back: keep what was heard until then, shorten what was heard at this moment, drop the rest.
    # Events that are not heard, such as the request for a file, did happen: they stay, at most at this time.
    prompt_events = call.events[state.first_event :]
    del call.events[state.first_event :]
    call.now = at
    for event in prompt_events:
        began_at = milliseconds(event.at)
        if not isinstance(event, Heard):
            call.events.append(event if began_at <= at else replace(event, at=call.at))
        elif began_at + milliseconds(event.seconds) <= at:
            call.events.append(event)
        elif began_at < at:
            call.events.append(replace(event, seconds=seconds(at - began_at), cut=True))


def _note_lost_keys(call: LiveCall, keys: str) -> None:
    if keys:
        call.note(f"the keys {keys} were pressed when no verb was listening", "press them after the next prompt")


def _end_with_digits(
    call: LiveCall, context: DocumentContext, state: _GatherState, ended_by: str, finish_key: str
) -> WebhookRequest | None:
    """End the ``Gather`` with the keys that were pressed so far, and return the request for the ``action``.

    :param ended_by: the cause of the end: ``key``, ``digits`` or ``timeout``.
    :param finish_key: the finish key that was pressed, or ``""`` if no finish key was pressed.
    """
    call.emit(Gathered(at=call.at, digits=state.digits, speech="", ended_by=ended_by, who=context.who))
    return _request_with_digits(call, context, state, finish_key)


def _request_with_digits(
    call: LiveCall, context: DocumentContext, state: _GatherState, finish_key: str
) -> WebhookRequest | None:
    """Return the request for the ``action`` with the keys that were pressed so far."""
    params = {"Digits": state.digits, **_finish_params(call, finish_key)}
    return context.action_request(call, state.verb, params, required=True)


def _finish_params(call: LiveCall, finish_key: str) -> dict[str, str]:
    return {"FinishedOnKey": finish_key, "msg": "Gather End"} if call.assumptions.finished_on_key else {}


def _take_nothing(
    call: LiveCall, context: DocumentContext, state: _GatherState, finish_key: str, *, wait: bool = True
) -> WebhookRequest | None:
    """End the ``Gather`` without input.

    :param finish_key: the finish key that was pressed, or ``""`` if no finish key was pressed.
    :param wait: whether the rest of the timeout still has to pass.
    :returns: the request for the ``action`` if the ``Gather`` sets ``actionOnEmptyResult``; otherwise ``None``, and the
        next verb is played.
    """
    if wait and not finish_key:
        call.pass_time(max(state.deadline - call.now, 0))
    ended_by = "key" if finish_key else "timeout"
    call.emit(Gathered(at=call.at, digits="", speech="", ended_by=ended_by, who=context.who))
    if not bool_attribute(state.verb, "actionOnEmptyResult"):
        return None
    digits = {"Digits": ""} if call.assumptions.empty_digits else {}
    params = {**digits, **_finish_params(call, finish_key)}
    return context.action_request(call, state.verb, params, required=True)


def _take_speech(call: LiveCall, context: DocumentContext, state: _GatherState, speak: Speak) -> WebhookRequest | None:
    """Take speech, and wait for the silence that ends the speech.

    :returns: the request for the ``action`` of the ``Gather``, or ``None`` if the speech came too late and the next
        verb is played.
    """
    at = state.time_of(call, speak)
    if at < state.prompt_ends_at and not bool_attribute(state.verb, "bargeIn"):
        at = state.prompt_ends_at
    if at > state.deadline:
        return _take_nothing(call, context, state, "")
    _move_clock(call, state, at)
    _send_partial_results(call, context, state.verb, speak)
    longest = milliseconds(int_attribute(state.verb, "maxSpeechTime"))
    call.pass_time(min(call.duration_of_text(speak.text), longest))
    # Without speechTimeout, the timeout of the keys applies. "auto" means a short silence.
    speech_timeout = text_attribute(state.verb, "speechTimeout")
    if not speech_timeout:
        call.pass_time(state.timeout)
    else:
        call.pass_time(milliseconds(int(speech_timeout) if speech_timeout.isdigit() else REACTION_SECONDS))
    call.emit(Gathered(at=call.at, digits="", speech=speak.text, ended_by="speech", who=context.who))
    params = {"SpeechResult": speak.text}
    if speak.confidence is not None:
        params["Confidence"] = f"{speak.confidence:.8g}"
    return context.action_request(call, state.verb, params, required=True)


def _send_partial_results(call: LiveCall, context: DocumentContext, verb: Element, speak: Speak) -> None:
    """Send partial results of the speech recognition, if the ``Gather`` has a ``partialResultCallback``.

    The first partial result has the first half of the words. The second partial result has all words.
    """
    url = text_attribute(verb, "partialResultCallback")
    if not url:
        return
    words = speak.text.split()
    for number, partial_words in enumerate((words[: max(1, len(words) // 2)], words)):
        request = context.request(
            call,
            verb,
            "partial",
            url,
            text_attribute(verb, "partialResultCallbackMethod"),
            UnstableSpeechResult=" ".join(partial_words),
            StableSpeechResult="",
            Stability="0.5",
            SequenceNumber=str(number),
        )
        if request is not None:
            send_callback(call, request, context.leg)
