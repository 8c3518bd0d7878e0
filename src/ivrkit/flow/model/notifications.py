"""Notifications: Twilio's requests that are not the result of a verb, such as status callbacks.

A developer can set the URL of a notification to the webhook by mistake. The call must then stay in its state. Twilio
documents the parameters on the page of each verb and noun: https://www.twilio.com/docs/voice/twiml

Some parameters, such as ``RecordingUrl``, can be in the result of a verb or in a notification. An app with Twilio's
Voice SDK can add parameters of any name to the request for a new call. These rules decide:

1. The request for a new incoming call is no notification, regardless of its other parameters.
2. If a request has a parameter that only the waiting verb sends, the request is the result of this verb.
3. Otherwise a request is a notification if it has a parameter that only this notification has, and no parameter that
   this notification never has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ivrkit.flow.model.call import RINGING


@dataclass(frozen=True, slots=True)
class Notification:
    """A type of notification, such as the status callback of a recording.

    :param name: the name of the type with an article, for the log, such as ``a transcription``.
    :param fix: the hint in the log: the TwiML attribute to change, and the URL to set.
    """

    name: str
    fix: str


def _own_page(attribute: str) -> str:
    return f"set {attribute} to a page of your own, or to webhook/status, which ignores it"


RECORDING = Notification("a recording status callback", _own_page("recordingStatusCallback"))
TRANSCRIPTION = Notification(
    "a transcription", _own_page("transcribeCallback (of Start and Transcription: statusCallbackUrl)")
)
STREAM = Notification("a status callback of a stream", _own_page("statusCallback of the Stream"))
PARTIAL_SPEECH = Notification("a partial result of the speech recognition", _own_page("partialResultCallback"))
CONFERENCE = Notification("a status callback of a conference", _own_page("statusCallback of the Conference"))
PAYMENT = Notification("a status callback of a payment", _own_page("statusCallback of the Pay"))
ANSWERING_MACHINE = Notification(
    "a result of the answering machine detection",
    _own_page("amdStatusCallback (of a REST call: asyncAmdStatusCallback)"),
)
CALL_STATUS = Notification(
    "a status callback of a call",
    'set statusCallback (in Twilio\'s console: "Call status changes") to webhook/status',
)
QUEUE_WAIT = Notification(
    "a request for the music or document of a queue",
    "set waitUrl of the Enqueue to a page of your own, or leave it out",
)
QUEUE_LEFT = Notification(
    "a request for the document before a caller leaves a queue",
    "set url of the Queue to a page of your own, or leave it out",
)
OTHER = Notification("a status callback", _own_page("its attribute"))

_INPUT = ("Digits", "SpeechResult")
#: Waiting verb -> the parameters that only the result of this verb has (rule 2).
_RESULT_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "Gather": _INPUT,
    "Dial": ("DialCallStatus",),
    "Enqueue": ("QueueResult",),
    "Pay": ("Result",),
    "Refer": ("ReferCallStatus", "ReferSipResponseCode"),
}
#: The notifications with the parameters that mark them, and the parameters that rule them out (rule 3). The first
#: notification that fits counts.
_RULES: tuple[tuple[Notification, tuple[str, ...], tuple[str, ...]], ...] = (
    (RECORDING, ("RecordingStatus",), ()),
    (TRANSCRIPTION, ("TranscriptionStatus", "TranscriptionEvent", "TranscriptionText"), ()),
    (STREAM, ("StreamEvent",), ()),
    (PARTIAL_SPEECH, ("UnstableSpeechResult", "StableSpeechResult"), _INPUT),
    (CONFERENCE, ("StatusCallbackEvent",), ()),
    (PAYMENT, ("For",), ("Result",)),
    (CALL_STATUS, ("CallbackSource",), ()),
    (CALL_STATUS, ("CallDuration",), (*_INPUT, "RecordingUrl")),
    # A webhook of an outbound call has AnsweredBy too, and then CallStatus as well.
    (ANSWERING_MACHINE, ("AnsweredBy", "MachineDetectionDuration"), ("CallStatus",)),
    (QUEUE_LEFT, ("DequeingCallSid",), ()),
    (QUEUE_WAIT, ("QueuePosition",), ("QueueResult",)),
    # Every status callback has one of these, and no result of a verb has.
    (OTHER, ("Timestamp", "SequenceNumber", "SequenceId"), _INPUT),
)


def find_notification(params: Mapping[str, str], waiting_verb: str | None) -> Notification | None:
    """Return the notification type of a request, or ``None`` if the request may be the result of the waiting verb.

    :param params: Twilio's parameters in the request.
    :param waiting_verb: the name of the verb that the call waits with, or ``None`` if the call does not wait.
    """
    results = _RESULT_PARAMETERS.get(waiting_verb or "", ())
    if _is_new_call(params) or any(name in params for name in results):
        return None
    for notification, markers, exclusions in _RULES:
        if any(name in params for name in markers) and not any(name in params for name in exclusions):
            return notification
    return None


def _is_new_call(params: Mapping[str, str]) -> bool:
    """Return whether a request asks for the first TwiML document of an incoming call.

    A status callback can have the status ``ringing`` too, but its call is outbound, or it has ``CallbackSource``.
    """
    is_ringing = params.get("CallStatus") == RINGING and params.get("Direction") == "inbound"
    return is_ringing and "CallbackSource" not in params
