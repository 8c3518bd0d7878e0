"""A plugin's code that fails while a caller is on the line hurts nobody."""

import sys

import pytest
from twilio.twiml.voice_response import Dial, Gather, VoiceResponse

from ivrkit import BACK, HOME, SAME, FlowError, Goto, Menu, MenuOption, Routes, State, ask, leads_to
from ivrkit.flow.compile.flow_config import EngineHooks
from ivrkit.flow.model.call import HIDDEN_INPUT
from ivrkit.flow.run.response import MAX_STATES_PER_RESPONSE
from ivrkit.flow.run.sandbox import check_data

APOLOGY = "We are sorry, something went wrong."
SAY = '<Say language="en-US"></Say>'
WRONG = "Sorry, that is not one of the choices."


def boom(call):
    """Fail."""
    raise RuntimeError("secret database password")


def leaves(call):
    """Try to end the process."""
    sys.exit(3)


def tree_with(state, **more):
    """A menu with a state under key 1."""
    return {"m": State(Menu("Menu.", repeat=None)), "x": state, **more}


def option(**named):
    """The option of that state."""
    return {"options": MenuOption("1", "x", menu="m"), **named}


@pytest.mark.parametrize("enter", [boom, leaves])
def test_a_failing_enter_is_apologised_for_and_home_follows(call, enter):
    """The caller hears an apology and the menu, and never the exception."""
    caller = call(tree_with(State(enter, **option()))).press("1")
    assert caller.heard == [APOLOGY, "Menu.", "For x, press one."]
    assert caller.state == "m"
    failed = caller.last.events[1]
    assert (failed.name, failed.state.name) == ("failed", "x")
    assert isinstance(failed.error, RuntimeError | SystemExit)
    assert caller.events == [("left", "m", "1"), ("failed", "x", None), ("entered", "m", None)]
    assert "x" not in [state for state, _ in caller.session.path]


def test_a_failing_state_has_a_fallback(call):
    """The state's own fallback comes before HOME."""
    caller = call(tree_with(State(boom, on_error="f", **option()), f=State(ask("F?"), Routes({"1": BACK})))).press("1")
    assert caller.heard == [APOLOGY, "F?"]
    assert caller.press("1").state == "m", "the fallback was sent by whoever sent the caller to what failed"


def test_an_interrupt_is_not_caught(call):
    """Ending the process from outside ends it."""

    def interrupted(call):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(a=State(interrupted))


def test_a_failing_exit(call):
    """A function exit that fails leads to the fallback or HOME as well."""
    caller = call(tree_with(State(ask("X?"), leads_to("m")(boom), **option()))).press("1", "5")
    assert caller.heard[:2] == [APOLOGY, "Menu."]
    assert caller.session.failure_counts == {}


def test_silence_counts_even_where_the_function_fails(call):
    """A put-down phone in front of a broken function is let go in the end."""
    failing = State(ask("X?"), leads_to(SAME)(boom), on_error="y")
    caller = call({"x": failing, "y": State(ask("Y?"), Routes({"no-input": "x"}))})
    caller.stays_silent(5)
    assert caller.session.failures_in_row == 5
    assert caller.stays_silent().last.ended


def test_a_failing_exit_of_a_state_that_does_not_wait(call):
    """A router that fails is a state that failed."""
    states = tree_with(
        State("X.", leads_to("m")(boom), on_error="f", **option()), f=State(ask("F?"), Routes({"1": BACK}))
    )
    caller = call(states).press("1")
    assert caller.heard == ["X.", APOLOGY, "F?"]
    assert caller.press("1").heard == ["X.", APOLOGY, "F?"], "the router itself sent the caller on"


def test_a_result_of_another_kind_than_was_named(call):
    """A function that returns what it did not name has failed, and the error says so."""

    @leads_to("m", SAME)
    def wander(call):
        return {"1": "elsewhere", "2": ["m"], "3": Goto(HOME)}[call.digits]

    for key, shown in (("1", "'elsewhere'"), ("2", "['m']"), ("3", "Goto(HOME)")):
        caller = call(tree_with(State(ask("X?"), wander, **option()))).press("1", key)
        error = next(each.error for each in caller.last.events if each.name == "failed")
        assert error.message == f"its exit function 'wander' must return one of ['m', SAME], not {shown}"
        assert error.hint == "name every target that it returns in @leads_to"
        assert caller.heard[0] == APOLOGY


