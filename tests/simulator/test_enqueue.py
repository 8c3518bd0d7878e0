"""Enqueue and Leave: https://www.twilio.com/docs/voice/twiml/enqueue."""

import pytest
from tests.simulator.cases import play, requests, response, trace, warned

from ivrkit.simulator import Assumptions, Failure, HangUp, PickUp, Press, Queue, Silence, Simulator, Speak

ENDS = ["hears Next.", "ended no-more-verbs completed"]
FALLS = ["hears After.", "ended no-more-verbs completed"]
JOINED = "queue support joined"
TAKEN = PickUp(who="agent", after=3)
DONE = HangUp(who="agent", after=20)
ASKED = "action POST /next QueueResult={} QueueSid QueueTime={}"
WAITED = "QueuePosition=1 QueueSid AvgQueueTime=30 CurrentQueueSize=1 MaxQueueSize={} QueueTime={}"


def enqueue(attributes="", name="support", after="<Say>After.</Say>"):
    """Return an Enqueue whose action is the next document."""
    return f'<Enqueue action="/next" {attributes}>{name}</Enqueue>{after}'


CASES = [
    pytest.param(
        enqueue(),
        [TAKEN, DONE],
        [JOINED, "queue support taken", "queue support bridged", ASKED.format("bridged", 23), *ENDS],
        id="Enqueue.action",
    ),
    pytest.param(
        enqueue('method="GET"'),
        [TAKEN, DONE],
        [
            JOINED,
            "queue support taken",
            "queue support bridged",
            ASKED.format("bridged", 23).replace("POST", "GET"),
            *ENDS,
        ],
        id="Enqueue.method",
    ),
    pytest.param(
        enqueue(),
        [Silence(), Silence(15), TAKEN, DONE],
        [
            *(JOINED, "hears hold music", "hears hold music"),
            *("queue support taken", "queue support bridged", ASKED.format("bridged", 98), *ENDS),
        ],
        id="Enqueue.waitUrl-default",
    ),
    pytest.param(
        enqueue('waitUrl=""'),
        [Silence(15), TAKEN, DONE],
        [JOINED, "queue support taken", "queue support bridged", ASKED.format("bridged", 38), *ENDS],
        id="Enqueue.waitUrl-empty",
    ),
    pytest.param(
        enqueue('waitUrl="/wait"'),
        [Silence(), TAKEN, DONE],
        [
            JOINED,
            f"wait POST /wait {WAITED.format(1000, 0)}",
            "hears Wait.",
            f"wait POST /wait {WAITED.format(1000, 1)}",
            "hears Wait.",
            *("queue support taken", "queue support bridged", ASKED.format("bridged", 24), *ENDS),
        ],
        id="Enqueue.waitUrl-rounds",
    ),
    pytest.param(
        enqueue('waitUrl="/wait" waitUrlMethod="GET" maxQueueSize="50"'),
        [TAKEN, DONE],
        [
            JOINED,
            f"wait GET /wait {WAITED.format(50, 0)}",
            "hears Wait.",
            *("queue support taken", "queue support bridged", ASKED.format("bridged", 24), *ENDS),
        ],
        id="Enqueue.waitUrlMethod",
    ),
    pytest.param(
        enqueue('waitUrl="/leave"'),
        [],
        [
            JOINED,
            f"wait POST /leave {WAITED.format(1000, 0)}",
            "hears Bye.",
            "queue support leave",
            ASKED.format("leave", 1),
            *ENDS,
        ],
        id="Leave",
    ),
    pytest.param(
        '<Enqueue waitUrl="/leave">support</Enqueue><Say>After.</Say>',
        [],
        [JOINED, f"wait POST /leave {WAITED.format(1000, 0)}", "hears Bye.", "queue support leave", *FALLS],
        id="Leave-goes-on-with-the-next-verb",
    ),
    pytest.param(
        enqueue('waitUrl="/hangup"'),
        [],
        [JOINED, f"wait POST /hangup {WAITED.format(1000, 0)}", "ended hangup completed"],
        id="Enqueue.waitUrl-Hangup",
    ),
    pytest.param(
        enqueue('waitUrl="/ring"'),
        [TAKEN, DONE],
        [
            JOINED,
            f"wait POST /ring {WAITED.format(1000, 0)}",
            f"redirect POST /wait {WAITED.format(1000, 0)}",
            "hears Wait.",
            *("queue support taken", "queue support bridged", ASKED.format("bridged", 24), *ENDS),
        ],
        id="Enqueue.waitUrl-Redirect",
    ),
    pytest.param(
        enqueue('waitUrl="/ask"'),
        [Press("1")],
        [
            JOINED,
            f"wait POST /ask {WAITED.format(1000, 0)}",
            "hears Press one to leave.",
            f"action POST /leave {WAITED.format(1000, 2)} Digits=1 FinishedOnKey= msg=Gather End",
            "hears Bye.",
            "queue support leave",
            ASKED.format("leave", 3),
            *ENDS,
        ],
        id="Enqueue.waitUrl-Gather",
    ),
    pytest.param(
        enqueue('waitUrl="/ask"'),
        [TAKEN, DONE],
        [
            JOINED,
            f"wait POST /ask {WAITED.format(1000, 0)}",
            "hears Press one to leave.",
            *("queue support taken", "queue support bridged", ASKED.format("bridged", 25), *ENDS),
        ],
        id="Enqueue-taken-while-being-asked",
    ),
    pytest.param(
        enqueue('waitUrl="/gone"'),
        [],
        [
            JOINED,
            f"wait POST /gone {WAITED.format(1000, 0)}",
            "error 11200: the response has the status 404",
            "queue support system-error",
            ASKED.format("system-error", 0),
            *ENDS,
        ],
        id="Enqueue.waitUrl-fails",
    ),
    pytest.param(
        enqueue('waitUrl="/pause"'),
        [TAKEN, DONE],
        [
            JOINED,
            f"wait POST /pause {WAITED.format(1000, 0)}",
            "hears pause 4",
            *("queue support taken", "queue support bridged", ASKED.format("bridged", 27), *ENDS),
        ],
        id="Enqueue.waitUrl-Pause",
    ),
    pytest.param(
        enqueue('waitUrl="/record"'),
        [TAKEN, DONE],
        [
            JOINED,
            f"wait POST /record {WAITED.format(1000, 0)}",
            "warning 12200: <Record> can't be played to a caller who waits in a queue and is skipped",
            *("queue support taken", "queue support bridged", ASKED.format("bridged", 23), *ENDS),
        ],
        id="Enqueue.waitUrl-another-verb",
    ),
]
DOCUMENTS = {
    "/wait": response("<Say>Wait.</Say>"),
    "/leave": response("<Say>Bye.</Say><Leave/><Say>Never.</Say>"),
    "/hangup": response("<Hangup/>"),
    "/ring": response("<Redirect>/wait</Redirect>"),
    "/ask": response('<Gather numDigits="1" action="/leave"><Say>Press one to leave.</Say></Gather>'),
    "/record": response("<Record/>"),
    "/pause": response("<Pause length='4'/>"),
}


