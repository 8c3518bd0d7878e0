"""Outcomes: how they are read from a webhook, and where each verb's outcome leads."""

import pytest
from tests.flow.conftest import EngineCall
from twilio.twiml.voice_response import Connect, Dial, Enqueue, Gather, Pay, Record, Refer

from ivrkit import HOME, Goto, Menu, MenuOption, Routes, State, ask
from ivrkit.flow.compile.flow_config import EngineHooks
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.outcomes import NAMED_OUTCOMES, VERB_OUTCOMES, is_key_sequence, read_outcome
from ivrkit.flow.model.speech import Phrases, Vocabulary
from ivrkit.flow.run.turn import FallbackStep

TABLE = [
    ("Dial", {"DialCallStatus": "completed"}, "answered"),
    ("Dial", {"DialCallStatus": "completed", "DialBridged": "true"}, "answered"),
    ("Dial", {"DialCallStatus": "completed", "DialBridged": "false"}, "declined"),
    ("Dial", {"DialCallStatus": "answered"}, "answered"),
    ("Dial", {"DialCallStatus": "answered", "DialBridged": "false"}, "answered"),
    ("Dial", {"DialCallStatus": "busy"}, "busy"),
    ("Dial", {"DialCallStatus": "busy", "DialBridged": "false"}, "busy"),
    ("Dial", {"DialCallStatus": "no-answer"}, "no-answer"),
    ("Dial", {"DialCallStatus": "failed"}, "failed"),
    ("Dial", {"DialCallStatus": "canceled"}, "canceled"),
    ("Dial", {"DialCallStatus": "something-new"}, "failed"),
    ("Dial", {"Digits": "1"}, None),
    ("Dial", {}, None),
    ("Dial", {"QueueResult": "bridged"}, None),
    ("Enqueue", {"QueueResult": "bridged"}, "bridged"),
    ("Enqueue", {"QueueResult": "bridging-in-process"}, "bridged"),
    ("Enqueue", {"QueueResult": "redirected"}, "bridged"),
    ("Enqueue", {"QueueResult": "redirected-from-bridged"}, "bridged"),
    ("Enqueue", {"QueueResult": "leave"}, "leave"),
    ("Enqueue", {"QueueResult": "hangup"}, "hangup"),
    ("Enqueue", {"QueueResult": "queue-full"}, "queue-full"),
    ("Enqueue", {"QueueResult": "error"}, "failed"),
    ("Enqueue", {"QueueResult": "system-error"}, "failed"),
    ("Enqueue", {"QueueResult": "something-new"}, "failed"),
    ("Enqueue", {"Digits": "1"}, None),
    ("Record", {"RecordingUrl": "https://x.example/RE1", "Digits": "#"}, "recorded"),
    ("Record", {"RecordingSid": "RE1", "Digits": "hangup"}, "recorded"),
    ("Record", {"RecordingUrl": "https://x.example/RE1", "RecordingDuration": "1"}, "recorded"),
    ("Record", {"RecordingUrl": "https://x.example/RE1", "RecordingDuration": "0"}, "no-message"),
    ("Record", {"RecordingSid": "RE1", "RecordingDuration": "0", "Digits": "hangup"}, "no-message"),
    ("Record", {}, "no-message"),
    ("Record", {"CallStatus": "in-progress"}, "no-message"),
    ("Record", {"CallStatus": "ringing"}, None),
    ("Record", {"Digits": "1"}, None),
    ("Record", {"SpeechResult": "one"}, None),
    ("Record", {"DialCallStatus": "busy"}, None),
    ("Pay", {"Result": "success"}, "ended"),
    ("Pay", {}, None),
    ("Refer", {"ReferCallStatus": "busy"}, "ended"),
    ("Refer", {"ReferSipResponseCode": "405"}, "ended"),
    ("Refer", {}, None),
    ("Connect", {}, "ended"),
    ("Connect", {"SessionStatus": "ended"}, "ended"),
    ("Connect", {"DialCallStatus": "busy"}, None),
    ("Gather", {"Digits": "1"}, "1"),
    ("Gather", {"Digits": "12*#"}, "12*#"),
    ("Gather", {"Digits": " 1 "}, "1"),
    ("Gather", {"Digits": "1A"}, "no-match"),
    ("Gather", {"Digits": "hangup"}, "no-match"),
    ("Gather", {"Digits": "1", "SpeechResult": "sales"}, "1"),
    ("Gather", {"Digits": "", "SpeechResult": "SALES, please!"}, "7"),
    ("Gather", {"SpeechResult": "weather"}, "no-match"),
    ("Gather", {"SpeechResult": "..."}, "no-input"),
    ("Gather", {"Digits": "", "SpeechResult": ""}, "no-input"),
    ("Gather", {"FinishedOnKey": "#"}, "no-input"),
    ("Gather", {}, "no-input"),
    ("Gather", {"RecordingUrl": "https://x.example/RE1", "Digits": "1"}, None),
    ("Gather", {"RecordingSid": "RE1"}, None),
    ("Gather", {"DialCallStatus": "busy"}, None),
    ("Gather", {"QueueResult": "leave"}, None),
    ("Gather", {"Result": "success"}, None),
    ("Gather", {"ReferCallStatus": "busy"}, None),
    (None, {"Digits": "1"}, None),
]


