"""Problems of a phone tree that no single document shows."""

import pytest
from benchmarks.plain import create_plain_app
from tests.simulator.cases import response

from ivrkit.simulator import Press, Response, Silence, Simulator, SimulatorError, examine

LUCK = "the Content-Type of the response is text/html, which Twilio accepts only by chance"


def test_the_problems_of_a_plain_flask_app_are_found():
    """The plain Flask app of the benchmarks has the four problems of such apps, and all are found."""
    problems = examine(Simulator.for_app(create_plain_app("12345"), token="12345"))
    assert [(each.name, each.message, each.hint) for each in problems] == [
        ("content-type", LUCK, "answer with text/xml"),
        (
            "endless-silence",
            "after 100 documents and 35 minutes, a caller who says nothing is still on the line",
            "count the silences of a call, and hang up after a few",
        ),
        (
            "repeated-request-after-end",
            "a request that is repeated after the end continues the call with a <Gather>",
            "remember that the call is over, and answer with an empty <Response>",
        ),
        (
            "status-callback-after-end",
            "the status callback, if it is sent to the webhook, continues the call with a <Gather>",
            "remember that the call is over, and answer with an empty <Response>",
        ),
    ]


@pytest.mark.acme
def test_the_acme_tree_has_no_problems(make_phone):
    """The phone tree of acme-states has no problems."""
    assert examine(make_phone(plugins=["acme-states"]).simulator) == []


GATHER = "<Gather numDigits='1' actionOnEmptyResult='true'/>"
TREES = [
    pytest.param({"/": response("<Say>Bye.</Say>")}, [], id="nothing-wrong"),
    pytest.param(
        {"/": lambda request: response("" if "Digits" in request.params else GATHER)}, [], id="silence-that-ends"
    ),
    pytest.param(
        {"/": lambda request: response("<Hangup/>" if request.params.get("Digits") else GATHER)},
        ["endless-silence"],
        id="silence-without-end",
    ),
    pytest.param(
        {"/": response("<Dial action='/'><Number>+15550100</Number></Dial>")}, ["endless-silence"], id="dials-for-ever"
    ),
    pytest.param({"/": response("<Pause length='20000'/>")}, ["endless-silence"], id="too-long"),
    pytest.param({"/": response("<Enqueue action='/'>a</Enqueue>")}, ["endless-silence"], id="queues-for-ever"),
    pytest.param({"/": response("<Record action='/bye'/>"), "/bye": response("")}, [], id="a-message"),
    pytest.param({"/": response("<Sing/>")}, ["12200"], id="a-lint-warning"),
]


@pytest.mark.parametrize(("documents", "names"), TREES)
def test_each_problem_is_found_by_name(documents, names):
    """Each problem of a document table is found by its name; problems after the end have their own test."""
    after = ("repeated-request-after-end", "status-callback-after-end")
    problems = examine(Simulator.for_documents(documents))
    assert [each.name for each in problems if each.name not in after] == names


def test_a_problem_has_the_actions_that_lead_to_it():
    """A problem has the shortest list of actions that leads to it from the start of a call."""
    documents = {"/": lambda request: response("<Sing/>" if request.params.get("Digits") == "2" else GATHER)}
    problems = {each.name: each for each in examine(Simulator.for_documents(documents))}
    assert problems["12200"].actions == (Press("2"),)
    assert problems["12200"].message.startswith(
        "warning 12200, the document does not match Twilio's schema: <Sing> is not an element of TwiML"
    )
    assert problems["endless-silence"].actions == (Silence(),) * 12


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
    found = {each.name: each.message for each in examine(late(served), depth=1)}
    messages = "a request that is repeated after the end {}", "the status callback, if it is sent to the webhook, {}"
    assert found.get("repeated-request-after-end") == (repeated and messages[0].format(repeated))
    assert found.get("status-callback-after-end") == (callback and messages[1].format(callback))


def test_the_last_request_of_a_waiting_call_can_not_be_repeated():
    """Repeating the last request of a call that is not over raises an error."""
    call = Simulator.for_documents({"/": response(GATHER)}).call()
    with pytest.raises(SimulatorError) as refused:
        call.repeat_last_request()
    assert (refused.value.message, refused.value.hint) == ("the call is not over", "end the call first")
