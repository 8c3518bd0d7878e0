"""Calls as a whole: requests, usable responses, ends, actions, events and transcripts."""

import json
from datetime import datetime
from email.utils import parsedate_to_datetime

import pytest
from tests.simulator.cases import play, requests, response, trace, warned
from twilio.request_validator import RequestValidator

from ivrkit.simulator import (
    Assumptions,
    EndVerb,
    Failure,
    HangUp,
    PickUp,
    Press,
    Queue,
    Refuse,
    Response,
    Silence,
    Simulator,
    SimulatorError,
    Speak,
    event_from,
)
from ivrkit.simulator.actions import Action
from ivrkit.simulator.events import EVENTS, Event, Requested

END = "ended no-more-verbs completed"
GIVEN_UP = ["hears We are sorry. An application error has occurred. Goodbye.", "ended application-error completed"]


def lines(call):
    """Return the trace of a call, without empty lines."""
    return [line for line in trace(call) if line]


def page(body, content_type="text/xml", status=200):
    """Return a response of a Content-Type."""
    return Response(status, (("Content-Type", content_type),) if content_type else (), body.encode())


# Requests


def test_every_request_carries_the_usual_parameters():
    """Every request carries the parameters of Twilio's page, with values in Twilio's format."""
    call = play(
        "<Gather numDigits='1'/>", Press("1"), documents={"/": [response("<Gather numDigits='1'/>"), response("")]}
    )
    first, second = requests(call, "webhook", "action")
    places = [who + what for who in ("From", "To", "Caller", "Called") for what in ("City", "State", "Zip", "Country")]
    names = [
        "AccountSid",
        "ApiVersion",
        "CallSid",
        "CallStatus",
        "Called",
        "Caller",
        "Direction",
        "From",
        "To",
        *places,
    ]
    assert sorted(first.params) == sorted(names)
    assert set(second.params) - set(first.params) == {"Digits", "FinishedOnKey", "msg"}
    assert first.params["ApiVersion"] == "2010-04-01"
    assert first.params["From"] == first.params["Caller"] == "+14155550100"
    assert first.params["To"] == first.params["Called"] == "+15005550006"
    assert first.params["Direction"] == "inbound"
    assert (len(first.params["AccountSid"]), first.params["AccountSid"][:2]) == (34, "AC")
    assert (len(call.sid), call.sid[:2], first.params["CallSid"]) == (34, "CA", call.sid)
    assert (first.params["CallStatus"], second.params["CallStatus"]) == ("ringing", "in-progress")