@pytest.mark.parametrize(("waiting_verb", "params", "outcome"), TABLE)
def test_the_outcome_of_a_webhook(waiting_verb, params, outcome):
    """The outcome is read from the parameters of the waiting verb; a request about another verb has none."""
    assert read_outcome(waiting_verb, params, Vocabulary(Phrases({"sales please": "7"}))) == outcome


def test_every_outcome_can_be_read():
    """Every named outcome of every verb can be read from some webhook."""
    read = {(verb, outcome) for verb, _, outcome in TABLE}
    assert {(verb, outcome) for verb, outcomes in VERB_OUTCOMES.items() for outcome in outcomes} <= read
    assert set(NAMED_OUTCOMES) == {outcome for outcomes in VERB_OUTCOMES.values() for outcome in outcomes}


@pytest.mark.parametrize(
    ("value", "key"), [("1", True), ("*#0", True), ("", False), ("1 ", False), ("a", False), (1, False)]
)
def test_a_key_sequence(value, key):
    """A key sequence is a string of one or more of 0-9, * and #."""
    assert is_key_sequence(value) is key


VERBS = {
    "Dial": (Dial("+15550100"), {"DialCallStatus": "completed"}, {"DialCallStatus": "busy"}),
    "Enqueue": (Enqueue("q"), {"QueueResult": "bridged"}, {"QueueResult": "leave"}),
    "Record": (Record(), {"RecordingUrl": "https://x.example/"}, None),
    "Pay": (Pay(), {"Result": "success"}, None),
    "Refer": (Refer(), {"ReferCallStatus": "in-progress"}, None),
    "Connect": (Connect(), {"SessionStatus": "ended"}, None),
}


@pytest.mark.parametrize("verb", VERBS)
def test_success_without_a_row_is_the_goodbye(call, verb):
    """answered, bridged, recorded and ended without a row lead to the goodbye, even with otherwise."""
    enter, good, _ = VERBS[verb]
    for table in (Routes(), Routes(otherwise="b")):
        caller = call(a=State(["A.", enter], table), b=State("B.")).webhook(**good)
        assert caller.heard == ["Goodbye."]


@pytest.mark.parametrize("verb", ["Dial", "Enqueue"])
def test_a_failed_outcome_without_a_row(call, verb):
    """Any other outcome without a row leads to otherwise, else HOME with the sentence "not connected"."""
    enter, _, bad = VERBS[verb]
    assert call(a=State(enter, Routes(otherwise="b")), b=State("B.")).webhook(**bad).heard == ["B."]
    tree = {
        "m": State(Menu("Menu.", repeat=None)),
        "a": State(enter, Routes(), options=MenuOption("1", "it", menu="m")),
    }
    caller = call(tree).press("1").webhook(**bad)
    assert caller.heard == ["Sorry, we could not connect you.", "Menu.", "For it, press one."]
    assert caller.session.failures_in_row == 0


