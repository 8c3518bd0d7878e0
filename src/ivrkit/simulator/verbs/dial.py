"""Dial: a call to one or more phones: https://www.twilio.com/docs/voice/twiml/dial.

A ``Dial`` goes through these steps:

1. All phones ring at once until one phone is picked up. With ``sequential``, the phones ring one after the other.
2. If the ``Number`` has a ``url``, the callee who picked up hears the document at this URL, and can decline the call.
3. Caller and callee talk, until one of them hangs up or ``timeLimit`` is over.
4. The action is requested with the result of the ``Dial``. If the verb has no action, the next verb is played.

A callee who hangs up ends step 2 or 3. A caller who hangs up ends the call, but Twilio may still request the action.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field

from ivrkit.simulator.actions import CALLEE, CALLER, Action, PickUp, Press, Refuse, Silence, Speak
from ivrkit.simulator.clock import milliseconds
from ivrkit.simulator.context import DocumentContext, Verb
from ivrkit.simulator.events import Dialled, Played, Recorded
from ivrkit.simulator.legs import Leg
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.recordings import Recording
from ivrkit.simulator.signals import HungUp, LegEnded, Playback, WebhookRequest
from ivrkit.simulator.twiml.attributes import bool_attribute, int_attribute, text_attribute
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.verbs.control import hangup
from ivrkit.simulator.verbs.gather import gather
from ivrkit.simulator.verbs.sounds import duration_of_keys, play, say
from ivrkit.simulator.verbs.talk import talk
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.webhooks import fetch_document, send_callback
from ivrkit.simulator.wire.messages import Failure

#: The verbs of the document that a callee hears first: https://www.twilio.com/docs/voice/twiml/number
SCREENING_VERBS: Mapping[str, Verb] = {"Say": say, "Play": play, "Gather": gather, "Hangup": hangup}
#: Maximum number of phones that ring at once.
MAX_PHONES = 10
_RECORDING_MODES = frozenset(
    {"record-from-answer", "record-from-answer-dual", "record-from-ringing", "record-from-ringing-dual", "true"}
)


@dataclass(slots=True)
class _Phone:
    """A dialled phone.

    :param noun: the element with the phone number: a ``Number``, or the ``Dial`` if the phone number is the text of the
        ``Dial``.
    :param callbacks: the number of status callbacks that were sent for this phone so far.
    """

    number: str
    noun: Element
    leg: Leg
    callbacks: int = 0


@dataclass(slots=True)
class _DialState:
    """A ``Dial`` in progress.

    :param last: the phone that was picked up, or the phone that rang last if no phone was picked up.
    :param status: Twilio's ``DialCallStatus``.
    :param bridged: whether caller and callee could talk.
    :param ringing: dict of phone number -> ringing phone.
    :param canceled_by_star: whether the caller stopped the ringing with ``*``.
    """

    verb: Element
    context: DocumentContext
    last: _Phone
    status: str = "no-answer"
    bridged: bool = False
    recording: Recording | None = None
    ringing: dict[str, _Phone] = field(default_factory=dict)
    canceled_by_star: bool = False


def dial(call: LiveCall, context: DocumentContext, verb: Element) -> Playback:
    """Dial the phones of a ``Dial``, and let caller and callee talk.

    :returns: the request for the ``action`` of the ``Dial``, or ``None`` if the ``Dial`` has no phone or no ``action``.
    """
    phones = _phones(call, context, verb)
    if not phones:
        return None
    state = _DialState(verb, context, phones[0])
    groups = [[each] for each in phones] if bool_attribute(verb, "sequential") else [phones]
    try:
        for group in groups:
            answered = yield from _ring(call, state, group)
            if answered is not None:
                yield from _connect(call, state, answered)
            if answered is not None or state.canceled_by_star:
                break
    except HungUp as hung_up:  # it was the caller: a callee who hangs up only ends the talk
        _end_all_phones(call, state)
        if call.assumptions.dial_action_after_hangup:
            hung_up.last_request = _action_request(call, state)
        raise
    return _action_request(call, state)


def _phones(call: LiveCall, context: DocumentContext, verb: Element) -> list[_Phone]:
    """Return the phones of a ``Dial``. Add a note to the call for each noun that is not simulated."""
    nouns = [each for each in verb.children if each.name == "Number"]
    for child in verb.children:
        if child.name != "Number":
            call.note_not_played(f"<{child.name}> in <Dial>", child, context.url)
    if not verb.children and verb.text.strip():
        nouns = [verb]
    if len(nouns) > MAX_PHONES:
        message = f"<Dial> must have at most {MAX_PHONES} numbers, not {len(nouns)}; the others are skipped"
        call.warn(13215, message, url=context.url, line=verb.line, column=verb.column)
    caller_id = text_attribute(verb, "callerId") or call.leg.from_
    return [
        _Phone(
            noun.text.strip(),
            noun,
            Leg(call.leg.account, caller_id, noun.text.strip(), "outbound-dial", call.leg.sid, status="initiated"),
        )
        for noun in nouns[:MAX_PHONES]
    ]


# Step 1: ringing


def _ring(call: LiveCall, state: _DialState, phones: list[_Phone]) -> Generator[Waiting, Action, _Phone | None]:
    """Let phones ring at the same time.

    :returns: the phone that was picked up, or ``None`` if no phone was picked up.
    """
    verb = state.verb
    # Twilio lets a phone ring a few seconds longer than the timeout says.
    deadline = call.now + milliseconds(int_attribute(verb, "timeout") + call.assumptions.extra_ring_seconds)
    for phone in phones:
        # The last phone that rang gives its status to the action if nobody answers.
        state.ringing[phone.number] = state.last = phone
        _report_progress(call, state, phone, "initiated")
        phone.leg.status = "ringing"
        call.emit(Dialled(at=call.at, to=phone.number, sid=phone.leg.sid, result="ringing"))
        _report_progress(call, state, phone, "ringing")
    while state.ringing:
        action = yield from call.wait(Waiting("Dial", "ring", CALLER, verb, numbers=tuple(state.ringing)))
        if isinstance(action, PickUp) and call.now + milliseconds(action.after) < deadline:
            call.pass_time(milliseconds(action.after))
            answered = state.ringing.pop(action.number or next(iter(state.ringing)))
            _stop_ringing(call, state, "canceled")  # the other phones
            return answered
        _handle_while_ringing(call, state, action, deadline)
    return None


def _handle_while_ringing(call: LiveCall, state: _DialState, action: Action, deadline: int) -> None:
    """Handle an action while phones ring. :func:`_ring` itself handles a pick-up before the deadline.

    :param deadline: the time on the call's clock, in milliseconds, at which the phones stop ringing.
    """
    time_left = deadline - call.now
    if isinstance(action, Refuse) and action.result != "no-answer" and milliseconds(action.after) < time_left:
        call.pass_time(milliseconds(action.after))
        _stop_ringing(call, state, action.result, action.number)
    elif isinstance(action, Refuse) and action.number is not None and len(state.ringing) > 1:
        # One of several phones is not answered: the others ring on, and no time passes for it.
        _stop_ringing(call, state, "no-answer", action.number)
    elif isinstance(action, Press) and "*" in action.keys and bool_attribute(state.verb, "hangupOnStar"):
        state.canceled_by_star = True
        _stop_ringing(call, state, "canceled")
    elif isinstance(action, Press | Speak):
        message = f"the caller {action} while it rings, but no verb is listening"
        call.note(message, 'set hangupOnStar="true" to let the caller cancel with *')
    elif isinstance(action, Silence) and action.seconds is not None and milliseconds(action.seconds) < time_left:
        call.pass_time(milliseconds(action.seconds))
    else:
        # Silence until the end, or an action that comes after the deadline.
        call.pass_time(time_left)
        _stop_ringing(call, state, "no-answer")


def _stop_ringing(call: LiveCall, state: _DialState, result: str, number: str | None = None) -> None:
    """Stop the ringing of phones.

    :param result: the final ``CallStatus`` of these phones.
    :param number: the number of the phone that stops ringing, or ``None`` if all phones stop ringing.
    """
    for phone in [state.ringing[number]] if number is not None else list(state.ringing.values()):
        del state.ringing[phone.number]
        phone.leg.status = state.status = result
        call.emit(Dialled(at=call.at, to=phone.number, sid=phone.leg.sid, result=result))
        _report_progress(call, state, phone, "completed")


# Steps 2 and 3: screening and talk


def _connect(call: LiveCall, state: _DialState, phone: _Phone) -> Generator[Waiting, Action, None]:
    """Play the document of the ``Number`` to the callee who picked up. Then let caller and callee talk."""
    verb, leg = state.verb, phone.leg
    leg.status, leg.answered_at = "in-progress", call.now
    state.last, state.status = phone, "completed"
    call.emit(Dialled(at=call.at, to=phone.number, sid=leg.sid, result="answered"))
    _report_progress(call, state, phone, "answered")
    if text_attribute(verb, "record") in _RECORDING_MODES:
        state.recording = Recording.new(call, "DialVerb")
        state.recording.report_status(call, state.context, verb, "in-progress", 0)
    try:
        if (yield from _screen(call, state, phone)):
            state.bridged = True
            call.answer()  # with answerOnBridge, the call is not answered before
            limit = call.now + milliseconds(int_attribute(verb, "timeLimit"))
            hangup_on_star = bool_attribute(verb, "hangupOnStar")
            yield from talk(call, verb, (phone.number,), until=limit, hangup_on_star=hangup_on_star)
    except HungUp as hung_up:
        if hung_up.who == CALLER:
            raise
    _end_leg(call, state, phone)


def _screen(call: LiveCall, state: _DialState, phone: _Phone) -> Generator[Waiting, Action, bool]:
    """Play the document of a ``Number`` to the callee.

    :returns: whether the callee accepted the call. If the ``Number`` has no document, the result is ``True``.
    """
    noun = phone.noun
    # A number that is the text of the Dial has no attributes of a Number.
    keys = text_attribute(noun, "sendDigits") if noun.name == "Number" else ""
    if keys:
        call.hear(Played, duration_of_keys(keys), what=f"keys {keys}", who=CALLEE)
    url = text_attribute(noun, "url") if noun.name == "Number" else ""
    if not url:
        return True
    request = state.context.request(call, noun, "screening", url, text_attribute(noun, "method"))
    while request is not None:
        try:
            document = fetch_document(call, request, phone.leg)
        except Failure:
            return False
        context = DocumentContext(phone.leg, CALLEE, document.url, SCREENING_VERBS, state.context.play)
        try:
            request = yield from context.play(call, context, document)
        except LegEnded:
            return False
    return True


def _end_leg(call: LiveCall, state: _DialState, phone: _Phone) -> None:
    """End the callee's leg of the call."""
    leg = phone.leg
    leg.status = "completed"
    seconds = call.whole_seconds(leg.duration(call.now))
    call.emit(
        Dialled(at=call.at, to=phone.number, sid=leg.sid, result="completed", bridged=state.bridged, seconds=seconds)
    )
    if state.recording is not None:
        url, source = state.recording.url, state.recording.source
        call.emit(Recorded(at=call.at, seconds=seconds, text="", ended_by="hangup", url=url, source=source))
        state.recording.report_status(call, state.context, state.verb, "completed", seconds)
    _report_progress(call, state, phone, "completed")


