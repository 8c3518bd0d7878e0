"""What a webhook says happened, and what follows from each verb's outcome."""

import pytest
from tests.flow.conftest import EngineCall
from twilio.twiml.voice_response import Connect, Dial, Enqueue, Gather, Pay, Record, Refer

from ivrkit import HOME, Goto, Menu, MenuOption, Routes, State, ask
from ivrkit.flow.model.outcomes import NAMED_OUTCOMES, VERB_OUTCOMES, is_key_sequence, normalize_phrase, read_outcome
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
    ("Record", {"Digits": "1"}, None),
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
    """Twilio's parameters, read for the verb that the call waits with; a request about another verb is none."""
    assert read_outcome(waiting_verb, params, {"sales please": "7"}) == outcome


def test_every_outcome_can_be_read():
    """The vocabulary of the tables is what webhooks can bring, each word of each verb."""
    read = {(verb, outcome) for verb, _, outcome in TABLE}
    assert {(verb, word) for verb, words in VERB_OUTCOMES.items() for word in words} <= read
    assert set(NAMED_OUTCOMES) == {word for words in VERB_OUTCOMES.values() for word in words}


def test_phrases_are_compared_folded():
    """Case, punctuation and blanks do not tell phrases apart."""
    assert normalize_phrase("  The Sales-Team, PLEASE! ") == "the sales team please"
    assert normalize_phrase("Straße 9") == "strasse 9"


@pytest.mark.parametrize(
    ("value", "key"), [("1", True), ("*#0", True), ("", False), ("1 ", False), ("a", False), (1, False)]
)
def test_what_a_key_is(value, key):
    """A key is one or more of 0-9 * #, as a string."""
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
def test_what_was_come_for_is_the_goodbye(call, verb):
    """answered, bridged, recorded and ended without a row are the goodbye, whatever otherwise says."""
    enter, good, _ = VERBS[verb]
    for table in (Routes(), Routes(otherwise="b")):
        caller = call(a=State(["A.", enter], table), b=State("B.")).webhook(**good)
        assert caller.heard == ["Goodbye."]


@pytest.mark.parametrize("verb", ["Dial", "Enqueue"])
def test_what_failed_is_otherwise_or_home(call, verb):
    """Any other outcome without a row is otherwise, else HOME with the words that nobody was reached."""
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
def test_a_row_comes_first(call, verb):
    """A row decides, for what was come for as for what failed."""
    enter, good, bad = VERBS[verb]
    for bring in filter(None, (good, bad)):
        word = read_outcome(verb, bring, {})
        table = Routes({word: Goto("b", say="Row.")}, otherwise="c")
        caller = call(a=State(enter, table), b=State("B."), c=State("C.")).webhook(**bring)
        assert caller.heard == ["Row.", "B."]
        assert caller.events[0] == ("left", "a", word) or word == "recorded"


def test_a_recording_is_told_with_its_parameters(call):
    """`recorded` is an event of its own, with Twilio's parameters of the recording."""
    caller = call(a=State(Record(), Routes()))
    caller.webhook(RecordingUrl="https://x.example/RE1", RecordingSid="RE1", RecordingDuration="4", Digits="#")
    assert caller.events == [("recorded", "a", None), ("left", "a", "recorded"), ("ended", None, "finished")]
    assert caller.last.events[0].details == {
        "RecordingUrl": "https://x.example/RE1",
        "RecordingSid": "RE1",
        "RecordingDuration": "4",
    }


def waiting(verb):
    """A tree whose menu leads to a state that waits with a verb."""
    return {
        "m": State(Menu("Menu.")),
        "a": State(["A.", VERBS[verb][0]], Routes(), options=MenuOption("1", "it", menu="m")),
    }


@pytest.mark.parametrize("verb", ["Dial", "Enqueue", "Record", "Pay", "Refer"])
def test_what_waits_with_any_verb_but_gather_is_not_run_twice(call, verb):
    """A request that does not fit the waiting verb sends the caller HOME, and counts nothing."""
    caller = call(waiting(verb)).press("1").webhook(Digits="1")
    assert caller.state == "m"
    assert "A." not in caller.heard
    assert caller.session.failure_counts == {}
    assert caller.session.path == [["m", "1"], ["a", None], ["m", None]]


@pytest.mark.parametrize("verb", VERBS)
def test_after_a_fallback_a_state_that_waits_is_not_run_twice(call, verb):
    """The fallback's mark: no outcome is looked at, and whatever could ring again does not."""
    caller = call(waiting(verb)).press("1").webhook(FallbackStep.REENTER_STATE, **VERBS[verb][1])
    assert (caller.state, caller.session.failure_counts) == ("m", {})


