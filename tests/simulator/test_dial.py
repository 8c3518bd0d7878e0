"""Dial and Number: https://www.twilio.com/docs/voice/twiml/dial and /number."""

import pytest
from tests.simulator.cases import play, requests, response, trace, warned

from ivrkit.simulator import Assumptions, Failure, HangUp, PickUp, Press, Refuse, Silence, Speak
from ivrkit.simulator.events import Dialled

NUMBER = "+15550100"
OTHER = "+15550101"
ENDS = ["hears Next.", "ended no-more-verbs completed"]
FALLS = ["hears After.", "ended no-more-verbs completed"]
ASKED = "action POST /next DialCallStatus={} DialBridged={} DialCallSid"
RINGS = f"{NUMBER} ringing"
ANSWERED = [RINGS, f"{NUMBER} answered"]
DONE = f"{NUMBER} completed bridged"


def dial(attributes="", inside=NUMBER, after="<Say>After.</Say>"):
    """Return a Dial whose action is the next document."""
    return f'<Dial action="/next" {attributes}>{inside}</Dial>{after}'


def talked(seconds):
    """Return the trace of a call whose callee hung up after some seconds."""
    return [*ANSWERED, DONE, f"{ASKED.format('completed', 'true')} DialCallDuration={seconds}", *ENDS]


def failed(status):
    """Return the trace of a call that nobody answered."""
    return [RINGS, f"{NUMBER} {status}", ASKED.format(status, "false"), *ENDS]


CALLEE_GONE = HangUp(after=20, who="callee")
BOTH = f"<Number>{NUMBER}</Number><Number>{OTHER}</Number>"
CASES = [
    pytest.param(dial(), [PickUp(), CALLEE_GONE], talked(20), id="Dial.action"),
    pytest.param(
        dial('method="GET"'),
        [Refuse("busy")],
        [*failed("busy")[:2], ASKED.format("busy", "false").replace("POST", "GET"), *ENDS],
        id="Dial.method",
    ),
    pytest.param(dial(), [Refuse("busy")], failed("busy"), id="Dial-busy"),
    pytest.param(dial(), [Refuse("no-answer")], failed("no-answer"), id="Dial-no-answer"),
    pytest.param(dial(), [Silence()], failed("no-answer"), id="Dial-nobody-answers"),
    pytest.param(dial(), [Refuse("failed")], failed("failed"), id="Dial-failed"),
    pytest.param(dial(), [Refuse("canceled")], failed("canceled"), id="Dial-canceled"),
    pytest.param(dial('timeout="10"'), [PickUp(after=14)], None, id="Dial.timeout-and-five-seconds"),
    pytest.param(dial('timeout="10"'), [PickUp(after=15)], failed("no-answer"), id="Dial.timeout"),
    pytest.param(
        dial('timeout="10"'), [Refuse("busy", after=20)], failed("no-answer"), id="Dial.timeout-busy-too-late"
    ),
    pytest.param(dial('timeout="10"'), [Silence(14), Silence(1)], failed("no-answer"), id="Dial.timeout-in-parts"),
    pytest.param(dial('timeLimit="60"'), [PickUp(), Silence()], talked(60), id="Dial.timeLimit"),
    pytest.param(
        dial('timeLimit="60"'), [PickUp(), Silence(50), Speak("x" * 300)], talked(60), id="Dial.timeLimit-talk"
    ),
    pytest.param(dial('hangupOnStar="true"'), [PickUp(), Press("12*")], talked(0), id="Dial.hangupOnStar"),
    pytest.param(dial('hangupOnStar="true"'), [Press("*")], failed("canceled"), id="Dial.hangupOnStar-while-it-rings"),
    pytest.param(dial(), [PickUp(), Press("*"), CALLEE_GONE], talked(20), id="Dial.hangupOnStar-false"),
    pytest.param(dial(), [Speak("hello?"), Refuse("busy")], failed("busy"), id="Dial-nobody-listens-while-it-rings"),
    pytest.param(dial(), [Press("*"), Refuse("busy")], failed("busy"), id="Dial.hangupOnStar-false-while-it-rings"),
    pytest.param(
        dial('record="record-from-answer"'),
        [PickUp(), CALLEE_GONE],
        [
            *ANSWERED,
            DONE,
            "recorded 20 by hangup",
            f"{ASKED.format('completed', 'true')} DialCallDuration=20 RecordingUrl",
            *ENDS,
        ],
        id="Dial.record",
    ),
    pytest.param(
        dial("", BOTH),
        [PickUp(OTHER), CALLEE_GONE],
        [
            RINGS,
            f"{OTHER} ringing",
            f"{NUMBER} canceled",
            f"{OTHER} answered",
            f"{OTHER} completed bridged",
            f"{ASKED.format('completed', 'true')} DialCallDuration=20",
            *ENDS,
        ],
        id="Dial-several-at-once",
    ),
    pytest.param(
        dial("", BOTH),
        [Refuse("busy", NUMBER), Refuse("no-answer")],
        [RINGS, f"{OTHER} ringing", f"{NUMBER} busy", f"{OTHER} no-answer", ASKED.format("no-answer", "false"), *ENDS],
        id="Dial-several-and-nobody",
    ),
    pytest.param(
        dial("", BOTH),
        [Refuse("no-answer", OTHER), Refuse("busy")],
        [RINGS, f"{OTHER} ringing", f"{OTHER} no-answer", f"{NUMBER} busy", ASKED.format("busy", "false"), *ENDS],
        id="Dial-several-one-rings-longer",
    ),
    pytest.param(
        dial('sequential="true"', BOTH),
        [Refuse("busy"), PickUp(), CALLEE_GONE],
        [
            RINGS,
            f"{NUMBER} busy",
            f"{OTHER} ringing",
            f"{OTHER} answered",
            f"{OTHER} completed bridged",
            f"{ASKED.format('completed', 'true')} DialCallDuration=20",
            *ENDS,
        ],
        id="Dial.sequential",
    ),
    pytest.param(
        dial('sequential="true" hangupOnStar="true"', BOTH),
        [Press("*")],
        failed("canceled"),
        id="Dial.sequential-and-hangupOnStar",
    ),
    pytest.param(
        f"<Dial>{NUMBER}</Dial><Say>After.</Say>",
        [Refuse("busy")],
        [RINGS, f"{NUMBER} busy", *FALLS],
        id="Dial-without-action-goes-on",
    ),
    pytest.param(
        f"<Dial>{NUMBER}</Dial>", [PickUp(), CALLEE_GONE], [*ANSWERED, DONE, FALLS[1]], id="Dial-without-action-ends"
    ),
    pytest.param(
        dial("", "<Client>anna</Client>"),
        [],
        ["note: <Client> in <Dial> is not simulated yet and is skipped", *FALLS],
        id="Dial-Client-is-not-played-yet",
    ),
    pytest.param(
        dial("", f'<Number sendDigits="1w2">{NUMBER}</Number>'),
        [PickUp(), CALLEE_GONE],
        [*ANSWERED, "callee hears keys 1w2", DONE, f"{ASKED.format('completed', 'true')} DialCallDuration=21", *ENDS],
        id="Number.sendDigits",
    ),
]