@pytest.mark.parametrize("verb", VERBS)
def test_a_row_wins(call, verb):
    """A row wins over the rules for success and for failed outcomes."""
    enter, good, bad = VERBS[verb]
    for bring in filter(None, (good, bad)):
        word = read_outcome(verb, bring, Vocabulary())
        table = Routes({word: Goto("b", say="Row.")}, otherwise="c")
        caller = call(a=State(enter, table), b=State("B."), c=State("C.")).webhook(**bring)
        assert caller.heard == ["Row.", "B."]
        assert caller.events[0] == ("left", "a", word) or word == "recorded"


@pytest.mark.parametrize("params", [{}, {"RecordingUrl": "https://x.example/RE1", "RecordingDuration": "0"}])
def test_an_empty_recording_without_a_row(call, params):
    """A caller who leaves no message hears so and goes HOME, or to `otherwise`; with `exit=None` they hear goodbye."""
    tree = {
        "m": State(Menu("Menu.", repeat=None)),
        "a": State(Record(), Routes({"recorded": "b"}), options=MenuOption("1", "it", menu="m")),
        "b": State("B."),
    }
    caller = call(tree).press("1").webhook(**params)
    assert caller.heard == ["We did not hear a message.", "Menu.", "For it, press one."]
    assert caller.events[0] == ("left", "a", "no-message")
    assert call(a=State(Record(), Routes(otherwise="b")), b=State("B.")).webhook(**params).heard == ["B."]
    assert call(a=State(["A.", Record()])).webhook(**params).heard == ["Goodbye."]


def test_a_hang_up_says_nothing_about_a_recording(call):
    """A final status without a recording is no outcome: the recording of a caller who hung up may still follow."""
    caller = call(a=State(Record(), Routes())).webhook(status="completed")
    assert caller.events == [("ended", None, "completed")]
    late = {"status": "completed", "RecordingUrl": "https://x.example/RE1", "Digits": "hangup"}
    assert caller.webhook(RecordingDuration="0", **late).events == [("left", "a", "no-message")]
    other = call(a=State(Record(), Routes())).webhook(status="completed").webhook(RecordingDuration="2", **late)
    assert other.events[-1] == ("left", "a", "recorded")


def test_a_recording_is_an_event(call):
    """The event `recorded` has Twilio's parameters of the recording."""
    caller = call(a=State(Record(), Routes()))
    caller.webhook(RecordingUrl="https://x.example/RE1", RecordingSid="RE1", RecordingDuration="4", Digits="#")
    assert caller.events == [("recorded", "a", None), ("left", "a", "recorded"), ("ended", None, "finished")]
    assert caller.last.events[0].details == {
        "RecordingUrl": "https://x.example/RE1",
        "RecordingSid": "RE1",
        "RecordingDuration": "4",
    }


def waiting(verb):
    """Return a tree whose menu leads to a state that waits with a verb."""
    return {
        "m": State(Menu("Menu.")),
        "a": State(["A.", VERBS[verb][0]], Routes(), options=MenuOption("1", "it", menu="m")),
    }


@pytest.mark.parametrize("verb", ["Dial", "Enqueue", "Record", "Pay", "Refer"])
def test_a_verb_is_not_run_again_after_a_request_about_another_verb(call, verb):
    """A request that does not fit the waiting verb leads HOME and counts nothing, except for a Gather."""
    caller = call(waiting(verb)).press("1").webhook(Digits="1")
    assert caller.state == "m"
    assert "A." not in caller.heard
    assert caller.session.failure_counts == {}
    assert caller.session.path == [["m", "1"], ["a", None], ["m", None]]


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_not_run_again_after_a_fallback(call, verb):
    """After a fallback, no outcome is read, and a verb that could ring again is not run again."""
    caller = call(waiting(verb)).press("1").webhook(FallbackStep.REENTER_STATE, **VERBS[verb][1])
    assert (caller.state, caller.session.failure_counts) == ("m", {})