def test_caller_number_and_parameters_can_be_set():
    """A call can set caller and number, and can add or replace parameters."""
    call = play("", from_="client:anna", to="+15005550001", CallerName="ANNA", FromCity="WIEN")
    (request,) = requests(call, "webhook")
    actual = {name: request.params[name] for name in ("From", "Caller", "To", "CallerName", "FromCity")}
    assert actual == {
        "From": "client:anna",
        "Caller": "client:anna",
        "To": "+15005550001",
        "CallerName": "ANNA",
        "FromCity": "WIEN",
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_request_is_signed(method):
    """Twilio's own library accepts the signature of every request, with GET and with POST."""
    number = {"token": "12345", "method": method, "status_callback": "/status"}
    call = play(
        f'<Gather numDigits="1" method="{method}"/>',
        Press("1"),
        Press("2"),
        HangUp(),
        number=number,
        documents={"/status": ""},
    )
    sent = [each for each in call.events if isinstance(each, Requested)]
    assert len(sent) == 4
    for each in sent:
        form = each.params if each.method == "POST" else {}
        assert RequestValidator("12345").validate(each.url, form, each.headers["X-Twilio-Signature"])


def test_without_a_token_nothing_is_signed():
    """Without a token, requests carry no signature."""
    (request,) = requests(play(""), "webhook")
    assert "X-Twilio-Signature" not in request.headers


def test_the_method_of_the_number_applies_to_the_first_request_only():
    """A verb without a method uses POST, even if the number uses GET."""
    call = play("<Redirect>/next</Redirect>", number={"method": "GET"})
    assert [each.method for each in requests(call, "webhook", "redirect")] == ["GET", "POST"]


def test_urls_are_relative_to_their_document():
    """A relative URL starts from the URL of its document, not from the number's webhook."""
    documents = {
        "/a/b": response("<Redirect>c/d</Redirect>"),
        "/a/c/d": response("<Redirect>../e?x=1</Redirect>"),
        "/a/e": response("<Redirect>https://other.example.com/f</Redirect>"),
        "https://other.example.com/f": response("<Redirect>g</Redirect>"),
        "/g": response("<Say>There.</Say>"),
    }
    call = play("<Redirect>/a/b</Redirect>", documents=documents)
    assert [each.url for each in requests(call, "redirect")] == [
        "https://ivr.example.com/a/b",
        "https://ivr.example.com/a/c/d",
        "https://ivr.example.com/a/e?x=1",
        "https://other.example.com/f",
        "https://other.example.com/g",
    ]
    assert call.heard == "There."


def test_cookies_are_kept_for_one_call():
    """Each call has its own cookie jar, which the assumption cookies turns off."""
    headers = (("Content-Type", "text/xml"), ("Set-Cookie", "session=abc; Path=/"))
    documents = {"/": Response(headers=headers, body=response("<Redirect>/next</Redirect>").encode())}
    call = play("", documents=documents)
    assert [each.headers.get("Cookie") for each in requests(call, "webhook", "redirect")] == [None, "session=abc"]
    call = play("", documents=documents, number={"assumptions": Assumptions(cookies=False)})
    assert [each.headers.get("Cookie") for each in requests(call, "webhook", "redirect")] == [None, None]


def test_each_request_has_its_own_idempotency_token():
    """Two requests of a call have different idempotency tokens."""
    call = play("<Redirect>/next</Redirect>")
    tokens = [each.headers["I-Twilio-Idempotency-Token"] for each in requests(call, "webhook", "redirect")]
    assert len(set(tokens)) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_retry_is_the_same_request(method):
    """``retry_last_request`` sends the same request again; state, path and end of the call stay as they are."""
    received = []

    def answer(request):
        received.append(request)
        return "<Response/>"

    simulator = Simulator.for_documents({"/": answer}, token="sesame", method=method)
    call = simulator.call()
    before = (call.ended, call.path, call.responses)
    retried = call.retry_last_request()
    assert received[1] == received[0]
    assert (retried.purpose, retried.status, retried.body) == ("retry", 200, "<Response/>")
    assert (call.ended, call.path, call.responses) == before
    assert call.ended.reason == "no-more-verbs"


def test_a_retry_that_fails_is_a_warning():
    """A retry without a response returns nothing, and the failure is a warning of the call."""
    answers = ["<Response/>", Failure(11205, "ct", "no connection")]
    call = Simulator.for_documents({"/": lambda _request: answers.pop(0)}).call()
    assert call.retry_last_request() is None
    assert [(each.code, each.level, each.what) for each in call.warnings] == [(11205, "warning", "no connection")]
    assert call.ended.reason == "no-more-verbs"


def test_an_invalid_connection_override_is_noted():
    """An invalid connection override is noted once per call, and the default is used."""
    call = play("<Redirect>/next#rc=9</Redirect>")
    assert [(each.what, each.hint) for each in call.notes] == [
        (
            "the connection override rc must be from 0 to 5, not '9'",
            "see Twilio's page on connection overrides: ct, rt, tt, rc, rp, sni, e",
        )
    ]
    assert call.heard == "Next."


# Usable and unusable responses

FATAL = [
    pytest.param(page("no", status=500), 11200, "the response has the status 500", id="11200"),
    pytest.param(page("no", status=404), 11200, "the response has the status 404", id="11200-404"),
    pytest.param(Failure(11205, "rt", "too slow"), 11205, "too slow", id="11205"),
    pytest.param(page("x" * 65537), 11750, "the response must have at most 65536 bytes, not 65537", id="11750"),
    pytest.param(page("<Response>"), 12100, None, id="12100"),
    pytest.param(page("<Other/>"), 12102, None, id="12102"),
    pytest.param(page(response(""), ""), 12300, "the Content-Type of the response is missing", id="12300-none"),
    pytest.param(
        page(response(""), "application/json"),
        12300,
        "the Content-Type of the response must be text/xml, not 'application/json'",
        id="12300",
    ),
    pytest.param(
        page(response(""), "xml"), 12300, "the Content-Type of the response must be text/xml, not 'xml'", id="12300-odd"
    ),
    pytest.param(
        page("", status=204, content_type=""), 12300, "the Content-Type of the response is missing", id="12300-204"
    ),
]


@pytest.mark.parametrize(("served", "code", "what"), FATAL)
def test_an_unusable_response_ends_the_call(served, code, what):
    """Without a fallback, an unusable response is an error, and the caller hears the application error."""
    call = play("", documents={"/": served})
    (warning,) = call.warnings
    assert (warning.code, warning.level) == (code, "error")
    assert what is None or warning.what == what
    assert lines(call)[-2:] == GIVEN_UP


def test_the_code_for_an_error_status_can_be_set():
    """The assumption status_error_code replaces 11200 with 11217."""
    call = play("", documents={"/": page("", status=503)}, number={"assumptions": Assumptions(status_error_code=11217)})
    assert warned(call) == [(11217, "the response has the status 503")]


def test_an_error_in_a_document_has_a_location():
    """An error in a document has its URL, line and column."""
    call = play("", documents={"/": "<Response>\n  <Say>A & B</Say>\n</Response>"})
    (warning,) = call.warnings
    assert (warning.code, warning.line, warning.url) == (12100, 2, "https://ivr.example.com/")
    assert warning.column > 0


PLAIN = "the Content-Type of the response is text/plain"
USABLE = [
    pytest.param(
        page(response("<Say>A</Say>"), "application/xml; charset=utf-8"), ["hears A", END], [], id="application/xml"
    ),
    pytest.param(
        page(response("<Say>A</Say>"), "text/html; charset=utf-8"),
        ["hears A", END],
        [],
        id="text/html",
    ),
    pytest.param(
        page(response("<Say>A</Say>"), "text/plain"),
        [f"note: {PLAIN}, so Twilio reads the document aloud if a mistake makes it invalid", "hears A", END],
        ["answer with text/xml"],
        id="text/plain-document",
    ),
    pytest.param(
        page("Call us\n later & again", "text/plain"),
        [f"note: {PLAIN}, so Twilio reads the text aloud and hangs up", "hears Call us later & again", END],
        ["answer with text/xml"],
        id="text/plain",
    ),
    pytest.param(page("ID3", "audio/mpeg"), ["media GET /", "hears https://ivr.example.com/", END], [], id="audio"),
]


@pytest.mark.parametrize(("served", "expected", "hints"), USABLE)
def test_each_content_type_is_played(served, expected, hints):
    """A document is played, a plain text is said, a sound is played, and then the call is over."""
    call = play("", documents={"/": served})
    assert lines(call)[1:] == expected
    assert [each.hint for each in call.notes] == hints


@pytest.mark.parametrize(
    ("twiml", "what"),
    [
        ("<Connect><Stream url='wss://x'/></Connect>", "<Connect> is not simulated yet and is skipped"),
        ("<Pay/>", "<Pay> is not simulated yet and is skipped"),
        ("<Start><Siprec/></Start>", "<Start> is not simulated yet and is skipped"),
    ],
)
def test_a_verb_that_is_not_simulated_is_noted(twiml, what):
    """A verb that is not simulated yet is skipped with a note and no warning, because the document is valid."""
    call = play(twiml + "<Say>After.</Say>")
    assert [(each.what, each.hint) for each in call.notes] == [(what, "try it with a real call")]
    assert call.warnings == []
    assert call.heard == "After."


@pytest.mark.parametrize(("skipped", "heard"), [(True, "One.\nTwo."), (False, "One.")])
def test_an_unknown_verb_is_skipped_or_ends_the_document(skipped, heard):
    """An unknown verb is a warning, and an assumption decides whether it is skipped or ends the document."""
    assumed = Assumptions(skip_unknown_verbs=skipped)
    call = play("<Say>One.</Say><Sing/><Say>Two.</Say>", number={"assumptions": assumed})
    assert call.heard == heard
    assert warned(call) == [(12200, "<Sing> is not an element of TwiML")]


# Fallback and status callback


def test_the_fallback_is_requested_when_the_webhook_fails():
    """The fallback gets ErrorCode and ErrorUrl but no Digits, and its document is played."""
    number = {"fallback_url": "/fallback", "fallback_method": "GET"}
    documents = {"/broken": page("", status=500), "/fallback": response("<Say>Sorry.</Say>")}
    call = play('<Gather numDigits="1" action="/broken?x=1#rc=0"/>', Press("1"), number=number, documents=documents)
    (request,) = requests(call, "fallback")
    assert request.method == "GET"
    own = {name: request.params.get(name) for name in ("ErrorCode", "ErrorUrl", "Digits")}
    assert own == {"ErrorCode": "11200", "ErrorUrl": "https://ivr.example.com/broken?x=1", "Digits": None}
    assert call.heard == "Sorry."


def test_a_fallback_that_fails_ends_the_call():
    """A failing fallback ends the call, because there is no second fallback."""
    documents = {"/": page("", status=500), "/fallback": page("", status=500)}
    call = play("", number={"fallback_url": "/fallback"}, documents=documents)
    assert len(requests(call, "fallback")) == 1
    assert lines(call)[-2:] == GIVEN_UP


def test_a_later_failure_uses_the_fallback_again():
    """The fallback is requested again if another request of the same call fails."""
    documents = {"/": page("", status=500), "/fallback": [response("<Redirect>/</Redirect>"), response("")]}
    call = play("", number={"fallback_url": "/fallback"}, documents=documents)
    assert len(requests(call, "fallback")) == 2
    assert call.ended.reason == "no-more-verbs"


@pytest.mark.parametrize(
    ("twiml", "script", "status", "duration"),
    [
        ("<Pause length='3'/><Pause length='61'/>", [], "completed", "61"),
        ("<Reject/>", [], "no-answer", "0"),
        ("<Reject reason='busy'/>", [], "busy", "0"),
        ("<Gather/>", [HangUp(after=2.5)], "completed", "3"),
    ],
)
def test_the_status_callback_is_sent_at_the_end(twiml, script, status, duration):
    """The status callback of the number is sent once, after all other requests, with the final status and duration."""
    number = {"status_callback": "/status", "status_callback_method": "GET"}
    call = play(twiml, *script, number=number, documents={"/status": ""})
    (request,) = requests(call, "status")
    assert request.method == "GET"
    assert (request.params["CallStatus"], request.params["CallDuration"]) == (status, duration)
    assert (request.params["CallbackSource"], request.params["SequenceNumber"]) == ("call-progress-events", "0")
    assert isinstance(parsedate_to_datetime(request.params["Timestamp"]), datetime)
    assert call.events[-1].name == "ended"
    assert requests(call, "webhook", "action", "status")[-1] is request


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (page("", status=500), [(15003, "the status callback returned the status 500", "warning")]),
        (Failure(11205, "rt", "too slow"), [(11205, "too slow", "warning")]),
        (page("", status=204, content_type=""), []),
    ],
)
def test_a_callback_that_fails_is_a_warning(served, expected):
    """A failing callback is a warning and does not change the call."""
    call = play("", number={"status_callback": "/status"}, documents={"/status": served})
    assert [(each.code, each.what, each.level) for each in call.warnings] == expected
    assert call.ended.reason == "no-more-verbs"