@pytest.mark.parametrize(("twiml", "script", "lines"), CASES)
def test_dial_ends_with_its_action_or_the_next_verb(twiml, script, lines):
    """Every end of a Dial requests the action with the result, or plays the next verb if there is no action."""
    call = play(twiml, *script)
    actual = [line for line in trace(call)[1:] if line and not line.startswith("note: the caller")]
    assert actual == (ANSWERED if lines is None else lines)
    assert warned(call) == []


def screened(after="", attributes=""):
    """Return a Dial to a Number that has a document."""
    return dial("", f'<Number url="/screen" {attributes}>{NUMBER}</Number>')


ASKS = '<Gather action="/accept" numDigits="1"><Say>Press one to accept.</Say></Gather><Hangup/>'
NOT_TALKED = [f"{NUMBER} completed", f"{ASKED.format('completed', 'false')} DialCallDuration={{}}", *ENDS]
SCREENINGS = [
    pytest.param(
        "<Say>A call for you.</Say>",
        [CALLEE_GONE],
        ["callee hears A call for you.", DONE, f"{ASKED.format('completed', 'true')} DialCallDuration=21", *ENDS],
        id="Number.url-connected-at-its-end",
    ),
    pytest.param(
        "<Say>No.</Say><Hangup/>",
        [],
        ["callee hears No.", NOT_TALKED[0], NOT_TALKED[1].format(1), *ENDS],
        id="Number.url-Hangup-declines",
    ),
    pytest.param(
        ASKS,
        [Press("1", who="callee"), CALLEE_GONE],
        [
            "callee hears Press one to accept.",
            "action POST /accept Digits=1 FinishedOnKey= msg=Gather End",
            "callee hears Connected.",
            DONE,
            f"{ASKED.format('completed', 'true')} DialCallDuration=23",
            *ENDS,
        ],
        id="Number.url-accepts",
    ),
    pytest.param(
        ASKS,
        [Silence(who="callee")],
        ["callee hears Press one to accept.", NOT_TALKED[0], NOT_TALKED[1].format(7), *ENDS],
        id="Number.url-declines-by-silence",
    ),
    pytest.param(
        ASKS,
        [HangUp(who="callee")],
        ["callee hears Press one to accept.", NOT_TALKED[0], NOT_TALKED[1].format(2), *ENDS],
        id="Number.url-hangs-up",
    ),
    pytest.param(
        "<Dial>+15550102</Dial><Say>Go.</Say>",
        [CALLEE_GONE],
        [
            "error 13201: <Dial> can't be played to the callee and is skipped",
            "callee hears Go.",
            DONE,
            f"{ASKED.format('completed', 'true')} DialCallDuration=21",
            *ENDS,
        ],
        id="Number.url-Dial-in-it",
    ),
    pytest.param(
        Failure(11205, "rt", "no connection"),
        [],
        ["error 11205: no connection", NOT_TALKED[0], NOT_TALKED[1].format(0), *ENDS],
        id="Number.url-fails",
    ),
]