def test_after_a_fallback_a_question_is_asked_again(call):
    """After a fallback, a question is asked again. Input is ignored and nothing is counted."""
    for bring in ({}, {"Digits": "1"}, {"Digits": "5"}):
        caller = call(a=State(ask("A?"), Routes({"1": None}))).webhook(FallbackStep.REENTER_STATE, **bring)
        assert (caller.heard, caller.session.failure_counts, caller.session.failures_in_row) == (["A?"], {}, 0)
        assert caller.events == [("left", "a", None), ("entered", "a", None)]
        assert caller.last.call.outcome is None


def test_a_second_fallback_leads_to_the_operator(call):
    """The second fallback leads to the operator, and the next one to the goodbye."""
    caller = call(a=State(ask("A?"), Routes({"1": None})), out=State(ask("Out?")), operator="out")
    caller.webhook(FallbackStep.TRY_OPERATOR)
    assert caller.state == "out"
    assert caller.webhook(FallbackStep.TRY_OPERATOR).heard == ["Goodbye."]


def test_a_fallback_without_a_session_leads_to_the_operator(tree):
    """The first webhook of the call may have ended the process, so the code of the start is not run again."""
    ran = []
    hooks = EngineHooks(choose_start=ran.append)
    flow = tree(a=State(ran.append), out=State(ask("Out?")), operator="out", hooks=hooks)
    caller = EngineCall(flow).webhook(FallbackStep.REENTER_STATE)
    assert caller.state == "out"
    assert caller.events == [("started", None, None), ("entered", "out", None)]
    assert ran == []
    assert caller.webhook(FallbackStep.TRY_OPERATOR).heard == ["Goodbye."]


def test_a_fallback_without_a_session_and_operator_starts_the_call_once(tree):
    """Without an operator, the first fallback leads to the start state, and the second one to the goodbye."""
    assert EngineCall(tree(a=State(ask("A?")))).webhook(FallbackStep.REENTER_STATE).state == "a"
    assert EngineCall(tree(a=State(ask("A?")))).webhook(FallbackStep.TRY_OPERATOR).heard == ["Goodbye."]


def test_a_fallback_without_a_session_leads_to_the_operator_of_the_number(tree):
    """The operator is the one of the start menu of the called number, in the language of the number."""
    states = {"a": State(ask("A?")), "home": State(Menu("Home."))}
    states["help"] = State(ask("Help?"), options=MenuOption("0", "help", menu="home"))
    numbers = {"+15550100": Goto("home", language="es-MX")}
    caller = EngineCall(tree(states, numbers=numbers, languages=(Language("en-US"), Language("es-MX"))))
    caller.webhook(FallbackStep.REENTER_STATE, To="+15550100")
    assert caller.state == "help"
    assert caller.session.start == "home"
    assert caller.session.language == "es-MX"


def test_a_session_without_a_waiting_verb_enters_its_state_again(call):
    """A session that waits for nothing, which a deploy can leave behind, enters its state again."""
    caller = call(a=State(ask("A?"), Routes({"1": None})))
    caller.session.waiting_verb = None
    assert caller.press("1").heard == ["A?"]


def test_a_request_about_another_verb_is_not_silence(call):
    """A Gather does not take a late request about another verb for silence."""
    caller = call(a=State(ask("A?"), Routes({"1": None}))).dials("completed")
    assert (caller.heard, caller.session.failure_counts) == (["A?"], {})


def test_the_digits_of_a_recording_are_not_input(call):
    """The Digits of a Record are only the key that ended it."""
    table = Routes({"recorded": "b"})
    assert (
        call(a=State(Record(), table), b=State("B.")).webhook(RecordingUrl="https://x.example/", Digits="5").state
        == "b"
    )


# The caller has hung up.