def test_a_callable_object_is_named_in_the_error(call):
    """A function exit need not be a function."""

    class Wander:
        def __call__(self, call):
            return "elsewhere"

    caller = call(a=State(ask("A?"), leads_to(None)(Wander()))).press("1")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == "its exit function 'function' must return one of [None], not 'elsewhere'"


NO_PROMPT = "enter must give a text, a verb, a list of these, or a Menu, not {!r}"
WRITE_A_PROMPT = "write a prompt; a function must return one from every branch"


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        (None, NO_PROMPT.format(None), WRITE_A_PROMPT),
        (["A.", None], NO_PROMPT.format(None), WRITE_A_PROMPT),
        (5, NO_PROMPT.format(5), WRITE_A_PROMPT),
        (
            VoiceResponse(),
            "enter must give verbs, not a VoiceResponse",
            "give the verbs alone: [Say(...), Record(...)]",
        ),
        (
            [ask("A?"), Dial("+15550100")],
            "it must wait with one verb, not with Gather and Dial",
            "put the second verb into a state of its own, and lead there with an exit",
        ),
        ("Nothing.", "it has Routes, but waits for nothing, so no outcome can follow", None),
    ],
)
def test_an_enter_that_gives_the_wrong_thing_has_failed(call, said, message, hint):
    """What a function returns is checked as data is at start."""
    caller = call(tree_with(State(lambda call: said, Routes({"1": None}), **option()))).press("1")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == message
    assert hint is None or error.hint == hint
    assert caller.heard[:2] == [APOLOGY, "Menu."]


def test_an_answer_that_is_too_long_is_a_failure(call):
    """Twilio would drop the call over more than 64 kB, so the state that makes it so has failed."""
    caller = call(tree_with(State(lambda call: "x" * 63_000, **option()))).press("1")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == f"the response must have at most 63000 bytes, not {63_000 + len(SAY)}"
    assert error.hint == "say less, or play a recording"
    assert caller.state == "m"


def test_the_whole_answer_counts(call):
    """Several states can be too long together; the last one is then left out."""
    states = {"a": State("a" * 40_000, "b"), "b": State("b" * 30_000, on_error="c"), "c": State("C.")}
    assert call(states).heard == ["a" * 40_000, APOLOGY, "C."]
    fits = 63_000 - len(SAY)
    assert call(a=State("a" * fits)).heard == ["a" * fits]


def test_a_ring_of_functions_is_a_failure(call):
    """Functions that lead round without ever waiting are stopped."""
    ring = {"a": State([], leads_to("b")(lambda call: "b")), "b": State([], leads_to("a")(lambda call: "a"))}
    caller = call(ring, out=State(ask("Out?")), operator="out")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == (
        f"one response must enter at most {MAX_STATES_PER_RESPONSE} states, and none of these waits"
    )
    assert error.hint == "let one of the states wait for input: their exit functions form a loop"
    assert (caller.heard, caller.state) == ([APOLOGY, "Out?"], "out")
    assert [each.name for each in caller.last.events].count("entered") == MAX_STATES_PER_RESPONSE + 1


def test_a_long_way_is_no_ring(call):
    """As many states as are allowed may be passed in one answer."""
    states = {f"s{place}": State([], f"s{place + 1}") for place in range(MAX_STATES_PER_RESPONSE - 1)}
    assert call({**states, f"s{MAX_STATES_PER_RESPONSE - 1}": State("There.")}).heard == ["There."]


def test_a_state_that_failed_is_not_entered_again_in_the_same_answer(call):
    """The fallback chain never leads to what failed, and ends with the goodbye."""
    states = {"a": State(boom, on_error="b"), "b": State(boom, on_error="a")}
    caller = call(states)
    assert caller.heard == [APOLOGY, "Goodbye."]
    assert [each[:2] for each in caller.events] == [
        ("started", None),
        ("failed", "a"),
        ("failed", "b"),
        ("ended", None),
    ]


