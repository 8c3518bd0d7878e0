"""The schema of TwiML: all known elements, with their attributes, valid values and allowed content.

The schema follows https://www.twilio.com/docs/voice/twiml verb by verb. Each attribute has Twilio's error code for an
invalid value.
"""

from __future__ import annotations

from collections.abc import Mapping

from ivrkit.simulator.twiml.schema import (
    AttributeSchema,
    ElementSchema,
    are_hints,
    are_some_of,
    flag,
    is_anything,
    language,
    matches,
    method,
    one_of,
    recognised,
    seconds_or_auto,
    some_of,
    tones,
    url,
    whole_number,
)
from ivrkit.simulator.twiml.unplayed import SSML, UNPLAYED_ELEMENTS, UNPLAYED_NOUNS, UNPLAYED_VERBS

_CALL_EVENTS = ("initiated", "ringing", "answered", "completed")
_RECORDING_EVENTS = ("in-progress", "completed", "absent")
_RECORDING_MODES = ("do-not-record", "record-from-answer", "record-from-ringing")
_DUAL_RECORDING_MODES = ("record-from-answer-dual", "record-from-ringing-dual")

# The attributes of each element

_GATHER: Mapping[str, AttributeSchema] = {
    "action": url(),
    "method": method(13312),
    "input": AttributeSchema("dtmf", "dtmf, speech or both", are_some_of("dtmf", "speech"), words=("dtmf", "speech")),
    "timeout": seconds_or_auto("5", 13313),
    "numDigits": whole_number(None, 1, 13314),
    "finishOnKey": AttributeSchema("#", "one of 0-9 # *, or empty", matches("[0-9#*]?"), 13310),
    "actionOnEmptyResult": flag("false", 13338),
    "speechTimeout": seconds_or_auto(None, 13327),
    "maxSpeechTime": whole_number("60", 1, 13328),
    "partialResultCallback": url(),
    "partialResultCallbackMethod": method(),
    "bargeIn": flag("true", 13332),
    "language": language(played=False),
    "hints": AttributeSchema(
        None, "at most 500 hints of at most 100 characters, separated by commas", are_hints, 13330, played=False
    ),
    "speechModel": AttributeSchema("default", "the name of a speech model", is_anything, played=False),
    "profanityFilter": flag("true", played=False),
    "enhanced": flag("false", 13339, played=False),
    "debug": flag("false", 13336, played=False),
}

_RECORDING_CALLBACKS: Mapping[str, AttributeSchema] = {
    "recordingStatusCallback": url(),
    "recordingStatusCallbackMethod": method(),
    "recordingStatusCallbackEvent": some_of("completed", *_RECORDING_EVENTS, code=13621),
}

_RECORD: Mapping[str, AttributeSchema] = {
    "action": url(),
    "method": method(13610),
    "timeout": whole_number("5", 0, 13611),
    "finishOnKey": AttributeSchema("1234567890*#", "keys of 0-9 # *, or empty", matches("[0-9#*]*"), 13613),
    "maxLength": whole_number("3600", 1, 13612, most=86400),
    "playBeep": flag("true", 13616),
    "trim": one_of("trim-silence", "trim-silence", "do-not-trim"),
    "transcribe": flag("false", 13614),
    "transcribeCallback": url(),
    **_RECORDING_CALLBACKS,
    "recordingConfigurationId": recognised(),
}

_DIAL: Mapping[str, AttributeSchema] = {
    "action": url(),
    "method": method(13210),
    "timeout": whole_number("30", 5, 13212, most=600),
    "timeLimit": whole_number("14400", 1, 13216),
    "callerId": AttributeSchema(
        None, "a phone number, client:name or a SIP name", matches(r"\+?[0-9]{1,15}|[\w.+:@-]+"), 13214
    ),
    "hangupOnStar": flag("false", 13213),
    "answerOnBridge": flag("false", 13219),
    "sequential": flag("false", 13218),
    "record": one_of("do-not-record", *_RECORDING_MODES, *_DUAL_RECORDING_MODES, "true", "false", code=13217),
    **_RECORDING_CALLBACKS,
    "trim": one_of("do-not-trim", "trim-silence", "do-not-trim", played=False),
    "recordingTrack": one_of("both", "inbound", "outbound", "both", played=False),
    "ringTone": AttributeSchema(
        None, "the code of a country such as us", matches("[a-z]{2}|us-old"), 13220, played=False
    ),
    "referUrl": recognised(),
    "referMethod": method(played=False),
    "callReason": recognised(),
    "recordingConfigurationId": recognised(),
    "events": recognised(),
    "passports": recognised(),
}

_NUMBER: Mapping[str, AttributeSchema] = {
    "sendDigits": tones(13222),
    "url": url(),
    "method": method(13221),
    "statusCallback": url(),
    "statusCallbackMethod": method(),
    "statusCallbackEvent": some_of("completed", *_CALL_EVENTS),
    "byoc": recognised(),
    "machineDetection": one_of(None, "Enable", "DetectMessageEnd", played=False),
    "machineDetectionTimeout": whole_number("30", 3, most=60, played=False),
    "machineDetectionSpeechThreshold": whole_number("2400", 1000, most=6000, played=False),
    "machineDetectionSpeechEndThreshold": whole_number("1200", 500, most=5000, played=False),
    "machineDetectionSilenceTimeout": whole_number("5000", 2000, most=10000, played=False),
    "amdStatusCallback": recognised(),
    "amdStatusCallbackMethod": method(played=False),
}

_ENQUEUE: Mapping[str, AttributeSchema] = {
    "action": url(14203),
    "method": method(14201),
    "waitUrl": url(14202),
    "waitUrlMethod": method(14206),
    "maxQueueSize": whole_number(None, 1, most=5000),
    "workflowSid": recognised(),
}

#: The verbs of a call. ``Leave`` is allowed here too, although it is only played in a queue.
_VERBS = ("Say", "Play", "Pause", "Gather", "Record", "Dial", "Enqueue", "Leave", "Redirect", "Reject", "Hangup")

ELEMENTS: Mapping[str, ElementSchema] = {
    "Response": ElementSchema(children=frozenset({*_VERBS, *UNPLAYED_VERBS})),
    "Say": ElementSchema(
        {
            "voice": AttributeSchema(
                None, "man, woman, Polly.* or Google.*", matches(r"man|woman|alice|(Polly|Google)\..+"), 13511
            ),
            "language": language(),
            "loop": whole_number("1", 0, 13510),
        },
        frozenset(SSML),
        text=True,
    ),
    "Play": ElementSchema({"loop": whole_number("1", 0, 13410), "digits": tones()}, text=True),
    "Pause": ElementSchema({"length": whole_number("1", 1, 13910)}),
    "Gather": ElementSchema(_GATHER, frozenset({"Say", "Play", "Pause"}), child_code=13320),
    "Record": ElementSchema(_RECORD),
    "Dial": ElementSchema(_DIAL, frozenset({"Number", *UNPLAYED_NOUNS}), text=True, child_code=13215),
    "Number": ElementSchema(_NUMBER, text=True),
    "Enqueue": ElementSchema(_ENQUEUE, frozenset({"Task"}), text=True),
    "Leave": ElementSchema(),
    "Redirect": ElementSchema({"method": method(13710)}, text=True),
    "Reject": ElementSchema({"reason": one_of("rejected", "rejected", "busy")}, frozenset({"Parameter"})),
    "Hangup": ElementSchema(),
    **UNPLAYED_ELEMENTS,
}
