"""Notifications: which request is one, and which is the result of the verb that the call waits with."""

import re
from pathlib import Path

import pytest
import twilio.twiml.voice_response

from ivrkit.flow.model import notifications
from ivrkit.flow.model.notifications import Notification, find_notification

STANDARD = {"AccountSid": "AC1", "CallSid": "CA1", "CallStatus": "in-progress", "From": "+15550100", "To": "+15550199"}
RECORDING = {"RecordingSid": "RE1", "RecordingUrl": "https://api.example/RE1", "RecordingDuration": "4"}
PROGRESS = {
    "CallbackSource": "call-progress-events",
    "SequenceNumber": "0",
    "Timestamp": "Mon, 02 Mar 2026 09:14:07 +0000",
}

#: The parameters that Twilio documents for each notification.
NOTIFICATIONS = [
    (
        "RECORDING",
        {**RECORDING, "RecordingStatus": "completed", "RecordingSource": "RecordVerb"},
    ),
    ("RECORDING", {**RECORDING, "RecordingStatus": "in-progress", "RecordingSource": "DialVerb"}),
    (
        "TRANSCRIPTION",
        {
            **STANDARD,
            **RECORDING,
            "TranscriptionSid": "TR1",
            "TranscriptionStatus": "completed",
            "TranscriptionText": "Hi.",
        },
    ),
    ("TRANSCRIPTION", {"TranscriptionSid": "GT1", "TranscriptionEvent": "transcription-started", "SequenceId": "1"}),
    ("STREAM", {"StreamSid": "MZ1", "StreamEvent": "stream-started", "Timestamp": "2026-03-02T09:14:07Z"}),
    ("PARTIAL_SPEECH", {**STANDARD, "UnstableSpeechResult": "sal", "Stability": "0.5", "SequenceNumber": "2"}),
    ("PARTIAL_SPEECH", {**STANDARD, "StableSpeechResult": "sales", "SequenceNumber": "3"}),
    ("CONFERENCE", {"ConferenceSid": "CF1", "StatusCallbackEvent": "participant-join", "SequenceNumber": "1"}),
    ("PAYMENT", {"For": "payment-card-number", "Attempt": "1"}),
    ("CALL_STATUS", {**STANDARD, **PROGRESS, "ParentCallSid": "CA0", "CallStatus": "ringing"}),
    ("CALL_STATUS", {**STANDARD, **PROGRESS, **RECORDING, "CallStatus": "completed", "CallDuration": "9"}),
    ("CALL_STATUS", {**STANDARD, "CallStatus": "completed", "CallDuration": "9"}),
    ("ANSWERING_MACHINE", {"CallSid": "CA1", "AnsweredBy": "machine_start", "MachineDetectionDuration": "2400"}),
    ("QUEUE_WAIT", {**STANDARD, "QueueSid": "QU1", "QueuePosition": "1", "QueueTime": "0", "AvgQueueTime": "0"}),
    ("QUEUE_LEFT", {**STANDARD, "QueueSid": "QU1", "QueueTime": "8", "DequeingCallSid": "CA2"}),
    ("OTHER", {"CallSid": "CA1", "SiprecSid": "SR1", "Timestamp": "2026-03-02T09:14:07Z"}),
    ("OTHER", {"CallSid": "CA1", "SequenceNumber": "0"}),
    ("OTHER", {"CallSid": "CA1", "SequenceId": "0"}),
]
#: The parameters that mark a notification.
MARKERS = sorted({each for _, params in NOTIFICATIONS for each in params} - {*STANDARD, *RECORDING})
#: Verb -> parameters of its result.
RESULTS = [
    ("Gather", {"Digits": "1", "FinishedOnKey": "", "msg": "Gather End"}),
    ("Gather", {"Digits": "", "FinishedOnKey": ""}),
    ("Gather", {"SpeechResult": "sales", "Confidence": "0.9"}),
    ("Gather", {"SpeechResult": "sales", "StableSpeechResult": "sales", "SequenceNumber": "4"}),
    ("Gather", {}),
    ("Record", {**RECORDING, "Digits": "#"}),
    ("Record", {**RECORDING, "Digits": "hangup", "CallStatus": "completed"}),
    ("Record", {**RECORDING, "CallStatus": "completed", "CallDuration": "9"}),
    ("Dial", {"DialCallStatus": "completed", "DialCallSid": "CA2", "DialCallDuration": "4", "DialBridged": "true"}),
    ("Dial", {**RECORDING, "DialCallStatus": "completed"}),
    ("Dial", {"DialCallStatus": "completed", "RecordingStatus": "completed", "Timestamp": "x"}),
    ("Enqueue", {"QueueResult": "bridged", "QueueSid": "QU1", "QueueTime": "8"}),
    ("Pay", {"Result": "success", "PaymentCardNumber": "1111"}),
    ("Refer", {"ReferCallStatus": "busy", "ReferSipResponseCode": "202"}),
    ("Connect", {"SessionId": "VX1", "SessionStatus": "ended"}),
    (None, {"AnsweredBy": "human", "Direction": "outbound-api"}),
    (None, {}),
]


