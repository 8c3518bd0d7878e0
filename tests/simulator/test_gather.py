"""The rules of Gather: https://www.twilio.com/docs/voice/twiml/gather."""

import pytest
from tests.simulator.cases import play, requests, response, trace, warned

from ivrkit.simulator import Assumptions, HangUp, Press, Silence, Speak
from ivrkit.simulator.events import Gathered, Said

ENDS = ["hears Next.", "ended no-more-verbs completed"]
AFTER = "<Say>After.</Say>"
FALLS = ["hears After.", "ended no-more-verbs completed"]
PRESSED = "action POST /next Digits={} FinishedOnKey={} msg=Gather End"


def gather(attributes="", inside="", after=AFTER):
    """Return a Gather whose action is the next document, and a verb after it."""
    return f'<Gather action="/next" {attributes}>{inside}</Gather>{after}'


def by_action(digits, finished=""):
    """Return the trace of a Gather whose action got these digits."""
    return [PRESSED.format(digits, finished), *ENDS]


CASES = [
    pytest.param(gather(), [Press("1")], by_action("1"), id="Gather.action"),
    pytest.param(
        gather('method="GET"'),
        [Press("1")],
        ["action GET /next Digits=1 FinishedOnKey= msg=Gather End", *ENDS],
        id="Gather.method",
    ),
    pytest.param(gather('input="dtmf"'), [Speak("x"), Press("1")], None, id="Gather.input-dtmf"),
    pytest.param(
        gather('input="speech"'),
        [Speak("sales", confidence=0.75)],
        ["action POST /next SpeechResult=sales Confidence=0.75", *ENDS],
        id="Gather.input-speech",
    ),
    pytest.param(
        gather('input="speech dtmf"'),
        [Speak("sales", confidence=None)],
        ["action POST /next SpeechResult=sales", *ENDS],
        id="Gather.input-both-speech",
    ),
    pytest.param(gather('input="dtmf speech"'), [Press("1")], by_action("1"), id="Gather.input-both-dtmf"),
    pytest.param(gather('timeout="2"'), [Press("12", every=1.9)], by_action("12"), id="Gather.timeout-between-keys"),
    pytest.param(
        gather('timeout="2"'),
        [Press("12", every=2.5)],
        [PRESSED.format("1", ""), *ENDS],
        id="Gather.timeout-ends-between-keys",
    ),
    pytest.param(gather('timeout="2"'), [Press("1", after=2.5)], FALLS, id="Gather.timeout-too-late"),
    pytest.param(gather('timeout="auto"'), [Press("1", after=4.5)], by_action("1"), id="Gather.timeout-auto"),
    pytest.param(gather('numDigits="2"'), [Press("123")], by_action("12"), id="Gather.numDigits"),
    pytest.param(gather('numDigits="3"'), [Press("12")], by_action("12"), id="Gather.numDigits-fewer"),
    pytest.param(gather(), [Press("12#3")], by_action("12", "#"), id="Gather.finishOnKey-default"),
    pytest.param(gather('finishOnKey="*"'), [Press("1#*")], by_action("1#", "*"), id="Gather.finishOnKey"),
    pytest.param(gather('finishOnKey=""'), [Press("1#*")], by_action("1#*"), id="Gather.finishOnKey-empty"),
    pytest.param(gather(), [Press("#")], FALLS, id="Gather-only-the-finish-key"),
    pytest.param(
        gather('actionOnEmptyResult="true"'),
        [Press("#")],
        by_action("", "#"),
        id="Gather.actionOnEmptyResult-only-the-finish-key",
    ),
    pytest.param(gather(), [Silence()], FALLS, id="Gather-silence"),
    pytest.param(gather('actionOnEmptyResult="true"'), [Silence()], by_action(""), id="Gather.actionOnEmptyResult"),
    pytest.param(gather('input="speech"'), [Speak("")], FALLS, id="Gather-speech-that-is-not-understood"),
    pytest.param(
        gather('input="speech" partialResultCallback="/part" partialResultCallbackMethod="GET"'),
        [Speak("two words")],
        [
            "partial GET /part UnstableSpeechResult=two StableSpeechResult= Stability=0.5 SequenceNumber=0",
            "partial GET /part UnstableSpeechResult=two words StableSpeechResult= Stability=0.5 SequenceNumber=1",
            "action POST /next SpeechResult=two words Confidence=0.9",
            *ENDS,
        ],
        id="Gather.partialResultCallbackMethod",
    ),
    pytest.param(
        gather('input="speech" partialResultCallback="/part"'),
        [Speak("yes")],
        [
            "partial POST /part UnstableSpeechResult=yes StableSpeechResult= Stability=0.5 SequenceNumber=0",
            "partial POST /part UnstableSpeechResult=yes StableSpeechResult= Stability=0.5 SequenceNumber=1",
            "action POST /next SpeechResult=yes Confidence=0.9",
            *ENDS,
        ],
        id="Gather.partialResultCallback",
    ),
    pytest.param(
        gather("", "<Say>One two three four five.</Say><Say>Six.</Say>"),
        [Press("1", after=1.0)],
        ["hears One two three four five. ...", *by_action("1")],
        id="Gather.bargeIn-cuts-the-prompt",
    ),
    pytest.param(
        gather("", "<Say>One.</Say><Pause length='3'/><Say>Six.</Say>"),
        [Press("1", after=2.0)],
        ["hears One.", "hears pause 1.733 ...", *by_action("1")],
        id="Gather.bargeIn-in-a-pause",
    ),
    pytest.param(
        gather('bargeIn="false"', "<Say>One two three four five.</Say>"),
        [Press("123", after=1.0, every=0.5)],
        ["hears One two three four five.", *by_action("3")],
        id="Gather.bargeIn-false",
    ),
    pytest.param(
        gather('bargeIn="false" input="speech"', "<Say>One two three four five.</Say>"),
        [Speak("no", after=0.1)],
        ["hears One two three four five.", "action POST /next SpeechResult=no Confidence=0.9", *ENDS],
        id="Gather.bargeIn-false-speech",
    ),
    pytest.param(gather("", "<Say>One.</Say>"), [Press("1")], ["hears One.", *by_action("1")], id="Gather-nested-Say"),
    pytest.param(
        gather("", "<Play>/a.mp3</Play><Pause length='2'/>"),
        [Press("1")],
        ["hears https://ivr.example.com/a.mp3", "hears pause 2", *by_action("1")],
        id="Gather-nested-Play-and-Pause",
    ),
    pytest.param(
        gather("", "<Say>One.</Say><Hangup/>"),
        [Press("1")],
        ["warning 13320: <Hangup> is not allowed in <Gather>", "hears One.", *by_action("1")],
        id="Gather-nested-something-else",
    ),
    pytest.param(gather(), [Silence(2), Press("1", after=4.9)], by_action("1"), id="Gather-some-silence-first"),
    pytest.param(gather(), [Silence(3), Silence(3)], FALLS, id="Gather-silence-in-parts"),
    pytest.param(gather(), [HangUp()], ["ended caller-hung-up completed"], id="Gather-hang-up"),
]