@pytest.mark.parametrize(("document", "script", "lines"), SCREENINGS)
def test_the_callee_can_be_screened(document, script, lines):
    """The document of a Number is played to the callee, who is connected only at its end."""
    served = response(document) if isinstance(document, str) else document
    documents = {"/screen": served, "/accept": response("<Say>Connected.</Say>")}
    call = play(screened(), PickUp(), *script, documents=documents)
    assert [line for line in trace(call)[1:] if line] == [*ANSWERED, "screening POST /screen", *lines]


def test_the_document_of_a_number_is_requested_with_the_child_call():
    """The request for the document of a Number has the callee's CallSid, and the caller's as ParentCallSid."""
    documents = {"/screen": response("")}
    call = play(screened(attributes='method="GET"'), PickUp(), CALLEE_GONE, documents=documents)
    (request,) = requests(call, "screening")
    assert request.method == "GET"
    assert request.params["ParentCallSid"] == call.sid
    assert request.params["CallSid"] == requests(call, "action")[0].params["DialCallSid"] != call.sid
    assert (request.params["Direction"], request.params["CallStatus"]) == ("outbound-dial", "in-progress")
    assert (request.params["To"], request.params["From"]) == (NUMBER, "+14155550100")


def test_the_caller_is_not_heard_while_the_callee_is_screened():
    """A key of the caller during the screening is noted, and the callee is still asked."""
    call = play(screened(), PickUp(), Press("1"), documents={"/screen": response(ASKS)})
    assert [each.what for each in call.notes] == ["the caller presses 1, but the <Gather> listens to the callee"]
    assert call.waiting.who == "callee"


@pytest.mark.parametrize(
    ("attribute", "caller"),
    [
        pytest.param("", "+14155550100", id="Dial.callerId-default"),
        pytest.param('callerId="+15005550006"', "+15005550006", id="Dial.callerId"),
    ],
)
def test_the_callee_sees_the_caller_id(attribute, caller):
    """The callee sees the caller's number, or the callerId if it is set."""
    inside = f'<Number url="/screen">{NUMBER}</Number>'
    call = play(dial(attribute, inside), PickUp(), documents={"/screen": response("<Pause/>")})
    assert requests(call, "screening")[0].params["From"] == caller


@pytest.mark.parametrize(
    ("attribute", "answered"),
    [
        pytest.param("", 0.0, id="Dial.answerOnBridge-false"),
        pytest.param('answerOnBridge="true"', 3.0, id="Dial.answerOnBridge"),
    ],
)
def test_with_answer_on_bridge_the_callee_answers_the_call(attribute, answered):
    """With answerOnBridge, the call is answered only when the callee picks up."""
    call = play(dial(attribute), PickUp(), CALLEE_GONE)
    assert [each.at for each in call.events if each.name == "answered"] == [answered]
    assert requests(call, "action")[0].params["CallStatus"] == "in-progress"