def test_a_failing_way_out_is_the_goodbye(call):
    """When the operator itself fails, the call ends with the goodbye."""
    caller = call({"a": State(boom), "out": State(boom)}, operator="out")
    assert caller.heard == [APOLOGY, "Goodbye."]


def test_an_automatic_exit_to_what_failed_is_the_way_out(call):
    """Whatever leads to a state that failed in this answer leads to the operator."""
    states = {"a": State(boom, on_error="b"), "b": State("B.", "a"), "out": State(ask("Out?"))}
    assert call(states, operator="out").heard == [APOLOGY, "B.", "Out?"]


def test_the_start_menu_comes_after_a_home_that_failed(call):
    """When HOME is what failed, the start menu is next."""
    states = {
        "m": State(Menu("Menu.", repeat=None)),
        "sub": State(boom, options=MenuOption("1", "sub", menu="m")),
        "x": State(boom, options=MenuOption("1", "x", menu="sub")),
        "y": State(ask("Y?"), Routes({"1": "x"}), options=MenuOption("2", "y", menu="m")),
    }
    caller = call(states).press("2", "1")
    assert [each[:2] for each in caller.events if each[0] != "left"] == [
        ("failed", "x"),
        ("failed", "sub"),
        ("entered", "m"),
    ]
    assert caller.heard[:2] == [APOLOGY, "Menu."]


def test_when_error_fails_its_caller_hears_the_cores_words(call):
    """An error state that fails: the core's text, then BACK; counts and sender stay."""
    for enter in (boom, leaves):
        caller = call(tree_with(State("X.", **option()), error=State(enter, BACK))).press("7")
        assert caller.heard == [WRONG, "Menu.", "For x, press one."]
        assert caller.session.failure_counts == {"m": {"no-match": 1}}
        assert [each[:2] for each in caller.events] == [("left", "m"), ("failed", "error"), ("entered", "m")]


def test_when_the_exit_of_error_fails(call):
    """The same where the error state's exit fails."""
    states = tree_with(State("X.", **option()), error=State("No.", leads_to(BACK)(boom)))
    assert call(states).press("7").heard == ["No.", WRONG, "Menu.", "For x, press one."]


# data


def test_data_is_kept_between_webhooks(call):
    """call.data is a small JSON dict of the handlers, kept between the webhooks of the call."""

    def count(call):
        call.data["times"] = call.data.get("times", 0) + 1
        return ask(f"{call.data['times']}?")

    caller = call(a=State(count, Routes({"1": SAME}))).press("1", "1")
    assert caller.heard == ["3?"]
    assert caller.session.data == {"times": 3}


def test_a_handler_that_fails_leaves_data_as_it_was(call):
    """What a failing handler wrote is taken back."""

    def spoil(call):
        call.data["kept"].append("spoilt")
        call.data["more"] = 1
        raise ValueError

    def keep(call):
        call.data["kept"] = ["before"]
        return ask("A?")

    caller = call({"a": State(keep, Routes({"1": "b"})), "b": State(spoil, on_error="a2"), "a2": State(ask("A2?"))})
    caller.press("1")
    assert caller.session.data == {"kept": ["before"]}


@pytest.mark.parametrize("bad", [{1, 2}, float("nan"), b"bytes", object()])
def test_data_that_is_no_json_is_a_failure(call, bad):
    """What cannot be kept is refused right after the handler."""

    def spoil(call):
        call.data["bad"] = bad
        return "X."

    caller = call(tree_with(State(spoil, **option()))).press("1")
    assert caller.heard[0] == APOLOGY
    assert caller.session.data == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"a": {1}}, "call.data cannot be stored: Object of type set is not JSON serializable"),
        ({"a": (1, 2)}, "call.data {'a': (1, 2)} would be loaded as {'a': [1, 2]}"),
        ({1: "a"}, "call.data {1: 'a'} would be loaded as {'1': 'a'}"),
    ],
)
def test_what_data_may_hold(data, message):
    """Only what comes back as it was; the error says what that is."""
    with pytest.raises(FlowError) as caught:
        check_data(data)
    assert caught.value.message == message
    assert caught.value.hint == "store strings, numbers, booleans, None, lists, and dicts with strings as keys"


def test_plain_data_is_fine():
    """Strings, numbers, booleans, None, lists and dicts."""
    assert check_data({"a": [1, 2.5, "x", True, None, {"b": []}]}) is None