# The end of a call


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 1), (60, 1), (61, 2), (600, 10)])
def test_each_started_minute_is_billed(seconds, minutes):
    """Each started minute after the answer is billed."""
    call = play(f"<Say>A</Say><Pause length='{seconds}'/>", number={"speeds": _no_speech()})
    assert call.ended.billed_minutes == minutes
    assert call.ended.seconds == seconds


def _no_speech():
    from ivrkit.simulator import Speeds

    return Speeds(letters_per_second=1e9)


def test_an_endless_loop_of_documents_is_stopped():
    """The simulator stops a call after 100 documents and says so in a note."""
    call = play("<Redirect/>")
    assert len(requests(call, "webhook", "redirect")) == 100
    assert [(each.what, each.hint) for each in call.notes] == [
        (
            "the call was stopped after 100 documents",
            "look for documents that lead to each other without end, or raise max_documents",
        )
    ]
    assert call.ended.reason == "too-many-documents"


def test_the_maximum_number_of_documents_can_be_set():
    """The parameter max_documents changes the number of documents after which a call is stopped."""
    assert len(requests(play("<Redirect/>", number={"max_documents": 3}), "webhook", "redirect")) == 3


def test_a_call_lasts_four_hours_at_most():
    """Twilio hangs up after four hours, even in the middle of a sound."""
    call = play("<Say>A</Say><Pause length='20000'/>")
    assert (call.ended.reason, call.ended.seconds) == ("time-limit", 4 * 3600)
    assert call.events[-2].cut