def test_with_answer_on_bridge_a_busy_callee_leaves_the_call_unanswered():
    """With answerOnBridge, a busy callee leaves the call unanswered until the next verb."""
    call = play(dial('answerOnBridge="true"'), Refuse("busy"))
    assert requests(call, "action")[0].params["CallStatus"] == "ringing"
    assert [each.at for each in call.events if each.name == "answered"] == [0.5]


EVENTS = 'statusCallback="/s" statusCallbackEvent="initiated ringing answered completed"'
PROGRESS = [
    pytest.param(
        'statusCallback="/s"',
        [PickUp(), CALLEE_GONE],
        [("completed", "0", "20")],
        id="Number.statusCallback",
    ),
    pytest.param(
        EVENTS,
        [PickUp(), CALLEE_GONE],
        [("initiated", "0", None), ("ringing", "1", None), ("in-progress", "2", None), ("completed", "3", "20")],
        id="Number.statusCallbackEvent",
    ),
    pytest.param(
        EVENTS,
        [Refuse("busy")],
        [("initiated", "0", None), ("ringing", "1", None), ("busy", "2", "0")],
        id="Number.statusCallbackEvent-busy",
    ),
]


@pytest.mark.parametrize(("attributes", "script", "expected"), PROGRESS)
def test_the_status_callback_of_a_number_gets_the_events_it_asks_for(attributes, script, expected):
    """The status callback of a Number gets the events that it asks for, in order, and completed at every end."""
    call = play(dial("", f"<Number {attributes}>{NUMBER}</Number>"), *script, documents={"/s": response("")})
    sent = requests(call, "dial-status")
    names = ("CallStatus", "SequenceNumber", "CallDuration")
    assert [tuple(each.params.get(name) for name in names) for each in sent] == expected
    assert {each.method for each in sent} == {"POST"}
    assert {each.params["CallbackSource"] for each in sent} == {"call-progress-events"}
    assert all(each.params["Timestamp"].endswith("GMT") for each in sent)


@pytest.mark.parametrize(
    ("attribute", "method"),
    [
        pytest.param('statusCallbackMethod="GET"', "GET", id="Number.statusCallbackMethod"),
        pytest.param("", "POST", id="Number.statusCallbackMethod-default"),
    ],
)
def test_the_method_of_a_status_callback(attribute, method):
    """The status callback of a Number uses its own method, POST by default."""
    inside = f'<Number statusCallback="/s" {attribute}>{NUMBER}</Number>'
    call = play(dial("", inside), Refuse("busy"), documents={"/s": response("")})
    assert [each.method for each in requests(call, "dial-status")] == [method]


@pytest.mark.parametrize(
    ("script", "status", "bridged", "ends"),
    [
        ([HangUp()], "canceled", "false", f"{NUMBER} canceled"),
        ([PickUp(), HangUp(after=5)], "completed", "true", DONE),
    ],
)
def test_the_action_of_a_dial_is_requested_after_the_caller_hung_up(script, status, bridged, ends):
    """The action of a Dial is requested after the caller hung up, unless the assumption says otherwise."""
    call = play(dial(), *script)
    (request,) = requests(call, "action")
    actual = (request.params["DialCallStatus"], request.params["DialBridged"], request.params["CallStatus"])
    assert actual == (status, bridged, "completed")
    assert ends in trace(call)
    assert call.heard == ""
    assumed = Assumptions(dial_action_after_hangup=False)
    assert requests(play(dial(), *script, number={"assumptions": assumed}), "action") == []


def test_the_extra_ring_time_can_be_set():
    """The assumption extra_ring_seconds sets how long a phone rings beyond the timeout."""
    call = play(dial('timeout="10"'), Silence(), number={"assumptions": Assumptions(extra_ring_seconds=0)})
    assert [each.at for each in call.events if isinstance(each, Dialled)] == [0.0, 10.0]


@pytest.mark.parametrize("after", [0, 3])
def test_a_caller_who_hangs_up_during_the_screening_ends_it(after):
    """A caller who hangs up during the screening ends it, and nobody was connected."""
    call = play(screened(), PickUp(), HangUp(after=after), documents={"/screen": response(ASKS)})
    (request,) = requests(call, "action")
    assert (request.params["DialCallStatus"], request.params["DialBridged"]) == ("completed", "false")
    assert call.ended.reason == "caller-hung-up"


def test_an_invalid_status_callback_is_a_warning():
    """An invalid URL of a status callback is a warning, and the call goes on."""
    call = play(dial("", f'<Number statusCallback="ftp://x">{NUMBER}</Number>'), Refuse("busy"))
    assert warned(call) == [(11100, "the URL must be a valid http or https URL, not 'ftp://x'")]
    assert call.heard == "Next."


