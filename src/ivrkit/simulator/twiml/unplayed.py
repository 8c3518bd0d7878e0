"""The schema of the elements that the simulator does not play: ``Connect``, ``Pay``, ``Refer``, ``Start`` and others.

Names and nesting follow Twilio's pages and Twilio's library. Only the values that the pages list are checked. SSML
elements belong to the text of a ``Say``; their attributes are not checked.
"""

from __future__ import annotations

from collections.abc import Mapping

from ivrkit.simulator.twiml.schema import (
    AttributeSchema,
    ElementSchema,
    flag,
    matches,
    method,
    one_of,
    recognised,
    some_of,
    whole_number,
)

SSML = ("break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w")
UNPLAYED_VERBS = ("Connect", "Echo", "Pay", "Prompt", "Refer", "Sms", "Start", "Stop")
UNPLAYED_NOUNS = ("Client", "Sip", "Sim", "Conference", "Queue", "Application", "WhatsApp")

_METHOD = method(played=False)
_FLAG = flag("false", played=False)
#: https://www.twilio.com/docs/voice/twiml/stream: Twilio passes no query on, a Parameter takes its place.
_STREAM_URL = AttributeSchema(None, "a wss URL without a query", matches(r"wss://[^?#\s]+"), played=False)
_RELAY_URL = AttributeSchema(None, "a wss URL", matches(r"wss://\S+"), played=False)
_CALL_EVENTS = some_of("completed", "initiated", "ringing", "answered", "completed", played=False)
_RECORDING_EVENTS = some_of("completed", "in-progress", "completed", "absent", played=False)
_TRIM = one_of(None, "trim-silence", "do-not-trim", played=False)
_STATUS_CALLBACK = {"statusCallback": recognised(), "statusCallbackMethod": _METHOD}
_RECORDING_CALLBACK = {
    "recordingStatusCallback": recognised(),
    "recordingStatusCallbackMethod": _METHOD,
    "recordingStatusCallbackEvent": _RECORDING_EVENTS,
}
_MACHINE_DETECTION = {
    "machineDetection": one_of(None, "Enable", "DetectMessageEnd", played=False),
    "machineDetectionTimeout": whole_number("30", 3, most=60, played=False),
    "machineDetectionSpeechThreshold": whole_number("2400", 1000, most=6000, played=False),
    "machineDetectionSpeechEndThreshold": whole_number("1200", 500, most=5000, played=False),
    "machineDetectionSilenceTimeout": whole_number("5000", 2000, most=10000, played=False),
    "amdStatusCallback": recognised(),
    "amdStatusCallbackMethod": _METHOD,
}
#: A phone of a Dial that is not a phone number.
_PHONE = {"url": recognised(), "method": _METHOD, "statusCallbackEvent": _CALL_EVENTS, **_STATUS_CALLBACK}
_CONFERENCE = {
    "muted": _FLAG,
    "beep": one_of("true", "true", "false", "onEnter", "onExit", played=False),
    "startConferenceOnEnter": _FLAG,
    "endConferenceOnExit": _FLAG,
    "waitMethod": _METHOD,
    "maxParticipants": whole_number("250", 1, most=250, played=False),
    "record": one_of("do-not-record", "do-not-record", "record-from-start", "true", "false", played=False),
    "trim": _TRIM,
    "statusCallbackEvent": some_of(
        None, *("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"), played=False
    ),
    **_STATUS_CALLBACK,
    **_RECORDING_CALLBACK,
}


def _element(
    names: str = "",
    values: Mapping[str, AttributeSchema] | None = None,
    *,
    children: str = "",
    text: bool = False,
) -> ElementSchema:
    """Return the schema of an element that is not played.

    :param names: the names of the attributes with any value, separated by spaces.
    :param values: attribute name -> schema of the attribute.
    :param children: the names of the elements that are allowed in this element, separated by spaces.
    """
    attributes = {**{name: recognised() for name in names.split()}, **(values or {})}
    return ElementSchema(attributes, frozenset(children.split()), text, played=False)


_ACTION = {"action": recognised(), "method": _METHOD}
_NAME_AND_VALUE = _element("name value")