@pytest.mark.parametrize("verb", ["Gather", "Record", "Dial", "Enqueue", "Pay", "Refer", "Connect", None])
@pytest.mark.parametrize(("name", "params"), NOTIFICATIONS)
def test_a_notification_is_recognized(name, params, verb):
    """Each notification that Twilio documents is recognized, and is the result of no verb."""
    assert find_notification(params, verb) is getattr(notifications, name)


@pytest.mark.parametrize(("verb", "params"), RESULTS)
def test_the_result_of_a_verb_is_no_notification(verb, params):
    """The result of the waiting verb is no notification, although some of its parameters are in notifications too."""
    assert find_notification({**STANDARD, **params}, verb) is None


@pytest.mark.parametrize("extra", MARKERS)
@pytest.mark.parametrize("params", [{"Digits": "1"}, {"Digits": ""}, {"SpeechResult": "sales"}])
def test_input_is_no_notification(params, extra):
    """A request with the caller's input is the result of the waiting Gather, also with a parameter of any name."""
    assert find_notification({extra: "x", **STANDARD, **params}, "Gather") is None


@pytest.mark.parametrize("extra", [each for each in MARKERS if each != "CallbackSource"])
def test_a_new_call_is_no_notification(extra):
    """A new incoming call is answered, although an app with Twilio's Voice SDK added a parameter of any name."""
    new = {**STANDARD, "CallStatus": "ringing", "Direction": "inbound"}
    assert find_notification({extra: "x", **new}, None) is None
    assert find_notification({**new, "CallbackSource": "call-progress-events"}, None) is notifications.CALL_STATUS


@pytest.mark.parametrize(("status", "direction"), [("in-progress", "inbound"), ("ringing", "outbound-dial")])
def test_only_a_ringing_inbound_call_is_a_new_call(status, direction):
    """A request with a marker is a notification if its call is answered, or if the call is outbound."""
    params = {**STANDARD, "CallStatus": status, "Direction": direction, "Timestamp": "now"}
    assert find_notification(params, None) is notifications.OTHER


def test_every_notification_is_in_the_table():
    """The table of this test has each notification of the module."""
    defined = {name for name, value in vars(notifications).items() if isinstance(value, Notification)}
    assert {name for name, _ in NOTIFICATIONS} == defined


def test_every_callback_of_twilios_library_is_named_in_a_fix():
    """The fixes name every attribute of the installed twilio library whose URL gets notifications."""
    source = Path(twilio.twiml.voice_response.__file__).read_text(encoding="utf-8")
    attributes = set(re.findall(r"\b(\w*(?:callback|callback_url|wait_url))=None", source))
    # eventCallbackUrl of a Conference is deprecated; its requests are the same as those of statusCallback.
    camel = {re.sub(r"_(\w)", lambda match: match[1].upper(), each) for each in attributes} - {"eventCallbackUrl"}
    fixes = " ".join(value.fix for value in vars(notifications).values() if isinstance(value, Notification))
    assert {each for each in camel if each not in fixes} == set()
    assert camel >= {"recordingStatusCallback", "amdStatusCallback", "partialResultCallback", "waitUrl"}