def test_at_most_ten_phones_ring():
    """A Dial of more than ten numbers rings the first ten, with a warning."""
    numbers = "".join(f"<Number>+155501{index:02}</Number>" for index in range(11))
    call = play(dial("", numbers))
    assert len(call.waiting.numbers) == 10
    assert warned(call) == [(13215, "<Dial> must have at most 10 numbers, not 11; the others are skipped")]


RECORDED = [
    pytest.param('recordingStatusCallback="/r"', [("completed", "1")], id="Dial.recordingStatusCallback"),
    pytest.param(
        'recordingStatusCallback="/r" recordingStatusCallbackMethod="GET"',
        [("completed", "1")],
        id="Dial.recordingStatusCallbackMethod",
    ),
    pytest.param(
        'recordingStatusCallback="/r" recordingStatusCallbackEvent="in-progress completed"',
        [("in-progress", "1"), ("completed", "1")],
        id="Dial.recordingStatusCallbackEvent",
    ),
]


@pytest.mark.parametrize(("attributes", "expected"), RECORDED)
def test_the_recording_of_a_talk_is_reported(attributes, expected):
    """The status callback of a recorded talk has the caller's CallSid and the source DialVerb."""
    twiml = dial(f'record="record-from-answer" {attributes}')
    call = play(twiml, PickUp(), CALLEE_GONE, documents={"/r": response("")})
    sent = requests(call, "recording-status")
    assert [(each.params["RecordingStatus"], each.params["RecordingChannels"]) for each in sent] == expected
    assert {each.params["RecordingSource"] for each in sent} == {"DialVerb"}
    assert {each.params["CallSid"] for each in sent} == {call.sid}
    assert {each.method for each in sent} == {"GET" if "GET" in attributes else "POST"}


def test_a_dual_recording_has_two_channels():
    """A dual recording is reported with two channels."""
    twiml = dial('record="record-from-answer-dual" recordingStatusCallback="/r"')
    call = play(twiml, PickUp(), CALLEE_GONE, documents={"/r": response("")})
    assert requests(call, "recording-status")[0].params["RecordingChannels"] == "2"


