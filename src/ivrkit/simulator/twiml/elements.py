"""The schema of TwiML: all known elements, with their attributes, valid values and allowed content.

The schema follows https://www.twilio.com/docs/voice/twiml verb by verb. Each attribute has Twilio's error code for an
invalid value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: Twilio's code if there is no specific one: the document does not match the schema.
SCHEMA_WARNING = 12200
_LARGEST_NUMBER = 999_999_999


@dataclass(frozen=True, slots=True)
class AttributeSchema:
    """The schema of an attribute.

    :param default: the value that is used if the attribute is missing or invalid, or ``None`` if there is no such
        value.
    :param expects: a description of the valid values, for messages.
    :param accepts: a function that returns whether a value is valid.
    :param code: Twilio's error code for an invalid value.
    :param played: whether the attribute changes the simulated call. If the attribute does not change the call, only its
        value is checked.
    :param words: the words that a valid value consists of; empty if a valid value is a number, a URL or free text.
    """

    default: str | None
    expects: str
    accepts: Callable[[str], bool]
    code: int = SCHEMA_WARNING
    played: bool = True
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ElementSchema:
    """The schema of an element.

    :param attributes: dict of attribute name -> schema of the attribute. ``None`` means that any attribute is accepted.
    :param children: names of the elements that are allowed in this element.
    :param text: whether text is allowed in this element.
    :param played: whether the simulator plays this element.
    :param child_code: Twilio's error code for a child element that is not allowed.
    """

    attributes: Mapping[str, AttributeSchema] | None = field(default_factory=dict)
    children: frozenset[str] = frozenset()
    text: bool = False
    played: bool = True
    child_code: int = SCHEMA_WARNING


# Validators of values


def _is_number(least: int, most: int = _LARGEST_NUMBER) -> Callable[[str], bool]:
    # At most nine digits, so that a hostile document can't make int() work on a huge text.
    return lambda value: re.fullmatch("[0-9]{1,9}", value) is not None and least <= int(value) <= most


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


def _is_one_of(*words: str) -> Callable[[str], bool]:
    return lambda value: value in words


def _are_some_of(*words: str) -> Callable[[str], bool]:
    return lambda value: set(value.split()) <= set(words) and value.strip() != ""


def _are_hints(value: str) -> bool:
    hints = value.split(",")
    return len(hints) <= 500 and all(len(each.strip()) <= 100 for each in hints)


def _is_anything(_value: str) -> bool:
    return True


# Attributes that several elements have


def _whole(
    default: str | None,
    least: int,
    code: int = SCHEMA_WARNING,
    *,
    most: int = _LARGEST_NUMBER,
    played: bool = True,
) -> AttributeSchema:
    limits = f"of at least {least}" if most == _LARGEST_NUMBER else f"from {least} to {most}"
    return AttributeSchema(default, f"a whole number {limits}", _is_number(least, most), code, played)


def _flag(default: str, code: int = SCHEMA_WARNING, *, played: bool = True) -> AttributeSchema:
    return AttributeSchema(default, "true or false", _is_one_of("true", "false"), code, played, ("true", "false"))


def _one_of(default: str | None, *words: str, code: int = SCHEMA_WARNING, played: bool = True) -> AttributeSchema:
    expects = f"{', '.join(words[:-1])} or {words[-1]}"
    return AttributeSchema(default, expects, _is_one_of(*words), code, played, words)


def _some_of(default: str | None, *words: str, code: int = SCHEMA_WARNING) -> AttributeSchema:
    return AttributeSchema(default, f"one or more of {', '.join(words)}", _are_some_of(*words), code, words=words)


def _method(code: int = SCHEMA_WARNING, *, played: bool = True) -> AttributeSchema:
    return _one_of("POST", "GET", "POST", code=code, played=played)


def _url(code: int = SCHEMA_WARNING) -> AttributeSchema:
    return AttributeSchema(None, "a URL", _is_anything, code)


def _seconds_or_auto(default: str | None, code: int) -> AttributeSchema:
    return AttributeSchema(
        default,
        "a whole number of at least 1, or auto",
        _matches("auto|0{0,7}[1-9][0-9]{0,8}"),
        code,
        words=("auto",),
    )


def _tones(code: int = SCHEMA_WARNING) -> AttributeSchema:
    return AttributeSchema(None, "one or more of 0-9 A-D w W # *", _matches("[0-9A-DwW#*]+"), code)


def _language(*, played: bool = True) -> AttributeSchema:
    return AttributeSchema("en-US", "a language such as en-GB", _is_anything, played=played)


_RECOGNISED = AttributeSchema(None, "text", _is_anything, played=False)
_CALL_EVENTS = ("initiated", "ringing", "answered", "completed")
_RECORDING_EVENTS = ("in-progress", "completed", "absent")
_RECORDING_MODES = ("do-not-record", "record-from-answer", "record-from-ringing")
_DUAL_RECORDING_MODES = ("record-from-answer-dual", "record-from-ringing-dual")

# The attributes of each element

_GATHER: Mapping[str, AttributeSchema] = {
    "action": _url(),
    "method": _method(13312),
    "input": AttributeSchema("dtmf", "dtmf, speech or both", _are_some_of("dtmf", "speech"), words=("dtmf", "speech")),
    "timeout": _seconds_or_auto("5", 13313),
    "numDigits": _whole(None, 1, 13314),
    "finishOnKey": AttributeSchema("#", "one of 0-9 # *, or empty", _matches("[0-9#*]?"), 13310),
    "actionOnEmptyResult": _flag("false", 13338),
    "speechTimeout": _seconds_or_auto(None, 13327),
    "maxSpeechTime": _whole("60", 1, 13328),
    "partialResultCallback": _url(),
    "partialResultCallbackMethod": _method(),
    "bargeIn": _flag("true", 13332),
    "language": _language(played=False),
    "hints": AttributeSchema(
        None, "at most 500 hints of at most 100 characters, separated by commas", _are_hints, 13330, played=False
    ),
    "speechModel": AttributeSchema("default", "the name of a speech model", _is_anything, played=False),
    "profanityFilter": _flag("true", played=False),
    "enhanced": _flag("false", 13339, played=False),
    "debug": _flag("false", 13336, played=False),
}

_RECORDING_CALLBACKS: Mapping[str, AttributeSchema] = {
    "recordingStatusCallback": _url(),
    "recordingStatusCallbackMethod": _method(),
    "recordingStatusCallbackEvent": _some_of("completed", *_RECORDING_EVENTS, code=13621),
}

_RECORD: Mapping[str, AttributeSchema] = {
    "action": _url(),
    "method": _method(13610),
    "timeout": _whole("5", 0, 13611),
    "finishOnKey": AttributeSchema("1234567890*#", "keys of 0-9 # *, or empty", _matches("[0-9#*]*"), 13613),
    "maxLength": _whole("3600", 1, 13612, most=86400),
    "playBeep": _flag("true", 13616),
    "trim": _one_of("trim-silence", "trim-silence", "do-not-trim"),
    "transcribe": _flag("false", 13614),
    "transcribeCallback": _url(),
    **_RECORDING_CALLBACKS,
}

_DIAL: Mapping[str, AttributeSchema] = {
    "action": _url(),
    "method": _method(13210),
    "timeout": _whole("30", 5, 13212, most=600),
    "timeLimit": _whole("14400", 1, 13216),
    "callerId": AttributeSchema(
        None, "a phone number, client:name or a SIP name", _matches(r"\+?[0-9]{1,15}|[\w.+:@-]+"), 13214
    ),
    "hangupOnStar": _flag("false", 13213),
    "answerOnBridge": _flag("false", 13219),
    "sequential": _flag("false", 13218),
    "record": _one_of("do-not-record", *_RECORDING_MODES, *_DUAL_RECORDING_MODES, "true", "false", code=13217),
    **_RECORDING_CALLBACKS,
    "trim": _one_of("do-not-trim", "trim-silence", "do-not-trim", played=False),
    "recordingTrack": _one_of("both", "inbound", "outbound", "both", played=False),
    "ringTone": AttributeSchema(
        None, "the code of a country such as us", _matches("[a-z]{2}|us-old"), 13220, played=False
    ),
    "referUrl": _RECOGNISED,
    "referMethod": _method(played=False),
    "callReason": _RECOGNISED,
    "recordingConfigurationId": _RECOGNISED,
    "events": _RECOGNISED,
    "passports": _RECOGNISED,
}

_NUMBER: Mapping[str, AttributeSchema] = {
    "sendDigits": _tones(13222),
    "url": _url(),
    "method": _method(13221),
    "statusCallback": _url(),
    "statusCallbackMethod": _method(),
    "statusCallbackEvent": _some_of("completed", *_CALL_EVENTS),
    "byoc": _RECOGNISED,
    "machineDetection": _one_of(None, "Enable", "DetectMessageEnd", played=False),
    "machineDetectionTimeout": _whole("30", 3, most=60, played=False),
    "machineDetectionSpeechThreshold": _whole("2400", 1000, most=6000, played=False),
    "machineDetectionSpeechEndThreshold": _whole("1200", 500, most=5000, played=False),
    "machineDetectionSilenceTimeout": _whole("5000", 2000, most=10000, played=False),
    "amdStatusCallback": _RECOGNISED,
    "amdStatusCallbackMethod": _method(played=False),
}

_ENQUEUE: Mapping[str, AttributeSchema] = {
    "action": _url(14203),
    "method": _method(14201),
    "waitUrl": _url(14202),
    "waitUrlMethod": _method(14206),
    "maxQueueSize": _whole(None, 1, most=5000),
    "workflowSid": _RECOGNISED,
}

# Elements that are known but not simulated yet: they are skipped with a note, and their content is not checked.

_SSML = ("break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w")
_FUTURE_VERBS = ("Connect", "Pay", "Prompt", "Refer", "Start", "Stop")
_FUTURE_NOUNS = ("Client", "Sip", "Sim", "Conference", "Queue", "Application", "WhatsApp")
_FUTURE_CHILDREN = (
    *("Stream", "ConversationRelay", "ConversationRelaySession", "Room", "VirtualAgent", "Conversation", "AiSession"),
    *("Autopilot", "Transcription", "Siprec", "Recording", "Parameter", "Identity", "Uri", "Headers", "Header"),
    *("Language", "Task", "Config"),
)
_FUTURE = ElementSchema(None, text=True, played=False)

#: The verbs of a call. ``Leave`` is allowed here too, although it is only played in a queue.
_VERBS = ("Say", "Play", "Pause", "Gather", "Record", "Dial", "Enqueue", "Leave", "Redirect", "Reject", "Hangup")

ELEMENTS: Mapping[str, ElementSchema] = {
    "Response": ElementSchema(children=frozenset({*_VERBS, *_FUTURE_VERBS})),
    "Say": ElementSchema(
        {
            "voice": AttributeSchema(
                None, "man, woman, Polly.* or Google.*", _matches(r"man|woman|alice|(Polly|Google)\..+"), 13511
            ),
            "language": _language(),
            "loop": _whole("1", 0, 13510),
        },
        frozenset(_SSML),
        text=True,
    ),
    "Play": ElementSchema({"loop": _whole("1", 0, 13410), "digits": _tones()}, text=True),
    "Pause": ElementSchema({"length": _whole("1", 1, 13910)}),
    "Gather": ElementSchema(_GATHER, frozenset({"Say", "Play", "Pause"}), child_code=13320),
    "Record": ElementSchema(_RECORD),
    "Dial": ElementSchema(_DIAL, frozenset({"Number", *_FUTURE_NOUNS}), text=True, child_code=13215),
    "Number": ElementSchema(_NUMBER, text=True),
    "Enqueue": ElementSchema(_ENQUEUE, frozenset({"Task"}), text=True),
    "Leave": ElementSchema(),
    "Redirect": ElementSchema({"method": _method(13710)}, text=True),
    "Reject": ElementSchema({"reason": _one_of("rejected", "rejected", "busy")}, frozenset({"Parameter"})),
    "Hangup": ElementSchema(),
    **{name: ElementSchema(None, frozenset(_SSML), text=True, played=False) for name in _SSML},
    **dict.fromkeys((*_FUTURE_VERBS, *_FUTURE_NOUNS, *_FUTURE_CHILDREN), _FUTURE),
}
