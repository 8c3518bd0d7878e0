"""Record: https://www.twilio.com/docs/voice/twiml/record."""

import pytest
from tests.simulator.cases import play, requests, response, trace, warned

from ivrkit.simulator import Assumptions, HangUp, Press, Response, Silence, Simulator, Speak, explore
from ivrkit.simulator.events import Recorded

ENDS = ["hears Next.", "ended no-more-verbs completed"]
ASKED = "action POST /next RecordingUrl RecordingSid RecordingDuration={} Digits={}"
#: Seconds -> a text that takes as long to say.
WORDS = {seconds: "x" * (15 * seconds) for seconds in (1, 2, 3, 9, 10, 130)}


def record(attributes="", after="<Say>After.</Say>"):
    """Return a Record whose action is the next document."""
    return f'<Record action="/next" {attributes}/>{after}'


def recorded(seconds, by, digits):
    """Return the trace of a recording and its action."""
    return ["hears beep", f"recorded {seconds} by {by}", ASKED.format(seconds, digits), *ENDS]


CASES = [
    pytest.param(record(), [Speak(WORDS[2]), Press("5")], recorded(3, "5", "5"), id="Record.action"),
    pytest.param(
        record('method="GET"'),
        [Press("#")],
        [*recorded(1, "#", "#")[:2], ASKED.format(1, "#").replace("POST", "GET"), *ENDS],
        id="Record.method",
    ),
    pytest.param(record(), [Silence()], recorded(0, "silence", ""), id="Record.timeout-silence"),
    pytest.param(record(), [Speak(WORDS[2]), Silence()], recorded(2, "silence", ""), id="Record.trim-default"),
    pytest.param(
        record('trim="do-not-trim"'), [Speak(WORDS[2]), Silence()], recorded(7, "silence", ""), id="Record.trim"
    ),
    pytest.param(
        record('timeout="2" trim="do-not-trim"'), [Silence()], recorded(2, "silence", ""), id="Record.timeout"
    ),
    pytest.param(
        record('timeout="0" maxLength="20" trim="do-not-trim"'),
        [Silence()],
        recorded(20, "length", ""),
        id="Record.timeout-off",
    ),
    pytest.param(
        record('timeout="4" trim="do-not-trim"'),
        [Silence(3), Speak(WORDS[1]), Silence(3), Silence(3)],
        recorded(8, "silence", ""),
        id="Record.timeout-starts-again",
    ),
    pytest.param(record('finishOnKey="*"'), [Press("1"), Press("2*")], recorded(1, "*", "*"), id="Record.finishOnKey"),
    pytest.param(
        record('finishOnKey=""'), [Press("1"), Silence()], recorded(1, "silence", ""), id="Record.finishOnKey-none"
    ),
    pytest.param(record('maxLength="9"'), [Speak(WORDS[10])], recorded(9, "length", ""), id="Record.maxLength"),
    pytest.param(record('maxLength="2"'), [Press("1", after=3)], recorded(2, "length", ""), id="Record.maxLength-key"),
    pytest.param(
        record('maxLength="2" trim="do-not-trim"'),
        [Silence()],
        recorded(2, "length", ""),
        id="Record.maxLength-silence",
    ),
    pytest.param(record('transcribe="true"'), [Speak(WORDS[130])], None, id="Record.maxLength-120-when-transcribed"),
    pytest.param(
        record('recordingConfigurationId="RC1"'),
        [Press("1")],
        recorded(1, "1", "1"),
        id="Record.recordingConfigurationId",
    ),
    pytest.param(record('playBeep="false"'), [Press("1")], recorded(1, "1", "1")[1:], id="Record.playBeep"),
]


@pytest.mark.parametrize(("twiml", "script", "lines"), CASES)
def test_each_rule_of_record(twiml, script, lines):
    """Each attribute of Record has the effect that Twilio's page describes, and the action gets the recording."""
    actual = [line for line in trace(play(twiml, *script))[1:] if line and not line.startswith("note:")]
    if lines is None:
        assert actual == [
            "hears beep",
            "recorded 120 by length",
            "note 13617: a recording of 120 s is not transcribed",
            ASKED.format(120, ""),
            *ENDS,
        ]
    else:
        assert actual == lines


def test_a_record_without_an_action_requests_the_current_document():
    """A Record without an action requests the current document, as Gather does and Dial does not."""
    call = play("", Press("1"), documents={"/": [response("<Record/>"), response("<Say>Again.</Say>")]})
    assert [each.url for each in requests(call, "action")] == ["https://ivr.example.com/"]
    assert call.heard == "Again."


@pytest.mark.parametrize(
    ("script", "patience"),
    [([Speak("hello"), HangUp()], None), ([Speak("x" * 600)], 10.0)],
    ids=["puts-down", "patience"],
)
def test_a_caller_who_hangs_up_has_left_a_message(script, patience):
    """After a hang-up, the action is requested with Digits=hangup, and its document is not heard."""
    call = play(record(), *script, patience=patience)
    (request,) = requests(call, "action")
    assert (request.params["Digits"], request.params["CallStatus"]) == ("hangup", "completed")
    assert call.heard == ""
    assert call.ended.reason == "caller-hung-up"