def test_patience_ends_a_call_during_a_text():
    """A caller whose patience ends hangs up even in the middle of a text."""
    call = play("<Say>" + "x" * 150 + "</Say><Say>Never.</Say>", patience=4.0)
    assert (call.ended.reason, call.ended.seconds) == ("caller-hung-up", 4.0)
    (said,) = [each for each in call.events if each.name == "said"]
    assert (said.seconds, said.cut) == (4.0, True)


LATER = "<Gather timeout='5'/><Say>Still there?</Say><Dial timeout='10'>+15550100</Dial><Enqueue>a</Enqueue>"


@pytest.mark.parametrize(
    ("after", "heard", "result"),
    [(3, "", None), (5.5, "Still there?", None), (10, "Still there?", "canceled"), (200, "Still there?", "no-answer")],
)
def test_a_caller_with_a_set_hangup_stays_silent_until_then(after, heard, result):
    """After HangUp(after=...), the caller is silent, waiting verbs time out, and the call goes on until that time."""
    call = play(LATER, HangUp(after=after))
    assert (call.ended.reason, call.ended.at) == ("caller-hung-up", after)
    assert call.heard == heard
    assert (
        next((each.result for each in call.events if each.name == "dialled" and each.result != "ringing"), None)
        == result
    )
    (hung_up,) = [each for each in call.events if each.name == "acted"]
    assert (hung_up.did, hung_up.at) == ("hangs up", after)