@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled", "queued"])
def test_no_state_is_entered_after_the_caller_has_hung_up(call, status):
    """A webhook of a call that has ended gets an empty document. Nothing is entered or counted."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B.")).webhook(status=status, Digits="1")
    assert caller.last.twiml == b'<?xml version="1.0" encoding="UTF-8"?><Response />'
    assert caller.session.ended == status
    assert caller.events == [("left", "a", "1"), ("ended", None, status)]
    assert caller.session.path == [["a", "1"]]
    assert caller.session.state == "a"
    assert caller.last.ended


def test_silence_of_a_call_that_has_ended_is_not_recorded(call):
    """Silence at the end of a call only means that the caller has hung up, so it is not recorded."""
    caller = call(a=State(ask("A?"), Routes({"1": None}))).webhook(status="completed")
    assert caller.events == [("ended", None, "completed")]
    assert caller.session.path == [["a", None]]


def test_a_recording_that_the_caller_ended_by_hanging_up(call):
    """A recording that ends because the caller hangs up is recorded."""
    caller = call(a=State(Record(), Routes({"recorded": Goto(None, say="Thanks.")})))
    caller.webhook(status="completed", RecordingUrl="https://x.example/RE1", Digits="hangup")
    assert caller.events == [("recorded", "a", None), ("left", "a", "recorded"), ("ended", None, "completed")]
    assert caller.heard == []


def test_observers_of_a_call_that_has_ended_get_its_outcome(call):
    """After a hang-up, the call of the observers has the last outcome. Silence and the end alone have no outcome."""
    recording = State(Record(), Routes({"recorded": None}))
    for params, outcome in (
        ({"RecordingUrl": "https://x.example/RE1"}, "recorded"),
        ({"RecordingUrl": "https://x.example/RE1", "RecordingDuration": "0"}, "no-message"),
        ({}, None),
    ):
        assert call(a=recording).webhook(status="completed", **params).last.call.outcome == outcome


def test_a_call_that_ended_before_its_first_webhook(tree):
    """A call that never reached ivrkit is marked as ended, without events."""
    for bring in (lambda caller: caller.webhook(status="completed"), lambda caller: caller.status_callback()):
        caller = bring(EngineCall(tree(a=State(ask("A?")))))
        assert (caller.events, caller.session.ended, caller.last.state) == ([], "completed", None)
        assert caller.webhook().events == []


def test_a_call_ends_once(call):
    """The event `ended` happens once, by a status callback or a webhook.

    The last outcome is recorded after it, once.
    """
    caller = call(a=State(Record(), Routes())).status_callback()
    assert caller.events == [("ended", None, "completed")]
    assert caller.status_callback("failed").events == []
    assert caller.session.ended == "completed"
    late = {"status": "completed", "RecordingUrl": "https://x.example/RE1"}
    assert caller.webhook(**late).events == [("recorded", "a", None), ("left", "a", "recorded")]
    assert caller.session.path == [["a", "recorded"]]
    assert caller.webhook(**late).events == []


def test_an_ended_call_stays_ended(call):
    """A late webhook of an ended call gets an empty document, with any status."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B.")).status_callback().press("1")
    assert caller.last.twiml.endswith(b"<Response />")
    assert caller.events == [("left", "a", "1")]
    assert caller.last.state.name == "a"


# Deploys.


def redeploy(caller, tree, *args, **named):
    """Let the same call go on with another tree."""
    caller.flow = tree(*args, **named)
    return caller


def test_a_removed_state_leads_to_the_start_menu(call, tree):
    """If a deploy removes the state of a call, the caller goes to the start menu, and the outcome is recorded."""
    new = {"m": State(Menu("Menu.")), "x": State("X.", options=MenuOption("1", "x", menu="m"))}
    caller = redeploy(call(a=State(ask("A?"), Routes({"1": None}))), tree, new).press("1")
    assert (caller.state, caller.heard[0]) == ("m", "Menu.")
    assert caller.events[0] == ("left", None, "1")
    assert caller.session.path == [["a", "1"], ["m", None]]