def test_not_a_number_is_refused():
    """JSON has no NaN."""
    with pytest.raises(
        FlowError, match=r"call\.data cannot be stored: Out of range float values are not JSON compliant"
    ):
        check_data({"a": float("nan")})


# hooks of the flow


def test_the_hook_is_told_and_decides(call):
    """The failed hook is given call, state, error and whether the input is secret; its answer comes first."""
    told = []

    def failed(call, state, error, secret):
        told.append((call.digits, state.name, type(error), secret))
        return "f"

    states = tree_with(State(boom, on_error="g", **option()), f=State(ask("F?")), g=State(ask("G?")))
    assert call(states, hooks=EngineHooks(state_failed=failed)).press("1").heard == [APOLOGY, "F?"]
    assert told == [("1", "x", RuntimeError, False)]


def test_a_hook_that_decides_nothing(call):
    """None, a state that is not there, and one that has failed, are no decision."""
    for answer in (None, "nowhere", "x"):
        states = tree_with(State(boom, on_error="g", **option()), g=State(ask("G?")))
        assert call(states, hooks=EngineHooks(state_failed=lambda *_, answer=answer: answer)).press("1").heard == [
            APOLOGY,
            "G?",
        ]


def test_the_hook_decides_for_error_too(call):
    """Where a plugin says where to go when error failed, the caller hears the apology and goes there."""
    states = tree_with(State("X.", **option()), error=State(boom, BACK), f=State(ask("F?")))
    assert call(states, hooks=EngineHooks(state_failed=lambda *_: "f")).press("7").heard == [APOLOGY, "F?"]


def test_the_document_can_be_edited(call):
    """edit_response is given call, state and document, and its result is sent; not for a caller who is gone."""
    seen = []

    def edit(call, state, twiml):
        seen.append((call.digits, state.name))
        return twiml.replace(b"B?", b"C?")

    caller = call(
        a=State(ask("A?"), Routes({"1": "b"})), b=State(ask("B?")), hooks=EngineHooks(edit_response=edit)
    ).press("1")
    assert caller.heard == ["C?"]
    caller.webhook(status="completed")
    assert seen == [("", "a"), ("1", "b")]


# secret states


def secret_tree(exit, **more):
    """A state whose input is secret."""
    return {"pin": State(ask("PIN?"), exit, secret=True), "b": State("B."), **more}


@pytest.mark.parametrize("bring", [{"Digits": "4711"}, {"SpeechResult": "four seven one one"}])
def test_the_input_of_a_secret_state_is_told_to_nobody(call, bring):
    """Events, path and the observers' call carry no secret; the handler's own call does."""
    seen = []

    @leads_to("b")
    def look(call):
        seen.append(call.digits or call.speech)
        return "b"

    caller = call(secret_tree(look)).webhook(**bring)
    assert seen == list(bring.values())
    assert caller.events[0] == ("left", "pin", HIDDEN_INPUT)
    assert caller.session.path[0] == ["pin", HIDDEN_INPUT]
    told = caller.last.call.copy_for_observers(secret=caller.last.secret)
    assert (told.digits, told.speech, told.outcome) == (HIDDEN_INPUT, HIDDEN_INPUT, HIDDEN_INPUT)
    assert [told.params[name] for name in bring] == [HIDDEN_INPUT]
    assert told.params["CallSid"] == "CA1"
    assert "4711" not in caller.session.to_json()


def test_silence_in_a_secret_state_is_no_secret(call):
    """That nothing was pressed may be told."""
    caller = call(secret_tree(Routes({"1": "b"}))).stays_silent()
    assert caller.events[0] == ("left", "pin", "no-input")