def test_a_failing_action_after_a_hangup_is_reported():
    """An action that fails after the caller hung up is reported."""
    call = play(record(), HangUp(), documents={"/next": Response(500)})
    assert warned(call) == [(11200, "the response has the status 500")]
    assert call.ended.reason == "caller-hung-up"


def test_the_event_of_a_recording_has_its_text_and_url():
    """The event of a recording has the text that was said and the URL that the action gets."""
    call = play(record(), Speak("It is me."), Speak("Call back."), Press("1"))
    (event,) = [each for each in call.events if isinstance(each, Recorded)]
    (request,) = requests(call, "action")
    assert (event.text, event.url) == ("It is me. Call back.", request.params["RecordingUrl"])
    address = "https://api.twilio.com/2010-04-01/Accounts/" + request.params["AccountSid"] + "/Recordings/RE"
    assert event.url.startswith(address)
    assert event.url.endswith(request.params["RecordingSid"])


@pytest.mark.parametrize(("script", "expected"), [([Silence()], 0), ([Speak("hello"), Silence()], 1)])
def test_an_empty_recording_can_skip_its_action(script, expected):
    """With continue_after_empty_recording, only a recording with words requests its action."""
    assumed = Assumptions(continue_after_empty_recording=True)
    call = play(record(), *script, number={"assumptions": assumed})
    assert len(requests(call, "action")) == expected
    assert call.heard == ("After." if not expected else "Next.")


def test_digits_can_be_left_out_of_a_recording_without_a_key():
    """With empty_digits=False, the action of a recording that no key ended has no Digits."""
    call = play(record(), Silence(), number={"assumptions": Assumptions(empty_digits=False)})
    assert "Digits" not in requests(call, "action")[0].params


STATUS = (
    "recording-status {} /rec RecordingSid RecordingUrl RecordingStatus={} RecordingDuration={} RecordingChannels=1"
)
SOURCE = " RecordingSource=RecordVerb RecordingStartTime"
CALLBACKS = [
    pytest.param("", [STATUS.format("POST", "completed", 1)], id="Record.recordingStatusCallback"),
    pytest.param(
        'recordingStatusCallbackMethod="GET"',
        [STATUS.format("GET", "completed", 1)],
        id="Record.recordingStatusCallbackMethod",
    ),
    pytest.param(
        'recordingStatusCallbackEvent="in-progress completed"',
        [STATUS.format("POST", "in-progress", 0), STATUS.format("POST", "completed", 1)],
        id="Record.recordingStatusCallbackEvent",
    ),
    pytest.param('recordingStatusCallbackEvent="absent"', [], id="Record.recordingStatusCallbackEvent-absent"),
]


@pytest.mark.parametrize(("attributes", "lines"), CALLBACKS)
def test_the_status_of_a_recording_is_reported_after_the_action(attributes, lines):
    """The status of a recording is sent after the action request, for the events that the verb asks for."""
    call = play(record(f'recordingStatusCallback="/rec" {attributes}'), Press("1"), documents={"/rec": response("")})
    actual = [line for line in trace(call) if line.startswith(("recording-status", "action"))]
    assert actual == [ASKED.format(1, "1"), *(line + SOURCE for line in lines)]


def test_an_absent_recording_is_reported():
    """An empty recording that skips its action is reported with the status absent."""
    attributes = 'recordingStatusCallback="/rec" recordingStatusCallbackEvent="absent"'
    assumed = Assumptions(continue_after_empty_recording=True)
    documents = {"/rec": response("")}
    call = play(record(attributes), Silence(), documents=documents, number={"assumptions": assumed})
    (request,) = requests(call, "recording-status")
    assert request.params["RecordingStatus"] == "absent"


TRANSCRIBED = "TranscriptionText={} TranscriptionStatus=completed"


@pytest.mark.parametrize(
    ("attributes", "seconds", "text", "expected"),
    [
        pytest.param('transcribe="true" transcribeCallback="/text"', 3, "x" * 45, [], id="Record.transcribe"),
        pytest.param(
            'transcribeCallback="/text"',
            3,
            None,
            [(0, "<Record transcribeCallback> is never requested without transcribe")],
            id="Record.transcribeCallback-alone",
        ),
        pytest.param('transcribe="true"', 3, None, [], id="Record.transcribe-alone"),
        pytest.param(
            'transcribe="true" transcribeCallback="/text"',
            1,
            None,
            [(13617, "a recording of 2 s is not transcribed")],
            id="Record.transcribeCallback-too-short",
        ),
    ],
)
def test_a_recording_is_transcribed(attributes, seconds, text, expected):
    """A recording that is long enough is transcribed if the verb asks for it, and the text is sent to the callback."""
    call = play(record(attributes), Speak(WORDS[seconds]), Press("1"), documents={"/text": response("")})
    assert [each.params["TranscriptionText"] for each in requests(call, "transcription")] == ([text] if text else [])
    assert [(each.code, each.what) for each in call.notes] == expected
    assert warned(call) == []
    for request in requests(call, "transcription"):
        assert request.method == "POST"
        assert request.params["TranscriptionStatus"] == "completed"
        assert request.params["RecordingSid"] == requests(call, "action")[0].params["RecordingSid"]
        assert request.params["TranscriptionUrl"].endswith(request.params["TranscriptionSid"])