#: Name -> schema of each element that is known, but not played.
UNPLAYED_ELEMENTS: Mapping[str, ElementSchema] = {
    **{name: ElementSchema(None, frozenset(SSML), text=True, played=False) for name in SSML},
    # Verbs
    "Connect": _element(
        "",
        _ACTION,
        children="AiSession Autopilot Conversation ConversationRelay ConversationRelaySession Room Stream VirtualAgent",
    ),
    "Echo": _element(),
    "Pay": _element(
        "bankAccountType currency description language minPostalCodeLength paymentConnector postalCode statusCallback "
        "chargeAmount validCardTypes",
        {
            "action": recognised(),
            "input": one_of("dtmf", "dtmf", "dtmf speech", played=False),
            "maxAttempts": whole_number("1", 1, most=3, played=False),
            "paymentMethod": one_of("credit-card", "credit-card", "ach-debit", played=False),
            "securityCode": flag("true", played=False),
            "statusCallbackMethod": _METHOD,
            "timeout": whole_number("5", 1, played=False),
            "tokenType": one_of("reusable", "one-time", "reusable", "payment-method", played=False),
        },
        children="Parameter Prompt",
    ),
    "Prompt": _element(
        "attempt cardType errorType",
        {
            "for": one_of(
                None,
                *("payment-card-number", "expiration-date", "security-code", "postal-code", "bank-routing-number"),
                *("bank-account-number", "payment-processing"),
                played=False,
            ),
            "requireMatchingInputs": _FLAG,
        },
        children="Say Play Pause",
    ),
    "Refer": _element("", _ACTION, children="Sip"),
    "Sms": _element("to from statusCallback", _ACTION, text=True),
    "Start": _element("", _ACTION, children="Recording Siprec Stream Transcription"),
    "Stop": _element(children="Siprec Stream Transcription"),
    # Nouns of a Dial
    "Application": _element("customerId copyParentTo", _PHONE, children="ApplicationSid Parameter", text=True),
    "Client": _element("", _PHONE, children="Identity Parameter", text=True),
    "Conference": _element(
        "waitUrl region coach eventCallbackUrl jitterBufferSize participantLabel recordingConfigurationId",
        _CONFERENCE,
        text=True,
    ),
    "Queue": _element("url reservationSid postWorkActivitySid", {"method": _METHOD}, text=True),
    "Sim": _element(text=True),
    "Sip": _element("username password", {**_PHONE, **_MACHINE_DETECTION}, children="Headers Uri", text=True),
    "WhatsApp": _element("", _PHONE, text=True),
    # Elements in these verbs and nouns
    "AiSession": _element("aiConnector aiSessionConfiguration"),
    "ApplicationSid": _element(text=True),
    "Autopilot": _element(text=True),
    "Config": _NAME_AND_VALUE,
    "Conversation": _element(
        "serviceInstanceSid inboundAutocreation routingAssignmentTimeout inboundTimeout url record statusCallbackEvent",
        {"method": _METHOD, "trim": _TRIM, **_RECORDING_CALLBACK, **_STATUS_CALLBACK},
    ),
    "ConversationRelay": _element(
        "language ttsLanguage transcriptionLanguage ttsProvider voice transcriptionProvider speechModel "
        "profanityFilter dtmfDetection welcomeGreeting partialPrompts welcomeGreetingInterruptible interruptible "
        "preemptible hints intelligenceService reportInputDuringAgentSpeech elevenlabsTextNormalization "
        "interruptSensitivity debug "
        "backgroundNoiseReduction speechTimeout deepgramSmartFormat ignoreBackchannel events partialPromptOnHangup "
        "eagerEotThreshold asrSmartFormat ttsTextNormalization ttsLanguageTextNormalization includeInPrompt "
        "elevenlabsLanguageTextNormalization customerName applicationReconnect echoPromptFiltering turnDetection",
        {"url": _RELAY_URL},
        children="Failover Language Parameter",
    ),
    "ConversationRelaySession": _element("connector sessionConfiguration"),
    # Failover is newer than Twilio's library, and its attributes are not known: any are accepted.
    "Failover": ElementSchema(None, text=True, played=False),
    "Header": _NAME_AND_VALUE,
    "Headers": _element(children="Header"),
    "Identity": _element(text=True),
    "Language": _element(
        "code ttsProvider voice transcriptionProvider speechModel hints asrSmartFormat ttsTextNormalization "
        "ttsLanguageTextNormalization"
    ),
    "Parameter": _NAME_AND_VALUE,
    "Recording": _element("track channels recordingConfigurationId", {"trim": _TRIM, **_RECORDING_CALLBACK}),
    "Room": _element("participantIdentity", text=True),
    "Siprec": _element("name connectorName track", _STATUS_CALLBACK, children="Parameter"),
    "Stream": _element(
        "name connectorName audioFormat sampleRate",
        {
            "url": _STREAM_URL,
            "track": one_of("inbound_track", "inbound_track", "outbound_track", "both_tracks", played=False),
            **_STATUS_CALLBACK,
        },
        children="Parameter",
    ),
    "Task": _element("priority timeout", text=True),
    "Transcription": _element(
        "name statusCallbackUrl inboundTrackLabel outboundTrackLabel languageCode transcriptionEngine speechModel "
        "hints intelligenceService track",
        {
            "statusCallbackMethod": _METHOD,
            "enableProviderData": _FLAG,
            "profanityFilter": _FLAG,
            "partialResults": _FLAG,
            "enableAutomaticPunctuation": _FLAG,
        },
        children="Config Parameter",
    ),
    "Uri": _element("priority weight username password", text=True),
    "VirtualAgent": _element("connectorName language sentimentAnalysis", _STATUS_CALLBACK, children="Config Parameter"),
}