@pytest.mark.parametrize(("twiml", "script", "lines"), CASES)
def test_each_rule_of_gather(twiml, script, lines):
    """Each attribute and each rule of Gather has the effect that Twilio's page describes."""
    documents = {"/a.mp3": _audio, "/part": response("")}
    call = play(twiml, *script, documents=documents)
    actual = [line for line in trace(call) if not line.startswith(("webhook", "note", "media"))]
    assert actual == (by_action("1") if lines is None else lines)


def _audio(_request):
    from ivrkit.simulator import Response

    return Response(headers=(("Content-Type", "audio/mpeg"),), body=b"ID3")


def test_a_gather_without_an_action_requests_the_current_document():
    """A Gather without an action requests the document that contains it, not the number's webhook."""
    call = play(
        "<Redirect>/menu?lang=en</Redirect>",
        Press("1"),
        Press("2"),
        documents={"/menu": [response("<Gather numDigits='1'/>"), response("<Gather numDigits='1'/>"), response("")]},
    )
    assert [(each.purpose, each.url, each.params.get("Digits")) for each in requests(call, "action")] == [
        ("action", "https://ivr.example.com/menu?lang=en", "1"),
        ("action", "https://ivr.example.com/menu?lang=en", "2"),
    ]


@pytest.mark.parametrize(
    ("attributes", "action", "seconds"),
    [
        pytest.param('timeout="2"', Silence(), 2.0, id="Gather.timeout"),
        pytest.param("", Silence(), 5.0, id="Gather.timeout-default"),
        pytest.param("", Press("1"), 5.5, id="Gather.timeout-after-the-last-key"),
        pytest.param('numDigits="1"', Press("1"), 0.5, id="Gather.numDigits-at-once"),
        pytest.param("", Press("1#"), 1.0, id="Gather.finishOnKey-at-once"),
        pytest.param('input="speech" speechTimeout="3"', Speak("x" * 15), 4.5, id="Gather.speechTimeout"),
        pytest.param('input="speech" speechTimeout="auto"', Speak("x" * 15), 2.0, id="Gather.speechTimeout-auto"),
        pytest.param('input="speech" timeout="4"', Speak("x" * 15), 5.5, id="Gather.speechTimeout-is-timeout"),
        pytest.param('input="speech" maxSpeechTime="10"', Speak("x" * 1500), 15.5, id="Gather.maxSpeechTime"),
        pytest.param('input="speech"', Speak("x" * 1500), 65.5, id="Gather.maxSpeechTime-default"),
        pytest.param('input="speech" timeout="2"', Speak("x", after=3), 2.0, id="Gather.timeout-speech-too-late"),
    ],
)
def test_a_gather_ends_at_the_right_time(attributes, action, seconds):
    """The attributes of a Gather decide how long it waits for silence, the next key and the end of speech."""
    call = play(gather(attributes), action)
    (gathered,) = [each for each in call.events if isinstance(each, Gathered)]
    assert gathered.at == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("attributes", "script", "ended_by", "digits", "speech"),
    [
        ("", [Press("12")], "timeout", "12", ""),
        ("", [Press("12#")], "key", "12", ""),
        ("", [Press("#")], "key", "", ""),
        ('numDigits="2"', [Press("12")], "digits", "12", ""),
        ("", [Silence()], "timeout", "", ""),
        ('input="speech"', [Speak("yes")], "speech", "", "yes"),
        ("", [HangUp()], "hangup", "", ""),
    ],
)
def test_the_event_of_a_gather_has_its_input_and_end(attributes, script, ended_by, digits, speech):
    """The event of a Gather has the input and the reason for its end."""
    call = play(gather(attributes), *script)
    (gathered,) = [each for each in call.events if isinstance(each, Gathered)]
    assert (gathered.ended_by, gathered.digits, gathered.speech) == (ended_by, digits, speech)