def test_changed_routes_read_the_menu_again(call, tree):
    """If a deploy changes the routes, a key is not misread: the question is asked again."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B."))
    for bring in ({"Digits": "1"}, {"Digits": "5"}, {"SpeechResult": "b"}):
        redeploy(caller, tree, a=State(ask("New?"), Routes({"1": "c"})), c=State("C.")).session.routes_hash = "old"
        assert caller.webhook(**bring).heard == ["New?"]
        assert caller.session.failure_counts == {}
    assert caller.press("1").heard == ["C."]


def test_silence_after_changed_routes(call, tree):
    """Silence is counted as usual after a deploy that changed the routes."""
    caller = redeploy(call(a=State(ask("A?"), Routes({"1": None}))), tree, a=State(ask("New?"), Routes({"2": None})))
    assert caller.stays_silent().session.failure_counts == {"a": {"no-input": 1}}


def test_a_change_of_prompts_does_not_change_the_hash(call, tree):
    """The hash of the routes does not change with prompts, tries and prompts of a Goto."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B."))
    redeploy(caller, tree, a=State(ask("New?"), Routes({"1": Goto("b", say="Now.")}, tries=7)), b=State("B."))
    assert caller.press("1").heard == ["Now.", "B."]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (Routes({"1": "b", "2": "c"}), Routes({"2": "c", "1": "b"}), True),
        (Routes({"1": "b"}), Routes({"1": "c"}), False),
        (Routes({"1": "b"}), Routes({"1": "b"}, otherwise=HOME), False),
        (Routes({"1": "b"}, otherwise="b"), Routes({"1": "b"}, otherwise="c"), False),
        (Routes({"1": "b"}, otherwise="b"), Routes({"1": "b"}, otherwise=Goto("b", say="B.")), True),
        (Routes({"1": "b"}), Routes({"1": None}), False),
        (Routes({"1": "b"}), Routes({"1": "b", "2": "b"}), False),
    ],
)
def test_the_hash_of_routes(tree, before, after, same):
    """The hash changes if, and only if, an input would lead to another state."""
    hashes = [
        tree(a=State(ask("A?"), table), b=State("B."), c=State("C.")).states["a"].routes_hash
        for table in (before, after)
    ]
    assert (hashes[0] == hashes[1]) is same
    assert len(hashes[0]) == 16


def test_the_hash_of_a_function_exit(tree):
    """The hash of a function exit is that of its declared targets."""
    from ivrkit import leads_to

    def hash_of(*targets):
        return tree(a=State(ask("A?"), leads_to(*targets)(print)), b=State("B.")).states["a"].routes_hash

    assert hash_of("b", None) == hash_of(None, Goto("b", say="B."))
    assert hash_of("b") != hash_of("b", None)
    assert hash_of("b") != hash_of("a")


def test_other_outcomes_use_the_new_routes(call, tree):
    """The outcome of a Dial is looked up in the routes of the new release."""
    caller = call(a=State(Dial("+15550100"), Routes({"busy": "b"})), b=State("B."))
    redeploy(caller, tree, a=State(Dial("+15550100"), Routes({"busy": "c"})), c=State("C."))
    assert caller.dials("busy").heard == ["C."]


def test_a_question_that_became_automatic(call, tree):
    """A state that no longer waits after a deploy is entered again and followed by its automatic exit."""
    table = Routes({"1": "b"})
    caller = redeploy(call(a=State(ask("A?"), table), b=State("B.")), tree, a=State("A.", "c"), c=State("C."))
    assert caller.stays_silent().heard == ["C."]


def test_a_gather_without_ask_is_a_question(call):
    """A Gather of twilio's library is a question like one made by ask."""
    gather = Gather(timeout=9, input="speech dtmf")
    gather.say("Say or press one.")
    caller = call(a=State(gather, Routes({"1": None})))
    assert caller.xml == (
        '<Gather input="speech dtmf" timeout="9" action="webhook#rc=1&amp;rp=ct" actionOnEmptyResult="true" '
        'numDigits="1" language="en-US"><Say language="en-US">Say or press one.</Say></Gather>'
    )


def test_a_question_is_asked_again_without_an_outcome(call):
    """A request without an outcome repeats a question, and does not lead HOME."""
    tree = {
        "m": State(Menu("Menu.")),
        "a": State(ask("A?"), Routes({"1": None}), options=MenuOption("1", "it", menu="m")),
    }
    assert call(tree).press("1").webhook(FallbackStep.REENTER_STATE).state == "a"
    assert call(tree).press("1").dials("busy").state == "a"
