"""Problems of a phone tree that no single document shows."""

import pytest
from benchmarks.plain import create_plain_app
from flask import Flask, request
from flask import Response as FlaskResponse
from tests.simulator.cases import response
from twilio.request_validator import RequestValidator

from ivrkit.simulator import PickUp, Press, Response, Silence, Simulator, SimulatorError, examine, explore
from ivrkit.simulator.problems import problems_of

OVER = "remember that the call is over, and answer with an empty <Response>"


def grades(problems):
    """Return grade and name of each problem."""
    return [(each.grade, each.name) for each in problems]


def test_the_problems_of_a_plain_flask_app_are_found():
    """The plain Flask app of the benchmarks has three problems of such apps, and all are found, worst grade first."""
    examination = examine(Simulator.for_app(create_plain_app("12345"), token="12345"))
    assert [(each.grade, each.name, each.message, each.hint) for each in examination.problems] == [
        (
            "wrong",
            "endless-silence",
            "after 100 documents and 35 minutes, a caller who says nothing is still on the line",
            "count the silences of a call, and hang up after a few",
        ),
        (
            "risky",
            "status-callback-after-end",
            "the status callback, if it is sent to the webhook, continues the call with a <Gather>",
            OVER,
        ),
        (
            "only on retry",
            "repeated-request-after-end",
            "a request that is repeated after the end continues the call with a <Gather>",
            OVER,
        ),
    ]
    assert (examination.not_played, examination.complete) == ([], True)


@pytest.mark.acme
def test_the_acme_tree_has_no_problems(make_phone):
    """The phone tree of acme-states has no problems."""
    phone = make_phone(plugins=["acme-states"])
    examination = examine(phone.simulator, position=phone.position)
    assert (examination.problems, examination.not_played) == ([], [])
    assert (examination.calls, examination.complete) == (500, False)


GATHER = "<Gather numDigits='1' actionOnEmptyResult='true'/>"
DIAL = "<Dial><Number>+15550100</Number></Dial>"
TREES = [
    pytest.param({"/": response("<Say>Bye.</Say>")}, [], id="nothing-wrong"),
    pytest.param(
        {"/": lambda request: response("" if "Digits" in request.params else GATHER)}, [], id="silence-that-ends"
    ),
    pytest.param(
        {"/": lambda request: response("<Hangup/>" if request.params.get("Digits") else GATHER)},
        [("wrong", "endless-silence")],
        id="silence-without-end",
    ),
    pytest.param(
        {"/": response("<Dial action='/'><Number>+15550100</Number></Dial>")},
        [("wrong", "endless-silence")],
        id="dials-for-ever",
    ),
    pytest.param({"/": response("<Pause length='20000'/>")}, [("wrong", "endless-silence")], id="too-long"),
    pytest.param(
        {"/": response("<Enqueue action='/'>a</Enqueue>")}, [("wrong", "endless-silence")], id="queues-for-ever"
    ),
    pytest.param({"/": response("<Record action='/bye'/>"), "/bye": response("")}, [], id="a-message"),
    pytest.param({"/": response("<Sing/>")}, [("wrong", "12200")], id="a-lint-warning"),
    pytest.param(
        {"/": response("<Gather action='/bye'/>"), "/bye": response("")},
        [("risky", "silent-caller-dropped")],
        id="a-silent-caller",
    ),
    pytest.param(
        {"/": response("<Gather action='/bye'/><Say>Goodbye.</Say>"), "/bye": response("")}, [], id="a-goodbye"
    ),
    pytest.param({"/": response(DIAL)}, [("risky", "unanswered-caller-dropped")], id="an-unanswered-dial"),
    pytest.param({"/": response(f"{DIAL}<Say>Sorry.</Say>")}, [], id="an-apology"),
    pytest.param({"/": response(f"{DIAL}<Hangup/>")}, [], id="a-hangup-on-purpose"),
    pytest.param(
        {"/": response("<Record transcribeCallback='/text' action='/bye'/>"), "/bye": response("")},
        [("wrong", "transcribe-callback")],
        id="a-transcription-that-never-comes",
    ),
    pytest.param(
        {"/": Response(200, (("Content-Type", "text/plain"),), b"Welcome.")},
        [("risky", "content-type")],
        id="plain-text",
    ),
    pytest.param(
        {
            "/": response("<Gather action='/a' numDigits='1'/><Say>Bye.</Say>"),
            "/a": Response(200, (("Content-Type", "text/plain"),), b"<Response/>"),
        },
        [("risky", "content-type")],
        id="plain-text-later",
    ),
    pytest.param(
        {"/": Response(200, (("Content-Type", "text/html"),), b"<Response/>")}, [], id="html-is-on-the-list-of-twilio"
    ),
]