@pytest.mark.parametrize(
    ("twiml", "code", "what"),
    [
        pytest.param(dial('method="X"'), 13210, "<Dial method> must be GET or POST, not 'X'", id="Dial.method-wrong"),
        pytest.param(
            dial('timeout="4"'),
            13212,
            "<Dial timeout> must be a whole number from 5 to 600, not '4'",
            id="Dial.timeout-wrong",
        ),
        pytest.param(
            dial('hangupOnStar="x"'),
            13213,
            "<Dial hangupOnStar> must be true or false, not 'x'",
            id="Dial.hangupOnStar-wrong",
        ),
        pytest.param(
            dial('callerId="a b"'),
            13214,
            "<Dial callerId> must be a phone number, client:name or a SIP name, not 'a b'",
            id="Dial.callerId-wrong",
        ),
        pytest.param(dial("", "<Say>x</Say>"), 13215, "<Say> is not allowed in <Dial>", id="Dial-nested"),
        pytest.param(
            dial("", f"{NUMBER}<Number>{OTHER}</Number>"),
            13215,
            "<Dial> must have a number as text or nouns, not both",
            id="Dial-text-and-nouns",
        ),
        pytest.param(
            dial("", f"<Queue>a</Queue><Number>{OTHER}</Number>"),
            13215,
            "<Queue> must be the only noun in <Dial>",
            id="Dial-a-lone-noun",
        ),
        pytest.param(
            dial('timeLimit="x"'),
            13216,
            "<Dial timeLimit> must be a whole number of at least 1, not 'x'",
            id="Dial.timeLimit-wrong",
        ),
        pytest.param(
            dial('record="yes"'),
            13217,
            "<Dial record> must be do-not-record, record-from-answer, record-from-ringing, "
            "record-from-answer-dual, record-from-ringing-dual, true or false, not 'yes'",
            id="Dial.record-wrong",
        ),
        pytest.param(
            dial('answerOnBridge="x"'),
            13219,
            "<Dial answerOnBridge> must be true or false, not 'x'",
            id="Dial.answerOnBridge-wrong",
        ),
        pytest.param(
            dial('sequential="x"'),
            13218,
            "<Dial sequential> must be true or false, not 'x'",
            id="Dial.sequential-wrong",
        ),
        pytest.param(
            dial('trim="x"'), 12200, "<Dial trim> must be trim-silence or do-not-trim, not 'x'", id="Dial.trim"
        ),
        pytest.param(
            dial('recordingTrack="x"'),
            12200,
            "<Dial recordingTrack> must be inbound, outbound or both, not 'x'",
            id="Dial.recordingTrack",
        ),
        pytest.param(
            dial('referMethod="x"'), 12200, "<Dial referMethod> must be GET or POST, not 'x'", id="Dial.referMethod"
        ),
        pytest.param(
            dial("", "reception"), 13223, "<Dial> must have a phone number, not 'reception'", id="Dial-no-number"
        ),
        pytest.param(
            dial("", f'<Number method="X">{NUMBER}</Number>'),
            13221,
            "<Number method> must be GET or POST, not 'X'",
            id="Number.method-wrong",
        ),
        pytest.param(
            dial("", f'<Number sendDigits="x">{NUMBER}</Number>'),
            13222,
            "<Number sendDigits> must be one or more of 0-9 A-D w W # *, not 'x'",
            id="Number.sendDigits-wrong",
        ),
        pytest.param(
            dial("", "<Number>x</Number>"),
            13223,
            "<Number> must have a phone number, not 'x'",
            id="Number-no-number",
        ),
        pytest.param(
            dial('ringTone="loud"', NUMBER),
            13220,
            "<Dial ringTone> must be the code of a country such as us, not 'loud'",
            id="Dial.ringTone-wrong",
        ),
        pytest.param(
            dial("", f'<Number statusCallbackEvent="x">{NUMBER}</Number>'),
            12200,
            "<Number statusCallbackEvent> must be one or more of initiated, ringing, answered, completed, not 'x'",
            id="Number.statusCallbackEvent-wrong",
        ),
        pytest.param(
            dial("", f'<Number machineDetection="x">{NUMBER}</Number>'),
            12200,
            "<Number machineDetection> must be Enable or DetectMessageEnd, not 'x'",
            id="Number.machineDetection",
        ),
        pytest.param(
            dial("", f'<Number machineDetectionTimeout="2">{NUMBER}</Number>'),
            12200,
            "<Number machineDetectionTimeout> must be a whole number from 3 to 60, not '2'",
            id="Number.machineDetectionTimeout",
        ),
    ],
)
def test_an_invalid_dial_or_number_is_a_warning(twiml, code, what):
    """Invalid values and contents of Dial and Number are warnings with Twilio's code."""
    assert (code, what) in warned(play(twiml))


RECOGNISED = [
    pytest.param("Dial", 'ringTone="at"', id="Dial.ringTone"),
    pytest.param("Dial", 'ringTone="us-old"', id="Dial.ringTone-old"),
    pytest.param("Dial", 'referUrl="/refer"', id="Dial.referUrl"),
    pytest.param("Dial", 'callReason="a parcel"', id="Dial.callReason"),
    pytest.param("Dial", 'recordingConfigurationId="x"', id="Dial.recordingConfigurationId"),
    pytest.param("Dial", 'events="x"', id="Dial.events"),
    pytest.param("Dial", 'passports="x"', id="Dial.passports"),
    pytest.param("Number", 'byoc="BY1"', id="Number.byoc"),
    pytest.param("Number", 'machineDetectionSpeechThreshold="3000"', id="Number.machineDetectionSpeechThreshold"),
    pytest.param("Number", 'machineDetectionSpeechEndThreshold="600"', id="Number.machineDetectionSpeechEndThreshold"),
    pytest.param("Number", 'machineDetectionSilenceTimeout="3000"', id="Number.machineDetectionSilenceTimeout"),
    pytest.param("Number", 'amdStatusCallback="/amd"', id="Number.amdStatusCallback"),
    pytest.param("Number", 'amdStatusCallbackMethod="GET"', id="Number.amdStatusCallbackMethod"),
]


@pytest.mark.parametrize(("element", "attribute"), RECOGNISED)
def test_a_recognised_attribute_changes_nothing(element, attribute):
    """An attribute that is only recognised is valid and does not change the call."""
    inside = f"<Number {attribute if element == 'Number' else ''}>{NUMBER}</Number>"
    call = play(dial(attribute if element == "Dial" else "", inside), Refuse("busy"))
    assert warned(call) == []
    assert call.heard == "Next."