def test_the_time_limit_ends_a_talk_before_a_later_hangup():
    """A timeLimit ends a talk before the callee's later hang-up."""
    twiml = '<Dial timeLimit="60">+15550100</Dial>'
    call = play(twiml, PickUp(after=0), HangUp(after=100, who="callee"))
    assert call.ended.at == 60


def test_a_hangup_before_the_answer_is_not_billed():
    """A call whose caller hangs up before the answer is canceled and not billed."""
    call = play("<Pause length='20'/>", patience=4.0)
    assert (call.ended.status, call.ended.billed_minutes) == ("canceled", 0)


# Actions


def test_a_call_is_played_until_somebody_has_to_act():
    """A call is played until somebody has to act, and then waits."""
    call = play("<Say>Hello.</Say><Gather numDigits='1' action='/next'/>")
    assert (call.waiting.verb, call.waiting.activity, call.waiting.who) == ("Gather", "gather", "caller")
    assert call.ended is None
    assert repr(call) == f"<SimulatedCall {call.sid} waits in <Gather>>"
    assert call.press("1") is call
    assert call.waiting is None
    assert repr(call) == f"<SimulatedCall {call.sid} ended: no-more-verbs>"


def test_actions_after_the_end_of_a_call_are_skipped():
    """The actions of a script that follow the end of the call are not done."""
    call = play("<Gather numDigits='1' action='/next'/>", Press("1"), Press("2"))
    assert call.actions == [Press("1")]


def test_each_method_of_a_party_does_its_action():
    """The methods of the caller, the callee and the agent do the actions of the same meaning."""
    call = play("<Gather input='dtmf speech' action='/next'/>")
    call.says("yes", confidence=0.5, after=1.0)
    assert call.actions == [Speak("yes", 0.5, 1.0)]
    twiml = "<Dial><Number>+15550100</Number><Number>+15550101</Number></Dial><Enqueue>a</Enqueue><Record/>"
    call = play(twiml)
    call.callee_at("+15550101").is_busy()
    call.callee_at("+15550100").answers(after=1.0)
    call.callee.says("hello")
    call.callee.stays_silent(5)
    call.callee.press("1")
    call.callee.hangs_up(after=2)
    call.agent.answers()
    call.agent.hangs_up()
    call.stays_silent(2).press("1", every=0.1).hangs_up()
    assert call.actions == [
        Refuse("busy", "+15550101"),
        PickUp("+15550100", 1.0),
        Speak("hello", who="callee"),
        Silence(5, who="callee"),
        Press("1", who="callee"),
        HangUp(2, "callee"),
        PickUp(who="agent"),
        HangUp(who="agent"),
        Silence(2),
        Press("1", every=0.1),
        HangUp(),
    ]


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("is_busy", "busy"),
        ("does_not_answer", "no-answer"),
        ("cannot_be_reached", "failed"),
        ("is_canceled", "canceled"),
    ],
)
def test_each_unanswered_status_has_a_method(name, result):
    """The callee has a method for each DialCallStatus of an unanswered phone."""
    call = play("<Dial>+15550100</Dial>")
    getattr(call.callee, name)()
    assert call.actions == [Refuse(result)]