def test_a_barge_in_shortens_the_prompt():
    """A key during the prompt shortens its event, and the clock goes on from the key."""
    call = play(gather("", "<Say>One two three four five.</Say><Say>Six.</Say>"))
    whole = [each for each in call.events if isinstance(each, Said)]
    assert [(each.at, each.seconds, each.cut) for each in whole] == [(0.0, 1.6, False), (1.6, 0.267, False)]
    call.press("1#", after=1.0)
    (said, *_) = [each for each in call.events if isinstance(each, Said)]
    assert (said.at, said.seconds, said.cut) == (0.0, 1.0, True)
    times = [each.at for each in call.events]
    assert times == sorted(times)


def test_keys_after_the_end_of_a_gather_are_noted():
    """Keys after the end of a Gather are lost, which is noted."""
    call = play(gather('numDigits="1"'), Press("123"))
    assert [(each.what, each.hint) for each in call.notes] == [
        ("the keys 23 were pressed when no verb was listening", "press them after the next prompt")
    ]


@pytest.mark.parametrize(
    ("attributes", "action", "what", "hint"),
    [
        (
            'input="speech"',
            Press("1"),
            "the caller presses 1, but this <Gather> does not accept keys",
            'set input="dtmf"',
        ),
        ("", Speak("yes"), 'the caller says "yes", but this <Gather> does not accept speech', 'set input="speech"'),
    ],
)
def test_input_of_the_wrong_type_is_noted(attributes, action, what, hint):
    """Input that a Gather does not accept is noted, and the Gather goes on listening."""
    call = play(gather(attributes), action)
    assert [(each.what, each.hint) for each in call.notes] == [(what, hint)]
    assert call.waiting is not None