@pytest.mark.parametrize(("documents", "expected"), TREES)
def test_each_problem_is_found_by_name(documents, expected):
    """Each problem of a document table is found with its grade; problems after the end have their own test."""
    after = ("repeated-request-after-end", "status-callback-after-end")
    problems = examine(Simulator.for_documents(documents)).problems
    assert [each for each in grades(problems) if each[1] not in after] == expected


def test_a_problem_has_the_actions_that_lead_to_it():
    """A problem has the shortest list of actions that leads to it from the start of a call."""
    documents = {"/": lambda request: response("<Sing/>" if request.params.get("Digits") == "2" else GATHER)}
    problems = {each.name: each for each in examine(Simulator.for_documents(documents)).problems}
    assert problems["12200"].actions == (Press("2"),)
    assert problems["12200"].message.startswith(
        "warning 12200, the document does not match Twilio's schema: <Sing> is not an element of TwiML"
    )
    assert problems["endless-silence"].actions == (Silence(),) * 12


def test_the_message_about_a_dropped_caller_names_the_verb():
    """The message about a dropped caller has the document and the line of the verb, and the hint has both ways out."""
    documents = {"/": response("<Say>One?</Say>\n<Gather action='/dial'/>"), "/dial": response(DIAL)}
    problems = {each.name: each for each in examine(Simulator.for_documents(documents)).problems}
    silent, unanswered = problems["silent-caller-dropped"], problems["unanswered-caller-dropped"]
    assert silent.message == (
        "a caller who says nothing is dropped without a word after the <Gather> at https://ivr.example.com/, line 2"
    )
    assert silent.hint == 'set actionOnEmptyResult="true", or put verbs after the <Gather>'
    assert unanswered.message == (
        "if no phone is picked up, the caller is dropped without a word after the <Dial> at "
        "https://ivr.example.com/dial, line 1"
    )
    assert unanswered.hint == "set an action, or put verbs after the <Dial>"


@pytest.mark.parametrize(
    ("twiml", "script"),
    [
        pytest.param("<Enqueue waitUrl='/wait'>a</Enqueue>", [], id="in-a-queue"),
        pytest.param("<Dial action='/bye'><Number url='/wait'>+15550100</Number></Dial>", [], id="the-callee"),
        pytest.param("<Dial timeLimit='5'>+15550100</Dial>", [PickUp(), Silence()], id="after-a-talk"),
    ],
)
def test_a_caller_who_is_not_dropped(twiml, script):
    """A Gather in a queue or for a callee, and a Dial after a talk, drop no silent caller."""
    documents = {"/": response(twiml), "/wait": response("<Gather/>"), "/bye": response("")}
    simulator = Simulator.for_documents(documents)
    names = [name for _, name in grades(explore(simulator.call, depth=3).problems)]
    assert "silent-caller-dropped" not in names
    call = simulator.call(script)
    assert "unanswered-caller-dropped" not in [each.name for _, each in problems_of(call)]


def test_a_problem_on_many_pages_is_reported_once():
    """A mistake that each page repeats, with another URL or number in it, is one problem."""

    def serve(request):
        page = request.url.rpartition("/")[2]
        return response(f"<Sing/><Dial>no number {page or 0:0>9}</Dial><Gather action='/{page}1' numDigits='1'/>")

    pages = {f"/{'1' * length}": serve for length in range(7)}
    problems = examine(Simulator.for_documents(pages), depth=4).problems
    assert [each.name for each in problems if each.name.isdigit()] == ["12200", "13223"]


def test_the_questions_behind_the_second_are_asked():
    """By default, five questions are asked one after the other, so a mistake behind the fourth is found."""

    def serve(request):
        count = request.url.count("q")
        return response(
            "<Sing/>" if count == 4 else f"<Gather numDigits='1' action='/{'q' * (count + 1)}'/><Say>B</Say>"
        )

    documents = {f"/{'q' * count}": serve for count in range(5)}
    examination = examine(Simulator.for_documents(documents))
    (mistake,) = [each for each in examination.problems if each.name == "12200"]
    assert mistake.actions == (Press("1"),) * 4
    assert examination.complete
    limited = examine(Simulator.for_documents(documents), max_calls=10)
    assert (limited.calls, limited.complete) == (10, False)
    assert [each for each in limited.problems if each.name == "12200"] == []