@pytest.mark.parametrize(("twiml", "script", "lines"), CASES)
def test_enqueue_waits_and_ends_with_its_action(twiml, script, lines):
    """A caller in a queue hears the wait document again and again; the action is requested when the wait ends."""
    call = play(twiml, *script, documents=DOCUMENTS)
    assert [line for line in trace(call)[1:] if line] == lines


FULL = "action POST /next QueueResult={}"
WORLDS = [
    pytest.param(Queue("support", size=1000), "", "queue-full", id="Enqueue-full"),
    pytest.param(Queue("support", size=50), 'maxQueueSize="50"', "queue-full", id="Enqueue.maxQueueSize"),
    pytest.param(Queue("support", failure="error"), "", "error", id="Enqueue-error"),
    pytest.param(Queue("support", failure="system-error"), "", "system-error", id="Enqueue-system-error"),
]


@pytest.mark.parametrize(("queue", "attributes", "result"), WORLDS)
def test_a_full_or_failed_queue_accepts_nobody(queue, attributes, result):
    """A full or failed queue requests the action at once, without the SID and time of the queue."""
    documents = {"/": response(enqueue(attributes)), "/next": response("<Say>Next.</Say>")}
    simulator = Simulator.for_documents(documents)
    simulator.queues["support"] = queue
    call = simulator.call()
    assert [line for line in trace(call)[1:] if line] == [f"queue support {result}", FULL.format(result), *ENDS]


def test_the_wait_document_gets_the_numbers_of_the_queue():
    """The request for the wait document has the caller's position and the sizes and times of the queue."""
    simulator = Simulator.for_documents({"/": response(enqueue('waitUrl="/wait"')), **DOCUMENTS})
    simulator.queues["support"] = Queue("support", size=4, max_size=7, average_wait_seconds=90)
    (request,) = requests(simulator.call(), "wait")
    actual = {name: value for name, value in request.params.items() if "Queue" in name and name != "QueueSid"}
    assert actual == {
        "QueuePosition": "5",
        "AvgQueueTime": "90",
        "CurrentQueueSize": "5",
        "MaxQueueSize": "7",
        "QueueTime": "0",
    }