def test_other_input_is_no_secret(call):
    """Input of a state that is not secret is told as it is."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B.")).press("1")
    assert (caller.last.call.digits, caller.last.call.outcome) == ("1", "1")


def test_only_what_a_question_brings_is_secret(call):
    """The outcome of a Dial in a secret state is no input."""
    caller = call(a=State(Dial("+15550100"), Routes({"busy": None}), secret=True)).dials("busy")
    assert caller.events[0] == ("left", "a", "busy")


def test_the_hook_is_told_that_the_input_is_secret(call):
    """The failed hook is told to hide it, and is given a call without it, also when a later state fails."""
    told = []

    def failed(call, state, error, secret):
        told.append((call.digits, state.name, secret))

    states = secret_tree(Routes({"4711": "b"}), b=State(boom))
    call(states, hooks=EngineHooks(state_failed=failed)).press("4711")
    assert told == [(HIDDEN_INPUT, "b", True)]


def test_an_edited_document_sees_no_secret(call):
    """edit_response gets the call without the secret."""
    seen = []

    def edit(call, state, twiml):
        seen.append(call.digits)
        return twiml

    call(secret_tree(Routes({"1": "b"})), hooks=EngineHooks(edit_response=edit)).press("1")
    assert seen == ["", HIDDEN_INPUT]


def test_a_gather_that_is_no_question_of_a_table(call):
    """The last input of a caller who is gone is hidden like any other."""
    caller = call(secret_tree(Routes({"4711": "b"}))).webhook(status="completed", Digits="4711")
    assert caller.session.path == [["pin", HIDDEN_INPUT]]
    assert Gather is not None


def test_a_secret_stays_one_when_a_deploy_removes_its_state(call, tree):
    """That the input is secret is kept with the call, because the state may be gone when it comes."""
    caller = call(secret_tree(Routes({"4711": "b"})))
    caller.flow = tree(m=State(Menu("Menu.")), x=State("X.", options=MenuOption("1", "x", menu="m")))
    caller.press("4711")
    assert caller.events[0] == ("left", None, HIDDEN_INPUT)
    assert caller.last.secret
    assert "4711" not in caller.session.to_json()


def test_what_an_error_of_a_secret_state_says_is_told_to_nobody(call):
    """The event has another error in its place, and nobody can see the first as the one being handled."""
    handled = []

    def failed(call, state, error, secret):
        handled.append(sys.exc_info()[1])

    @leads_to("b")
    def leak(call):
        raise ValueError(call.digits)

    caller = call(secret_tree(leak), hooks=EngineHooks(state_failed=failed)).press("4711")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == "ValueError, and what it says is hidden: the input was secret"
    assert handled == [None]


def test_hooks_get_data_of_their_own(call):
    """What a hook writes into data is not the call's, and can't keep it from being saved."""

    def spoil(call, *_):
        call.data["when"] = object()

    def edit(call, state, twiml):
        spoil(call)
        return twiml

    states = {"a": State(ask("A?"), Routes({"1": "b"})), "b": State(boom, on_error="a")}
    caller = call(states, hooks=EngineHooks(edit_response=edit, state_failed=spoil)).press("1")
    caller.last.call.copy_for_observers(secret=False).data["more"] = object()
    assert (caller.state, caller.session.data) == ("a", {})


def test_a_call_cannot_lose_its_parameters(call):
    """The parameters of a call are for reading."""
    caller = call(a=State(lambda call: call.params.pop("CallSid"), on_error="b"), b=State(ask("B?")))
    assert caller.heard == [APOLOGY, "B?"]


def test_words_on_the_way_do_not_make_an_answer_too_long(call):
    """Words for which there is no room are left out; the call is worth more."""
    states = {"a": State("a" * 40_000, Goto("b", say="w" * 30_000)), "b": State("B.")}
    assert call(states).heard == ["a" * 40_000, "B."]


def test_words_of_a_function_that_are_too_long_are_a_failure(call):
    """They could never be said."""

    @leads_to("b")
    def talk(call):
        return Goto("b", say="w" * 63_000)

    caller = call(tree_with(State(ask("X?"), talk, **option()), b=State("B."))).press("1", "5")
    assert caller.heard[0] == APOLOGY


def test_a_function_that_fails_on_a_key_forgets_nothing(call):
    """Only a function that answers a key with another state forgets the failures before."""

    @leads_to(SAME)
    def sometimes(call):
        if call.digits:
            raise ValueError
        return SAME

    caller = call(a=State(ask("A?"), sometimes, on_error="b"), b=State(ask("B?"))).stays_silent().press("5")
    assert (caller.state, caller.session.failure_counts, caller.session.failures_in_row) == (
        "b",
        {"a": {"no-input": 1}},
        1,
    )