def test_elements_that_are_not_played_are_named():
    """The result names each verb and noun that the simulator skipped, once."""
    connect = "<Connect><Room>a</Room></Connect>"
    documents = {
        "/": response("<Gather numDigits='1' action='/next'/><Say>Bye.</Say>"),
        "/next": response(f"{connect}<Dial><Client>a</Client></Dial>{connect}"),
    }
    simulator = Simulator.for_documents(documents)
    expected = ["<Connect>", "<Client> in <Dial>"]
    assert examine(simulator).not_played == explore(simulator.call, depth=1).not_played == expected


def plain_app(verify):
    """Return a Flask app with two URLs that answers the requests for which ``verify`` returns true."""
    app = Flask("plain")

    def serve():
        if not verify(request):
            return "refused", 403
        twiml = "<Hangup/>" if request.values.get("Digits") else "<Gather action='/key' numDigits='1'/><Say>Bye.</Say>"
        return FlaskResponse(response(twiml), content_type="text/xml")

    for path in ("/webhook", "/key"):
        app.add_url_rule(path, path, serve, methods=["GET", "POST"])
    return app


def is_signed(request):
    """Return whether a request has the signature of the token 12345."""
    url = request.url
    params = {} if request.method == "GET" else request.form
    return RequestValidator("12345").validate(url, params, request.headers.get("X-Twilio-Signature", ""))


UNSIGNED = [
    pytest.param(is_signed, [], id="verified"),
    pytest.param(
        lambda request: True,
        [
            "a request without a signature is answered: {0} /webhook, POST /key",
            "a request with a forged signature is answered: {0} /webhook, POST /key",
        ],
        id="open",
    ),
    pytest.param(
        lambda request: "X-Twilio-Signature" in request.headers,
        ["a request with a forged signature is answered: {0} /webhook, POST /key"],
        id="the-header-only",
    ),
    pytest.param(
        lambda request: request.path == "/key" or is_signed(request),
        [
            "a request without a signature is answered: POST /key",
            "a request with a forged signature is answered: POST /key",
        ],
        id="one-url",
    ),
]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("verify", "messages"), UNSIGNED)
def test_unsigned_requests_must_be_refused(verify, messages, method):
    """An app that answers requests without a signature, or with a forged one, has a problem for its URLs."""
    simulator = Simulator.for_app(plain_app(verify), token="12345", method=method)
    problems = [each for each in examine(simulator, depth=1).problems if each.name == "unsigned-request"]
    assert [each.message for each in problems] == [each.format(method) for each in messages]
    assert {(each.grade, each.hint) for each in problems} <= {
        ("risky", "verify the header X-Twilio-Signature, and answer with the status 403 if it is missing or wrong")
    }


def test_an_app_that_can_not_be_reached_answers_no_unsigned_request():
    """An app whose connection fails has the problem of the connection, and no unsigned requests."""
    simulator = Simulator.for_url("http://127.0.0.1:9/webhook", token="12345")
    assert grades(examine(simulator).problems)[0] == ("wrong", "11205")
    assert "unsigned-request" not in [each.name for each in examine(simulator).problems]


def late(served):
    """Return a tree that ends a call after a key or a hang-up, and then gives this response."""
    over = set()

    def serve(request):
        sid = request.params["CallSid"]
        if sid in over or request.params["CallStatus"] == "completed":
            return served
        if "Digits" not in request.params:
            return response(GATHER)
        over.add(sid)
        return response("<Hangup/>")

    return Simulator.for_documents({"/": serve})


@pytest.mark.parametrize(
    ("served", "repeated", "callback"),
    [
        (response(""), None, None),
        (response("<Say>Goodbye.</Say><Hangup/>"), None, None),
        (Response(204, ()), "fails", None),
        (Response(500), "fails", "fails"),
        (
            response("<Redirect>/</Redirect>"),
            "continues the call with a <Redirect>",
            "continues the call with a <Redirect>",
        ),
    ],
)
def test_requests_after_the_end_must_not_continue_the_call(served, repeated, callback):
    """A repeated request or a status callback that continues the call or fails is a problem."""
    found = {each.name: each.message for each in examine(late(served), depth=1).problems}
    messages = "a request that is repeated after the end {}", "the status callback, if it is sent to the webhook, {}"
    assert found.get("repeated-request-after-end") == (repeated and messages[0].format(repeated))
    assert found.get("status-callback-after-end") == (callback and messages[1].format(callback))


def test_the_last_request_of_a_waiting_call_can_not_be_repeated():
    """Repeating the last request of a call that is not over raises an error."""
    call = Simulator.for_documents({"/": response(GATHER)}).call()
    with pytest.raises(SimulatorError) as refused:
        call.repeat_last_request()
    assert (refused.value.message, refused.value.hint) == ("the call is not over", "end the call first")