@pytest.mark.parametrize("script", [[HangUp()], [TAKEN, HangUp(after=9)], [TAKEN, Silence()]])
def test_the_action_of_an_enqueue_is_requested_after_the_caller_hung_up(script):
    """The action of an Enqueue is requested after the caller hung up, unless the assumption says otherwise."""
    call = play(enqueue(), *script)
    (request,) = requests(call, "action")
    assert (request.params["QueueResult"], request.params["CallStatus"]) == ("hangup", "completed")
    assert call.heard == ""
    assumed = Assumptions(enqueue_action_after_hangup=False)
    assert requests(play(enqueue(), *script, number={"assumptions": assumed}), "action") == []


def test_a_talk_with_an_agent_ends_with_the_maximum_length_of_a_call():
    """A talk with an agent ends when the call has lasted four hours."""
    call = play(enqueue(), TAKEN, Silence())
    assert call.ended.reason == "time-limit"
    assert call.ended.seconds == 4 * 3600


@pytest.mark.parametrize("action", [Press("1"), Speak("hello")])
def test_input_in_a_queue_with_music_is_noted(action):
    """Keys and speech in a queue with music are noted, and the caller still waits."""
    call = play(enqueue(), action)
    assert [(each.what, each.hint) for each in call.notes] == [
        (f"the caller {action} in the queue, but no verb is listening", "set a waitUrl whose document has a <Gather>")
    ]
    assert call.waiting.activity == "queue"


@pytest.mark.parametrize(
    ("twiml", "code", "what"),
    [
        pytest.param(
            enqueue('method="X"'), 14201, "<Enqueue method> must be GET or POST, not 'X'", id="Enqueue.method-wrong"
        ),
        pytest.param(enqueue("", ""), 14204, "<Enqueue> must have the name of a queue", id="Enqueue-no-name"),
        pytest.param(
            enqueue("", "x" * 65),
            14205,
            "the queue name in <Enqueue> must have at most 64 characters, not 65",
            id="Enqueue-long-name",
        ),
        pytest.param(
            enqueue('waitUrlMethod="X"'),
            14206,
            "<Enqueue waitUrlMethod> must be GET or POST, not 'X'",
            id="Enqueue.waitUrlMethod-wrong",
        ),
        pytest.param(
            enqueue('maxQueueSize="x"'),
            12200,
            "<Enqueue maxQueueSize> must be a whole number from 1 to 5000, not 'x'",
            id="Enqueue.maxQueueSize-wrong",
        ),
    ],
)
def test_an_invalid_enqueue_is_a_warning(twiml, code, what):
    """Invalid values and contents of Enqueue are warnings with Twilio's code."""
    assert warned(play(twiml)) == [(code, what)]


@pytest.mark.parametrize("attribute", [pytest.param('workflowSid="WW1"', id="Enqueue.workflowSid")])
def test_a_task_is_only_recognised(attribute):
    """A workflow is not simulated: its caller waits as in any queue."""
    call = play(enqueue(attribute, "<Task>{}</Task>"), TAKEN, DONE)
    assert warned(call) == []
    assert call.heard == "Next."


def test_an_invalid_wait_url_is_a_warning():
    """An invalid waitUrl is a warning, and the caller waits in silence."""
    call = play(enqueue('waitUrl="ftp://x"'), TAKEN, DONE)
    assert warned(call) == [(11100, "the URL must be a valid http or https URL, not 'ftp://x'")]
    assert call.heard == "Next."


def test_a_wait_document_that_fails_later_ends_the_wait():
    """A wait document that fails takes the caller out of the queue with the result system-error."""
    call = play(
        enqueue('waitUrl="/wait"'), Silence(), documents={"/wait": [response(""), Failure(11205, "rt", "slow")]}
    )
    assert requests(call, "action")[0].params["QueueResult"] == "system-error"


@pytest.mark.parametrize("wait", ["ftp://x", "", "/empty"], ids=["no-URL", "silence", "a-document-that-takes-no-time"])
def test_a_set_hangup_ends_every_wait(wait):
    """HangUp(after=...) ends the wait in a queue at that time, even if the wait document takes no time."""
    documents = {"/empty": response("")}
    call = play(enqueue(f'waitUrl="{wait}"'), HangUp(after=500), documents=documents)
    assert (call.ended.reason, call.ended.at) == ("caller-hung-up", 500)