IMPOSSIBLE = [
    pytest.param(
        "<Gather/>",
        Refuse("busy"),
        "callee is busy, but no phone is ringing; the call waits in <Gather> (gather)",
        id="nothing-rings",
    ),
    pytest.param(
        "<Gather/>",
        PickUp(),
        "callee picks up, but no phone is ringing; the call waits in <Gather> (gather)",
        id="nothing-to-pick-up",
    ),
    pytest.param(
        "<Gather/>",
        PickUp(who="agent"),
        "agent picks up, but no caller waits in a queue; the call waits in <Gather> (gather)",
        id="no-queue",
    ),
    pytest.param(
        "<Gather/>",
        HangUp(who="callee"),
        "callee hangs up, but there is no callee; the call waits in <Gather> (gather)",
        id="no-callee",
    ),
    pytest.param(
        "<Dial>+15550100</Dial>",
        HangUp(who="callee"),
        "callee hangs up, but the callee has not picked up; the call waits in <Dial> (ring)",
        id="rings",
    ),
    pytest.param(
        "<Dial>+15550100</Dial>",
        Refuse("busy", "+1"),
        "callee is busy, but +1 is not ringing, only +15550100; the call waits in <Dial> (ring)",
        id="another-number",
    ),
    pytest.param(
        "<Dial>+15550100</Dial>",
        HangUp(who="agent"),
        "agent hangs up, but there is no agent; the call waits in <Dial> (ring)",
        id="no-agent",
    ),
    pytest.param(
        "<Enqueue>a</Enqueue>",
        HangUp(who="agent"),
        "agent hangs up, but no agent has taken the caller from the queue; the call waits in <Enqueue> (queue)",
        id="not-taken",
    ),
]


@pytest.mark.parametrize(("twiml", "action", "message"), IMPOSSIBLE)
def test_an_impossible_action_is_refused(twiml, action, message):
    """The error for an impossible action names the waiting verb and shows the transcript; the call still waits."""
    call = play(twiml)
    with pytest.raises(SimulatorError) as refused:
        call.do(action)
    assert refused.value.message == message
    assert refused.value.hint == "\n" + call.transcript()
    assert call.waiting is not None


def test_nothing_can_be_done_after_the_end():
    """An action after the end of a call is an error that shows the transcript."""
    call = play("")
    with pytest.raises(SimulatorError) as refused:
        call.press("1")
    assert str(refused.value) == "caller presses 1, but the call is over\n  hint: \n" + call.transcript()


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (
            lambda: Press("a"),
            "Press: keys must be one or more of 0-9, * and #, not 'a'",
            "give the keys as one string, such as '12#'",
        ),
        (
            lambda: Press(""),
            "Press: keys must be one or more of 0-9, * and #, not ''",
            "give the keys as one string, such as '12#'",
        ),
        (
            lambda: Refuse("x"),
            "Refuse: result must be busy, no-answer, failed or canceled, not 'x'",
            "use a DialCallStatus of Twilio for a phone that is not picked up",
        ),
        (
            lambda: Queue("a", failure="x"),
            "Queue: failure must be error or system-error, not 'x'",
            "use a QueueResult of Twilio for a queue that fails",
        ),
        (lambda: HangUp(-1), "HangUp: after must be at least 0 seconds, not -1", "give a number of seconds from now"),
        (
            lambda: Silence(-1),
            "Silence: seconds must be at least 0 seconds, not -1",
            "give a number of seconds from now",
        ),
        (
            lambda: PickUp(after=-1),
            "PickUp: after must be at least 0 seconds, not -1",
            "give a number of seconds from now",
        ),
        (
            lambda: Refuse("busy", after=-1),
            "Refuse: after must be at least 0 seconds, not -1",
            "give a number of seconds from now",
        ),
        (
            lambda: Press("1", after=-1),
            "Press: after must be at least 0 seconds, not -1",
            "give a number of seconds from now",
        ),
        (
            lambda: Press("1", every=-1),
            "Press: every must be at least 0 seconds, not -1",
            "give a number of seconds from now",
        ),
        (
            lambda: Speak("a", after=float("nan")),
            "Speak: after must be at least 0 seconds, not nan",
            "give a number of seconds from now",
        ),
        (
            lambda: Speak("a", confidence=2),
            "Speak: confidence must be from 0.0 to 1.0, not 2",
            "give a number from 0.0 to 1.0, or None to send no confidence",
        ),
    ],
)
def test_invalid_values_are_refused_when_an_action_is_made(make, message, hint):
    """An action or queue with an invalid value raises an error that names the valid values."""
    with pytest.raises(SimulatorError) as refused:
        make()
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_heard_contains_only_texts_for_the_caller():
    """The attributes heard and heard_last contain the texts for the caller, in total and since the last action."""
    documents = {"/screen": response("<Say>Psst.</Say>")}
    twiml = "<Gather numDigits='1' action='/two'><Say>One.</Say></Gather>"
    documents["/two"] = response(
        '<Say>Two.</Say><Dial><Number url="/screen">+15550100</Number></Dial><Say>Three.</Say>'
    )
    call = play(twiml, documents=documents)
    assert (call.heard, call.heard_last) == ("One.", "One.")
    call.press("1")
    assert (call.heard, call.heard_last) == ("One.\nTwo.", "Two.")
    call.callee.answers()
    call.callee.hangs_up()
    assert (call.heard, call.heard_last) == ("One.\nTwo.\nThree.", "Three.")
    assert call.seconds == call.ended.at


