"""Every element of TwiML that is known: its attributes, their values, and what may stand in it.

Verb by verb as on https://www.twilio.com/docs/voice/twiml. A code is Twilio's, told of a value that does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: Twilio's code for whatever has none of its own: the document does not keep to the schema.
SCHEMA = 12200


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an element.

    :param default: what it is where it is not written, or does not fit; ``None`` for nothing.
    :param expects: what it takes, in words.
    :param fits: whether it takes a value.
    :param code: Twilio's, for a value that it does not take.
    :param played: whether it changes what the simulator does; if not, it is only recognised.
    """

    default: str | None
    expects: str
    fits: Callable[[str], bool]
    code: int = SCHEMA
    played: bool = True


@dataclass(frozen=True, slots=True)
class Grammar:
    """What is known of an element.

    :param attributes: by name; ``None`` where any are taken, because the element is not played yet.
    :param children: the elements that may stand in it.
    :param text: whether text may.
    :param played: whether the simulator plays it.
    :param child_code: Twilio's, for an element that may not stand in it.
    """

    attributes: Mapping[str, Attribute] | None = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    text: bool = False
    played: bool = True
    child_code: int = SCHEMA


def _is_number(least: int, most: int = 999_999_999) -> Callable[[str], bool]:
    return lambda value: re.fullmatch("[0-9]{1,9}", value) is not None and least <= int(value) <= most


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


def _is_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value in words


def _are_of(*words: str) -> Callable[[str], bool]:
    return lambda value: set(value.split()) <= set(words) and value.strip() != ""


def _are_hints(value: str) -> bool:
    hints = value.split(",")
    return len(hints) <= 500 and all(len(each.strip()) <= 100 for each in hints)


def _anything(_value: str) -> bool:
    return True


def _whole(default: str | None, least: int, code: int = SCHEMA, *, most: int = 999_999_999) -> Attribute:
    expects = f"a whole number from {least}" + (f" to {most}" if most < 999_999_999 else "")
    return Attribute(default, expects, _is_number(least, most), code)


def _flag(default: str, code: int = SCHEMA, *, played: bool = True) -> Attribute:
    return Attribute(default, "true or false", _is_of("true", "false"), code, played)


def _one_of(default: str | None, *words: str, code: int = SCHEMA, played: bool = True) -> Attribute:
    return Attribute(default, " or ".join(words), _is_of(*words), code, played)


def _some_of(default: str | None, *words: str, code: int = SCHEMA) -> Attribute:
    return Attribute(default, f"some of {' '.join(words)}", _are_of(*words), code)


def _method(code: int) -> Attribute:
    return _one_of("POST", "GET", "POST", code=code)


_URL = Attribute(None, "a URL", _anything)
_TEXT = Attribute(None, "a text", _anything)
_UNPLAYED = Attribute(None, "a text", _anything, played=False)
_LANGUAGE = Attribute("en-US", "a language such as en-GB", _anything)
_CALL_EVENTS = ("initiated", "ringing", "answered", "completed")
_RECORDING_EVENTS = ("in-progress", "completed", "absent")
_TONES = Attribute(None, "keys of 0-9 A-D w W # *", _matches("[0-9A-DwW#*]+"))
_RECORDS = ("do-not-record", "record-from-answer", "record-from-ringing")
_DUAL = ("record-from-answer-dual", "record-from-ringing-dual")

_GATHER: Mapping[str, Attribute] = {
    "action": _URL,
    "method": _method(13312),
    "input": Attribute("dtmf", "dtmf, speech, or both", _are_of("dtmf", "speech")),
    "timeout": Attribute("5", "a whole number from 1, or auto", _matches("auto|0{0,7}[1-9][0-9]{0,8}"), 13313),
    "numDigits": _whole(None, 1, 13314),
    "finishOnKey": Attribute("#", "one of 0-9 # *, or nothing", _matches("[0-9#*]?"), 13310),
    "actionOnEmptyResult": _flag("false", 13338),
    "speechTimeout": Attribute(None, "a whole number from 1, or auto", _matches("auto|0{0,7}[1-9][0-9]{0,8}"), 13327),
    "maxSpeechTime": _whole("60", 1),
    "partialResultCallback": _URL,
    "partialResultCallbackMethod": _method(SCHEMA),
    "bargeIn": _flag("true"),
    "language": Attribute("en-US", "a language such as en-GB", _anything, played=False),
    "hints": Attribute(None, "up to 500 texts of up to 100 letters, with commas", _are_hints, 13330, played=False),
    "speechModel": Attribute("default", "a model", _anything, played=False),
    "profanityFilter": _flag("true", played=False),
    "enhanced": _flag("false", played=False),
    "debug": _UNPLAYED,
}

_RECORDING_CALLBACKS: Mapping[str, Attribute] = {
    "recordingStatusCallback": _URL,
    "recordingStatusCallbackMethod": _method(SCHEMA),
    "recordingStatusCallbackEvent": _some_of("completed", *_RECORDING_EVENTS, code=13621),
}

_RECORD: Mapping[str, Attribute] = {
    "action": _URL,
    "method": _method(13610),
    "timeout": _whole("5", 0, 13611),
    "finishOnKey": Attribute("1234567890*#", "some of 0-9 # *", _matches("[0-9#*]*"), 13613),
    "maxLength": _whole("3600", 1, 13612, most=86400),
    "playBeep": _flag("true", 13616),
    "trim": _one_of("trim-silence", "trim-silence", "do-not-trim"),
    "transcribe": _flag("false", 13614),
    "transcribeCallback": _URL,
    **_RECORDING_CALLBACKS,
}