def _end_all_phones(call: LiveCall, state: _DialState) -> None:
    """End the ringing of all phones, or the talk, after the caller has hung up."""
    if state.ringing:
        _stop_ringing(call, state, "canceled")
    else:
        _end_leg(call, state, state.last)


# Step 4: the result


def _action_request(call: LiveCall, state: _DialState) -> WebhookRequest | None:
    """Return the request for the ``action`` of the ``Dial``, or ``None`` if the ``Dial`` has no ``action``."""
    leg = state.last.leg
    params = {
        "DialCallStatus": state.status,
        "DialBridged": "true" if state.bridged else "false",
        "DialCallSid": leg.sid,
    }
    if leg.answered_at is not None:
        params["DialCallDuration"] = str(call.whole_seconds(leg.duration(call.now)))
    if state.recording is not None:
        params["RecordingUrl"] = state.recording.url
    return state.context.action_request(call, state.verb, params, required=False)


def _report_progress(call: LiveCall, state: _DialState, phone: _Phone, event: str) -> None:
    """Send an event to the ``statusCallback`` of a ``Number``, if ``statusCallbackEvent`` includes this event.

    :param event: ``initiated``, ``ringing``, ``answered`` or ``completed``.
    """
    noun, leg = phone.noun, phone.leg
    if noun.name != "Number":
        return
    url = text_attribute(noun, "statusCallback")
    if not url or event not in text_attribute(noun, "statusCallbackEvent").split():
        return
    params = {"CallDuration": str(call.whole_seconds(leg.duration(call.now)))} if event == "completed" else {}
    params |= {
        "CallbackSource": "call-progress-events",
        "Timestamp": call.timestamp(),
        "SequenceNumber": str(phone.callbacks),
    }
    phone.callbacks += 1
    method = text_attribute(noun, "statusCallbackMethod")
    request = state.context.request(call, noun, "dial-status", url, method, **params)
    if request is not None:
        send_callback(call, request, leg)