def test_keys_before_a_hangup_are_sent():
    """A caller who hangs up after some keys causes an action request with these keys, whose document is not heard."""
    call = play(gather(), Press("56", every=1), patience=1.0)
    (request,) = requests(call, "action")
    assert (request.params["Digits"], request.params["CallStatus"]) == ("5", "completed")
    assert call.heard == ""
    assert call.ended.reason == "caller-hung-up"


SWITCHES = [
    pytest.param({"empty_digits": False}, 'actionOnEmptyResult="true"', Silence(), {"Digits": None}, id="empty_digits"),
    pytest.param({}, 'actionOnEmptyResult="true"', Silence(), {"Digits": ""}, id="empty_digits-default"),
    pytest.param(
        {"finished_on_key": False}, "", Press("1#"), {"FinishedOnKey": None, "msg": None}, id="finished_on_key"
    ),
    pytest.param({}, "", Press("1#"), {"FinishedOnKey": "#", "msg": "Gather End"}, id="finished_on_key-default"),
]


@pytest.mark.parametrize(("assumed", "attributes", "action", "params"), SWITCHES)
def test_assumptions_change_the_parameters_of_a_gather(assumed, attributes, action, params):
    """The assumptions empty_digits and finished_on_key change the parameters of the action request."""
    call = play(gather(attributes), action, number={"assumptions": Assumptions(**assumed)})
    (request,) = requests(call, "action")
    assert {name: request.params.get(name) for name in params} == params


def test_a_hangup_after_keys_ends_a_gather_once():
    """A caller who hangs up after some keys ends the Gather once: the event has the keys and names the hang-up."""
    call = play(gather(), Press("56", every=1), patience=1.0)
    (gathered,) = [each for each in call.events if isinstance(each, Gathered)]
    assert (gathered.ended_by, gathered.digits) == ("hangup", "5")


def test_keys_before_a_hangup_can_be_dropped():
    """With gather_action_after_hangup=False, keys before a hang-up cause no request."""
    assumed = Assumptions(gather_action_after_hangup=False)
    call = play(gather(), Press("56", every=1), patience=1.0, number={"assumptions": assumed})
    assert requests(call, "action") == []