_DIAL: Mapping[str, Attribute] = {
    "action": _URL,
    "method": _method(13210),
    "timeout": _whole("30", 5, 13212, most=600),
    "timeLimit": _whole("14400", 1, 13216),
    "callerId": Attribute(None, "a number, client:name, or a SIP name", _matches(r"\+?[0-9]{1,15}|[\w.+:@-]+"), 13214),
    "hangupOnStar": _flag("false", 13213),
    "answerOnBridge": _flag("false"),
    "sequential": _flag("false"),
    "record": _one_of("do-not-record", *_RECORDS, *_DUAL, "true", "false", code=13217),
    **_RECORDING_CALLBACKS,
    "trim": _one_of("do-not-trim", "trim-silence", "do-not-trim", played=False),
    "recordingTrack": _one_of("both", "inbound", "outbound", "both", played=False),
    "ringTone": _UNPLAYED,
    "referUrl": _UNPLAYED,
    "referMethod": _one_of("POST", "GET", "POST", played=False),
    "callReason": _UNPLAYED,
    "recordingConfigurationId": _UNPLAYED,
    "events": _UNPLAYED,
    "passports": _UNPLAYED,
}

_MACHINES = ("Threshold", "EndThreshold")
_NUMBER: Mapping[str, Attribute] = {
    "sendDigits": Attribute(None, _TONES.expects, _TONES.fits, 13222),
    "url": _URL,
    "method": _method(13221),
    "statusCallback": _URL,
    "statusCallbackMethod": _method(SCHEMA),
    "statusCallbackEvent": _some_of("completed", *_CALL_EVENTS),
    "byoc": _UNPLAYED,
    "machineDetection": _one_of(None, "Enable", "DetectMessageEnd", played=False),
    "machineDetectionTimeout": Attribute("30", "a whole number from 3 to 60", _is_number(3, 60), played=False),
    "machineDetectionSpeechThreshold": Attribute("2400", "1000 to 6000", _is_number(1000, 6000), played=False),
    "machineDetectionSpeechEndThreshold": Attribute("1200", "500 to 5000", _is_number(500, 5000), played=False),
    "machineDetectionSilenceTimeout": Attribute("5000", "2000 to 10000", _is_number(2000, 10000), played=False),
    "amdStatusCallback": _UNPLAYED,
    "amdStatusCallbackMethod": _one_of("POST", "GET", "POST", played=False),
}

_ENQUEUE: Mapping[str, Attribute] = {
    "action": Attribute(None, "a URL", _anything, 14203),
    "method": _method(14201),
    "waitUrl": Attribute(None, "a URL", _anything, 14202),
    "waitUrlMethod": _method(14206),
    "maxQueueSize": _whole(None, 1, most=5000),
    "workflowSid": _UNPLAYED,
}

_SSML = ("break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w")
_LATER_VERBS = ("Connect", "Pay", "Prompt", "Refer", "Start", "Stop")
_LATER_NOUNS = ("Client", "Sip", "Sim", "Conference", "Queue", "Application", "WhatsApp")
_LATER_PARTS = (
    *("Stream", "ConversationRelay", "ConversationRelaySession", "Room", "VirtualAgent", "Conversation", "AiSession"),
    *("Autopilot", "Transcription", "Siprec", "Recording", "Parameter", "Identity", "Uri", "Headers", "Header"),
    *("Language", "Task", "Config"),
)
_LATER = Grammar(None, text=True, played=False)

#: The verbs of a call; ``Leave`` is one of a queue's.
_VERBS = ("Say", "Play", "Pause", "Gather", "Record", "Dial", "Enqueue", "Leave", "Redirect", "Reject", "Hangup")

GRAMMAR: Mapping[str, Grammar] = {
    "Response": Grammar(children=frozenset({*_VERBS, *_LATER_VERBS})),
    "Say": Grammar(
        {
            "voice": Attribute(
                None, "man, woman, Polly.* or Google.*", _matches(r"man|woman|alice|(Polly|Google)\..+"), 13511
            ),
            "language": _LANGUAGE,
            "loop": _whole("1", 0, 13510),
        },
        frozenset(_SSML),
        text=True,
    ),
    "Play": Grammar({"loop": _whole("1", 0, 13410), "digits": _TONES}, text=True),
    "Pause": Grammar({"length": _whole("1", 1, 13910)}),
    "Gather": Grammar(_GATHER, frozenset({"Say", "Play", "Pause"}), child_code=13320),
    "Record": Grammar(_RECORD),
    "Dial": Grammar(_DIAL, frozenset({"Number", *_LATER_NOUNS}), text=True, child_code=13215),
    "Number": Grammar(_NUMBER, text=True),
    "Enqueue": Grammar(_ENQUEUE, frozenset({"Task"}), text=True),
    "Leave": Grammar(),
    "Redirect": Grammar({"method": _method(13710)}, text=True),
    "Reject": Grammar({"reason": _one_of("rejected", "rejected", "busy")}, frozenset({"Parameter"})),
    "Hangup": Grammar(),
    **{name: Grammar(None, frozenset(_SSML), text=True, played=False) for name in _SSML},
    **dict.fromkeys((*_LATER_VERBS, *_LATER_NOUNS, *_LATER_PARTS), _LATER),
}