@pytest.mark.parametrize("letters", range(1, 60, 2))
def test_a_recording_is_never_longer_than_its_maximum(letters):
    """RecordingDuration is at most maxLength, whatever was said before the recording and in how many pieces."""
    twiml = f"<Say>{'x' * letters}</Say>" + record('maxLength="20" timeout="0" trim="do-not-trim"')
    call = play(twiml, *[Speak("x" * letters)] * 3, Silence(1.1), Silence())
    (request,) = requests(call, "action")
    assert request.params["RecordingDuration"] == "20"


@pytest.mark.parametrize(("rounding", "expected"), [("up", "3"), ("down", "2"), ("nearest", "3")])
def test_the_rounding_of_a_duration_is_an_assumption(rounding, expected):
    """A recording of 2.5 seconds has 2 or 3 whole seconds, as the assumptions say."""
    call = play(record(), Speak(WORDS[2]), Press("1"), number={"assumptions": Assumptions(rounding=rounding)})
    assert requests(call, "action")[0].params["RecordingDuration"] == expected


def test_a_short_message_is_no_problem_of_a_transcribing_app():
    """A message that is too short for its transcription is a note with Twilio's code, because no app can prevent it."""
    twiml = record('transcribe="true" transcribeCallback="/text"')
    documents = {"/": response(twiml), "/next": response(""), "/text": response("")}
    assert explore(Simulator.for_documents(documents).call, depth=2).problems == []


def test_keys_that_do_not_end_a_recording_are_noted():
    """Keys that are not finish keys are noted, and the note names the finish keys."""
    call = play(record('finishOnKey="#"'), Press("12"))
    assert [(each.what, each.hint) for each in call.notes] == [
        ("the keys 12 do not end the recording", "finishOnKey is '#'")
    ]


@pytest.mark.parametrize(
    ("attribute", "code", "what"),
    [
        pytest.param('method="X"', 13610, "<Record method> must be GET or POST, not 'X'", id="Record.method-wrong"),
        pytest.param(
            'timeout="x"',
            13611,
            "<Record timeout> must be a whole number of at least 0, not 'x'",
            id="Record.timeout-wrong",
        ),
        pytest.param(
            'maxLength="0"',
            13612,
            "<Record maxLength> must be a whole number from 1 to 86400, not '0'",
            id="Record.maxLength-wrong",
        ),
        pytest.param(
            'finishOnKey="x"',
            13613,
            "<Record finishOnKey> must be keys of 0-9 # *, or empty, not 'x'",
            id="Record.finishOnKey-wrong",
        ),
        pytest.param(
            'transcribe="x"', 13614, "<Record transcribe> must be true or false, not 'x'", id="Record.transcribe-wrong"
        ),
        pytest.param(
            'maxLength="121" transcribe="true"',
            13615,
            "<Record maxLength> must be at most 120 with transcribe, not '121'",
            id="Record.maxLength-transcribed",
        ),
        pytest.param(
            'playBeep="x"', 13616, "<Record playBeep> must be true or false, not 'x'", id="Record.playBeep-wrong"
        ),
        pytest.param(
            'recordingStatusCallbackEvent="x"',
            13621,
            "<Record recordingStatusCallbackEvent> must be one or more of in-progress, completed, absent, not 'x'",
            id="Record.recordingStatusCallbackEvent-wrong",
        ),
        pytest.param(
            'trim="x"', 12200, "<Record trim> must be trim-silence or do-not-trim, not 'x'", id="Record.trim-wrong"
        ),
    ],
)
def test_an_invalid_record_is_a_warning(attribute, code, what):
    """An invalid value of Record is a warning with Twilio's code."""
    assert (code, what) in warned(play(record(attribute), Press("1")))


def test_an_invalid_callback_of_a_recording_is_a_warning():
    """An invalid callback URL of a Record is a warning, and the call goes on."""
    attributes = 'recordingStatusCallback="ftp://x" transcribe="true" transcribeCallback="ftp://y"'
    call = play(record(attributes), Speak(WORDS[3]), Press("1"))
    message = "the URL must be a valid http or https URL, not '{}'"
    assert warned(call) == [(11100, message.format("ftp://x")), (11100, message.format("ftp://y"))]
    assert call.heard == "Next."