@pytest.mark.parametrize(
    ("attribute", "code", "what"),
    [
        pytest.param(
            'finishOnKey="12"',
            13310,
            "<Gather finishOnKey> must be one of 0-9 # *, or empty, not '12'",
            id="Gather.finishOnKey-wrong",
        ),
        pytest.param('method="PUT"', 13312, "<Gather method> must be GET or POST, not 'PUT'", id="Gather.method-wrong"),
        pytest.param(
            'timeout="0"',
            13313,
            "<Gather timeout> must be a whole number of at least 1, or auto, not '0'",
            id="Gather.timeout-wrong",
        ),
        pytest.param(
            'numDigits="many"',
            13314,
            "<Gather numDigits> must be a whole number of at least 1, not 'many'",
            id="Gather.numDigits-wrong",
        ),
        pytest.param(
            'speechTimeout="-1"',
            13327,
            "<Gather speechTimeout> must be a whole number of at least 1, or auto, not '-1'",
            id="Gather.speechTimeout-wrong",
        ),
        pytest.param(
            f'hints="{"x" * 101}"',
            13330,
            "<Gather hints> must be at most 500 hints of at most 100 characters, separated by commas, "
            f"not '{'x' * 57}...'",
            id="Gather.hints",
        ),
        pytest.param(
            'actionOnEmptyResult="yes"',
            13338,
            "<Gather actionOnEmptyResult> must be true or false, not 'yes'",
            id="Gather.actionOnEmptyResult-wrong",
        ),
        pytest.param(
            'input="voice"', 12200, "<Gather input> must be dtmf, speech or both, not 'voice'", id="Gather.input-wrong"
        ),
        pytest.param(
            'profanityFilter="no"',
            12200,
            "<Gather profanityFilter> must be true or false, not 'no'",
            id="Gather.profanityFilter",
        ),
        pytest.param('enhanced="1"', 13339, "<Gather enhanced> must be true or false, not '1'", id="Gather.enhanced"),
        pytest.param(
            'speechModel="phone_call" speechTimeout="auto"',
            13335,
            "<Gather speechTimeout> must be a whole number with speechModel, not 'auto'",
            id="Gather.speechModel",
        ),
        pytest.param(
            'speechModel="default" speechTimeout="auto"',
            13335,
            "<Gather speechTimeout> must be a whole number with speechModel, not 'auto'",
            id="Gather.speechModel-default-and-auto",
        ),
        pytest.param(
            'speechModel="nova-3-general"',
            13334,
            "<Gather speechModel> must be one of default, numbers_and_commands, phone_call, "
            "experimental_conversations, experimental_utterances, or a model of a provider such as deepgram_nova-3 or "
            "googlev2_telephony, not 'nova-3-general'",
            id="Gather.speechModel-unknown",
        ),
        pytest.param(
            'speechModel="deepgram_nova_3_general"',
            13343,
            "<Gather speechModel> must be deepgram_ with the name of a model such as nova-3-general, "
            "not 'deepgram_nova_3_general'",
            id="Gather.speechModel-of-a-provider",
        ),
        pytest.param(
            'input="dtmf speech" language="en"',
            13331,
            "<Gather language> must be a language with a region, such as en-US, not 'en'",
            id="Gather.language-without-a-region",
        ),
        pytest.param(
            'maxSpeechTime="0"',
            13328,
            "<Gather maxSpeechTime> must be a whole number of at least 1, not '0'",
            id="Gather.maxSpeechTime-wrong",
        ),
        pytest.param(
            'bargeIn="no"', 13332, "<Gather bargeIn> must be true or false, not 'no'", id="Gather.bargeIn-wrong"
        ),
        pytest.param('debug="1"', 13336, "<Gather debug> must be true or false, not '1'", id="Gather.debug-wrong"),
        pytest.param(
            'timeOut="3"', 12200, "<Gather> has no attribute 'timeOut', did you mean 'timeout'?", id="Gather-wrong-case"
        ),
    ],
)
def test_an_invalid_value_is_a_warning_and_the_default_is_used(attribute, code, what):
    """An invalid value is a warning with Twilio's code, and the call goes on with the default."""
    call = play(gather(attribute), Press("1"))
    assert warned(call) == [(code, what)]
    assert call.heard == "Next."


@pytest.mark.parametrize(
    "attribute",
    [
        pytest.param('language="de-DE"', id="Gather.language"),
        pytest.param('language="en"', id="Gather.language-without-speech"),
        pytest.param('input="dtmf speech" language="cmn-Hans-CN"', id="Gather.language-with-a-script"),
        pytest.param('input="dtmf speech" language="es-419"', id="Gather.language-of-a-large-region"),
        pytest.param('debug="true"', id="Gather.debug"),
        pytest.param('speechModel="deepgram_nova-2-phonecall"', id="Gather.speechModel-deepgram"),
        pytest.param('speechModel="googlev2_telephony_short"', id="Gather.speechModel-google"),
        pytest.param('speechModel="phone_call" enhanced="true"', id="Gather.enhanced-valid"),
    ],
)
def test_a_recognised_attribute_changes_nothing(attribute):
    """An attribute that is only recognised is valid and does not change the call."""
    call = play(gather(attribute), Press("1"))
    assert warned(call) == []
    assert call.heard == "Next."


def test_an_invalid_partial_result_callback_is_a_warning():
    """An invalid partialResultCallback is a warning for each partial result, and the final result still arrives."""
    call = play(gather('input="speech" partialResultCallback="ftp://x"'), Speak("yes"))
    assert warned(call) == [(11100, "the URL must be a valid http or https URL, not 'ftp://x'")] * 2
    assert call.heard == "Next."