def test_state_and_path_come_from_the_headers_of_a_host():
    """State, path and owner come from the headers of an ivrkit host in dev mode, and are empty for other hosts."""
    responses = [
        Response(
            headers=(
                ("Content-Type", "text/xml"),
                ("ivrkit-state", path[-4:]),
                ("ivrkit-path", path),
                ("ivrkit-owner", "x 1"),
            ),
            body=body.encode(),
        )
        for path, body in [("hi, menu", response("<Gather numDigits='1'/>")), ("info, menu", response("<Gather/>"))]
    ]
    call = play("", Press("1"), documents={"/": responses})
    assert (call.state, call.path) == ("menu", ["hi", "menu", "info", "menu"])
    assert [each.owner for each in call.responses] == ["x 1", "x 1"]
    assert (play("").state, play("").path) == ("", [])


@pytest.mark.parametrize(
    ("twiml", "expected"),
    [
        ('<Enqueue action="/next">a</Enqueue>', ["action POST /next QueueResult=redirected"]),
        ('<Dial action="/next">+15550100</Dial>', ["action POST /next QueueResult=redirected"]),
        ("<Enqueue>a</Enqueue>", []),
        ('<Gather action="/next"/>', ["action POST /next QueueResult=redirected"]),
    ],
)
def test_a_verb_can_be_ended_from_outside_of_the_call(twiml, expected):
    """A waiting verb that is ended from outside sends its action with the given parameters."""
    call = play(twiml).verb_ends_with(QueueResult="redirected")
    assert [line for line in lines(call) if line.startswith("action")] == expected
    assert call.ended.reason == "no-more-verbs"


# Events and transcript

ALL = (
    "<Say voice='man' loop='2'>Hi.</Say><Play>/a.mp3</Play><Play digits='1' loop='2'/><Pause/><Bad/><Pay/>"
    "<Gather numDigits='1' action='/more'/>"
)
MORE = response(
    '<Dial record="record-from-answer"><Number url="/screen">+15550100</Number></Dial><Enqueue>support</Enqueue>'
    "<Record/>"
)


@pytest.fixture
def everything():
    """A call with every type of event."""
    served = {
        "/more": MORE,
        "/screen": response("<Say>Psst.</Say><Play digits='2'/><Pause/>"),
        "/a.mp3": page("ID3", "audio/mpeg"),
    }
    call = play(ALL, Press("1"), documents={**served, "/": [response(ALL), *[response("")] * 9]})
    call.callee.answers()
    call.callee.hangs_up(5)
    call.agent.answers()
    call.agent.hangs_up(5)
    return call.says("Hello.").hangs_up()


def test_every_event_is_data(everything):
    """The data of every event is valid JSON and can be read back."""
    assert {each.name for each in everything.events} == set(EVENTS)
    for event in everything.events:
        values = json.loads(json.dumps(event.as_dict()))
        assert values["name"] == event.name
        assert event_from(values) == event