def test_after_a_fallback_a_question_is_asked_again(call):
    """The fallback's mark enters the stored state again, looks at no input and counts nothing."""
    for bring in ({}, {"Digits": "1"}, {"Digits": "5"}):
        caller = call(a=State(ask("A?"), Routes({"1": None}))).webhook(FallbackStep.REENTER_STATE, **bring)
        assert (caller.heard, caller.session.failure_counts, caller.session.failures_in_row) == (["A?"], {}, 0)
        assert caller.events == [("left", "a", None), ("entered", "a", None)]
        assert caller.last.call.outcome is None


def test_after_two_fallbacks_comes_the_way_out(call):
    """The second mark is the operator."""
    caller = call(a=State(ask("A?"), Routes({"1": None})), out=State(ask("Out?")), operator="out")
    caller.webhook(FallbackStep.TRY_OPERATOR)
    assert caller.state == "out"
    assert caller.webhook(FallbackStep.TRY_OPERATOR).heard == ["Goodbye."]


def test_a_fallback_without_a_session_starts(call, tree):
    """With no session, the fallback's mark leads to the start state."""
    assert EngineCall(tree(a=State(ask("A?")))).webhook(FallbackStep.REENTER_STATE).state == "a"


def test_a_state_that_waits_for_nothing_is_entered_again(call):
    """A session that waits for nothing, as a deploy can leave one, enters its state again."""
    caller = call(a=State(ask("A?"), Routes({"1": None})))
    caller.session.waiting_verb = None
    assert caller.press("1").heard == ["A?"]


def test_a_request_about_another_verb_is_no_input(call):
    """A Gather does not take the late news of another verb for silence."""
    caller = call(a=State(ask("A?"), Routes({"1": None}))).dials("completed")
    assert (caller.heard, caller.session.failure_counts) == (["A?"], {})


def test_the_digits_that_end_a_recording_are_no_choice(call):
    """A Record's Digits is only the key that ended it."""
    table = Routes({"recorded": "b"})
    assert (
        call(a=State(Record(), table), b=State("B.")).webhook(RecordingUrl="https://x.example/", Digits="5").state
        == "b"
    )


# The caller is gone.


@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled", "queued"])
def test_nothing_is_entered_for_a_caller_who_is_gone(call, status):
    """A status that is neither ringing nor in-progress: the answer is empty, nothing is entered or counted."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B.")).webhook(status=status, Digits="1")
    assert caller.last.twiml == b'<?xml version="1.0" encoding="UTF-8"?><Response />'
    assert caller.session.ended == status
    assert caller.events == [("left", "a", "1"), ("ended", None, status)]
    assert caller.session.path == [["a", "1"]]
    assert caller.session.state == "a"
    assert caller.last.ended


def test_silence_of_somebody_gone_is_no_outcome(call):
    """Who hung up has not stayed silent."""
    caller = call(a=State(ask("A?"), Routes({"1": None}))).webhook(status="completed")
    assert caller.events == [("ended", None, "completed")]
    assert caller.session.path == [["a", None]]


def test_the_message_of_somebody_gone_is_kept(call):
    """A recording that the hang-up ended is stored."""
    caller = call(a=State(Record(), Routes({"recorded": Goto(None, say="Thanks.")})))
    caller.webhook(status="completed", RecordingUrl="https://x.example/RE1", Digits="hangup")
    assert caller.events == [("recorded", "a", None), ("left", "a", "recorded"), ("ended", None, "completed")]
    assert caller.heard == []


def test_a_caller_who_is_gone_before_the_first_webhook(tree):
    """A call that never was here is marked as ended, and nothing is told of it."""
    for bring in (lambda caller: caller.webhook(status="completed"), lambda caller: caller.status_callback()):
        caller = bring(EngineCall(tree(a=State(ask("A?")))))
        assert (caller.events, caller.session.ended, caller.last.state) == ([], "completed", None)
        assert caller.webhook().events == []


def test_a_status_callback_ends_the_call_once(call):
    """The end is told once, whoever tells it first; the last verb's outcome is still taken afterwards, once."""
    caller = call(a=State(Record(), Routes())).status_callback()
    assert caller.events == [("ended", None, "completed")]
    assert caller.status_callback("failed").events == []
    assert caller.session.ended == "completed"
    late = {"status": "completed", "RecordingUrl": "https://x.example/RE1"}
    assert caller.webhook(**late).events == [("recorded", "a", None), ("left", "a", "recorded")]
    assert caller.session.path == [["a", "recorded"]]
    assert caller.webhook(**late).events == []


def test_a_late_webhook_of_a_live_looking_call_is_answered_with_nothing(call):
    """An ended call stays ended, whatever status a late webhook carries."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B.")).status_callback().press("1")
    assert caller.last.twiml.endswith(b"<Response />")
    assert caller.events == [("left", "a", "1")]
    assert caller.last.state.name == "a"


# Deploys.


def redeployed(caller, tree, *args, **named):
    """Let the same call go on with another tree."""
    caller.flow = tree(*args, **named)
    return caller


def test_a_removed_state_sends_the_caller_to_the_start_menu(call, tree):
    """A state that a deploy removed under a live call: the start menu, with what was brought kept."""
    new = {"m": State(Menu("Menu.")), "x": State("X.", options=MenuOption("1", "x", menu="m"))}
    caller = redeployed(call(a=State(ask("A?"), Routes({"1": None}))), tree, new).press("1")
    assert (caller.state, caller.heard[0]) == ("m", "Menu.")
    assert caller.events[0] == ("left", None, "1")
    assert caller.session.path == [["a", "1"], ["m", None]]


def test_changed_exits_read_the_menu_again(call, tree):
    """After a deploy that changed what keys do, input is not misread: the question is asked anew."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B."))
    for bring in ({"Digits": "1"}, {"Digits": "5"}, {"SpeechResult": "b"}):
        redeployed(caller, tree, a=State(ask("New?"), Routes({"1": "c"})), c=State("C.")).session.routes_hash = "old"
        assert caller.webhook(**bring).heard == ["New?"]
        assert caller.session.failure_counts == {}
    assert caller.press("1").heard == ["C."]


def test_changed_exits_do_not_matter_to_silence(call, tree):
    """Silence is silence before and after a deploy."""
    caller = redeployed(call(a=State(ask("A?"), Routes({"1": None}))), tree, a=State(ask("New?"), Routes({"2": None})))
    assert caller.stays_silent().session.failure_counts == {"a": {"no-input": 1}}


def test_changed_words_do_not_matter(call, tree):
    """The hash is of where keys lead; other words, tries and names on the way keep it."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B."))
    redeployed(caller, tree, a=State(ask("New?"), Routes({"1": Goto("b", say="Now.")}, tries=7)), b=State("B."))
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
def test_the_hash_of_exits(tree, before, after, same):
    """The hash changes when, and only when, some input would lead elsewhere."""
    hashes = [
        tree(a=State(ask("A?"), table), b=State("B."), c=State("C.")).states["a"].routes_hash
        for table in (before, after)
    ]
    assert (hashes[0] == hashes[1]) is same
    assert len(hashes[0]) == 16


def test_the_hash_of_a_function_is_of_the_targets_it_names(tree):
    """For a function exit, the named targets are all that can be compared."""
    from ivrkit import leads_to

    def hash_of(*targets):
        return tree(a=State(ask("A?"), leads_to(*targets)(print)), b=State("B.")).states["a"].routes_hash

    assert hash_of("b", None) == hash_of(None, Goto("b", say="B."))
    assert hash_of("b") != hash_of("b", None)
    assert hash_of("b") != hash_of("a")


def test_other_outcomes_are_looked_up_in_the_new_table(call, tree):
    """What a Dial came to is looked up in the table of the new release."""
    caller = call(a=State(Dial("+15550100"), Routes({"busy": "b"})), b=State("B."))
    redeployed(caller, tree, a=State(Dial("+15550100"), Routes({"busy": "c"})), c=State("C."))
    assert caller.dials("busy").heard == ["C."]


def test_a_question_that_became_automatic_goes_on(call, tree):
    """A state that a deploy made automatic is simply gone on from."""
    table = Routes({"1": "b"})
    caller = redeployed(call(a=State(ask("A?"), table), b=State("B.")), tree, a=State("A.", "c"), c=State("C."))
    assert caller.stays_silent().heard == ["C."]


def test_a_gather_of_the_authors_own_is_a_question(call):
    """Any Gather will do; ask is only the short way."""
    gather = Gather(timeout=9, input="speech dtmf")
    gather.say("Say or press one.")
    caller = call(a=State(gather, Routes({"1": None})))
    assert caller.xml == (
        '<Gather input="speech dtmf" timeout="9" action="webhook#rc=1&amp;rp=ct" actionOnEmptyResult="true" '
        'numDigits="1" language="en-US"><Say language="en-US">Say or press one.</Say></Gather>'
    )


def test_a_question_is_asked_again_where_it_was_asked(call):
    """What brings no outcome does not send the caller of a question HOME."""
    tree = {
        "m": State(Menu("Menu.")),
        "a": State(ask("A?"), Routes({"1": None}), options=MenuOption("1", "it", menu="m")),
    }
    assert call(tree).press("1").webhook(FallbackStep.REENTER_STATE).state == "a"
    assert call(tree).press("1").dials("busy").state == "a"