def test_the_clock_never_goes_back(everything):
    """No event is earlier than the event before it."""
    times = [each.at for each in everything.events]
    assert times == sorted(times)


def test_an_unknown_event_name_is_refused():
    """Reading data with an unknown event name raises KeyError."""
    with pytest.raises(KeyError):
        event_from({"name": "sneezed", "at": 0.0})


def test_the_transcript(everything):
    """A transcript has one line per event with the call's clock."""
    assert everything.transcript().splitlines() == TRANSCRIPT


def test_the_transcript_with_documents():
    """A transcript with documents shows the TwiML below its response."""
    call = play("\n<Hangup/>")
    assert call.transcript(twiml=True).splitlines() == [
        "    0.0  +14155550100 calls +15005550006",
        "    0.0  -> POST https://ivr.example.com/ (webhook)",
        "    0.0  <- 200",
        "           <Response>",
        "           <Hangup/></Response>",
        "    0.0  answered",
        "    0.0  ended: the tree hung up (completed, 0 s, 1 minute)",
    ]


TRANSCRIPT = [
    "    0.0  +14155550100 calls +15005550006",
    "    0.0  -> POST https://ivr.example.com/ (webhook)",
    "    0.0  <- 200",
    "    0.0  warning 12200, the document does not match Twilio's schema: <Bad> is not an element of TwiML at https://ivr.example.com/, line 1, column 100 (check the verb or attribute on Twilio's page)",
    "    0.0  answered",
    '    0.0  says 2 times "Hi."',
    "    0.4  -> GET https://ivr.example.com/a.mp3 (media)",
    "    0.4  <- 200",
    "    0.4  plays https://ivr.example.com/a.mp3",
    "   10.4  plays 2 times keys 1",
    "   10.8  pauses 1 s",
    "   11.8  note: <Pay> is not simulated yet and is skipped at https://ivr.example.com/, line 1, column 106 (try it with a real call)",
    "   11.8  caller presses 1",
    "   12.3  -> POST https://ivr.example.com/more (action)",
    "   12.3  <- 200",
    "   12.3  +15550100: ringing",
    "   12.3  callee picks up",
    "   15.3  +15550100: answered",
    "   15.3  -> POST https://ivr.example.com/screen (screening)",
    "   15.3  <- 200",
    '   15.3  says (callee) "Psst."',
    "   15.6  plays (callee) keys 2",
    "   15.8  warning 12200, the document does not match Twilio's schema: <Pause> can't be played to the callee and is skipped at https://ivr.example.com/screen, line 1, column 45 (check the verb or attribute on Twilio's page)",
    "   15.8  callee hangs up",
    "   20.8  +15550100: completed",
    "   20.8  recorded 6 s",
    "   20.8  queue support: joined",
    "   20.8  agent picks up",
    "   23.8  queue support: taken",
    "   23.8  agent hangs up",
    "   28.8  queue support: bridged",
    "   28.8  plays beep",
    '   29.3  caller says "Hello."',
    "   29.7  caller hangs up",
    '   29.7  recorded 1 s "Hello."',
    "   29.7  -> POST https://ivr.example.com/more (action)",
    "   29.7  <- 200",
    "   29.7  ended: the caller hung up (completed, 30 s, 1 minute)",
]


def test_every_event_and_action_has_a_description():
    """Every event class and every action has a text for the transcript."""
    from ivrkit.simulator.transcript import _DESCRIPTIONS

    assert set(_DESCRIPTIONS) == set(EVENTS.values())
    assert all(issubclass(each, Event) for each in EVENTS.values())
    actions = [Press("1"), Speak("a"), Silence(), Silence(2.5), HangUp(), PickUp(), Refuse("busy"), Refuse("canceled")]
    actions.append(EndVerb({"QueueResult": "redirected", "QueueTime": "3"}))
    assert {type(each) for each in actions} == set(Action.__args__)
    assert [str(each) for each in actions] == [
        "presses 1",
        'says "a"',
        "stays silent",
        "stays silent for 2.5 s",
        "hangs up",
        "picks up",
        "is busy",
        "stops ringing",
        "ends the verb with QueueResult=redirected QueueTime=3",
    ]
    assert [str(Refuse(each)) for each in ("no-answer", "failed")] == ["does not answer", "can't be reached"]
