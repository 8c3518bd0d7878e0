"""Failures of a plugin's code during a call: the caller is not affected by them."""

import sys

import pytest
from twilio.twiml.voice_response import Dial, Play, VoiceResponse

from ivrkit import BACK, HOME, SAME, FlowError, Goto, Menu, MenuOption, Routes, State, ask, leads_to
from ivrkit.flow.compile.flow_config import EngineHooks
from ivrkit.flow.model.call import HIDDEN_INPUT
from ivrkit.flow.run.response import MAX_STATES_PER_RESPONSE
from ivrkit.flow.run.sandbox import check_data

APOLOGY = "We are sorry, something went wrong."
PLAY = "<Play></Play>"
WRONG = "Sorry, that is not one of the choices."


def boom(call):
    """Raise an error."""
    raise RuntimeError("secret database password")


def exit_process(call):
    """Try to end the process."""
    sys.exit(3)


def tree_with(state, **more):
    """Return a menu with a state under key 1."""
    return {"m": State(Menu("Menu.", repeat=None)), "x": state, **more}


def option(**named):
    """Return the arguments of that state, with its option."""
    return {"options": MenuOption("1", "x", menu="m"), **named}


@pytest.mark.parametrize("enter", [boom, exit_process])
def test_a_failing_enter_function_leads_home_with_an_apology(call, enter):
    """The caller of a failing enter function hears the apology and the menu, and never the exception."""
    caller = call(tree_with(State(enter, **option()))).press("1")
    assert caller.heard == [APOLOGY, "Menu.", "For x, press one."]
    assert caller.state == "m"
    failed = caller.last.events[1]
    assert (failed.name, failed.state.name) == ("failed", "x")
    assert isinstance(failed.error, RuntimeError | SystemExit)
    assert caller.events == [("left", "m", "1"), ("failed", "x", None), ("entered", "m", None)]
    assert "x" not in [state for state, _ in caller.session.path]


def test_on_error_wins_over_home(call):
    """A failing state leads to its on_error, whose origin is the origin of the failed state."""
    caller = call(tree_with(State(boom, on_error="f", **option()), f=State(ask("F?"), Routes({"1": BACK})))).press("1")
    assert caller.heard == [APOLOGY, "F?"]
    assert caller.press("1").state == "m", "BACK leads to the origin of the state that failed"


def test_an_interrupt_is_not_caught(call):
    """KeyboardInterrupt is not caught, so that the process can be ended."""

    def interrupted(call):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call(a=State(interrupted))


def test_a_failing_exit_function_leads_home(call):
    """A failing function exit leads to on_error or HOME, as a failing enter does."""
    caller = call(tree_with(State(ask("X?"), leads_to("m")(boom), **option()))).press("1", "5")
    assert caller.heard[:2] == [APOLOGY, "Menu."]
    assert caller.session.failure_counts == {}


def test_silence_is_counted_although_the_function_fails(call):
    """A silent caller of a failing function exit is let go after the last try."""
    failing = State(ask("X?"), leads_to(SAME)(boom), on_error="y")
    caller = call({"x": failing, "y": State(ask("Y?"), Routes({"no-input": "x"}))})
    caller.stays_silent(5)
    assert caller.session.failures_in_row == 5
    assert caller.stays_silent().last.ended


def test_a_failing_exit_function_of_a_state_that_does_not_wait(call):
    """A state that only decides, and fails, is a failed state."""
    states = tree_with(
        State("X.", leads_to("m")(boom), on_error="f", **option()), f=State(ask("F?"), Routes({"1": BACK}))
    )
    caller = call(states).press("1")
    assert caller.heard == ["X.", APOLOGY, "F?"]
    assert caller.press("1").heard == ["X.", APOLOGY, "F?"], "the router itself sent the caller on"


def test_a_target_that_was_not_declared_is_a_failure(call):
    """A function exit that returns a target it did not declare has failed, and the error names both."""

    @leads_to("m", SAME)
    def wander(call):
        return {"1": "elsewhere", "2": ["m"], "3": Goto(HOME)}[call.digits]

    for key, shown in (("1", "'elsewhere'"), ("2", "['m']"), ("3", "Goto(HOME)")):
        caller = call(tree_with(State(ask("X?"), wander, **option()))).press("1", key)
        error = next(each.error for each in caller.last.events if each.name == "failed")
        assert error.message == f"its exit function 'wander' must return one of ['m', SAME], not {shown}"
        assert error.hint == "name every target that it returns in @leads_to"
        assert caller.heard[0] == APOLOGY


def test_a_callable_object_is_called_a_function_in_the_error(call):
    """The error about a callable object without a name calls it a function."""

    class Wander:
        def __call__(self, call):
            return "elsewhere"

    caller = call(a=State(ask("A?"), leads_to(None)(Wander()))).press("1")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == "its exit function 'function' must return one of [None], not 'elsewhere'"


NO_PROMPT = "enter must give a text, a verb, a list of these, or a Menu, not {!r}"
WRITE_A_PROMPT = "write a prompt; a function must return one from every branch"


@pytest.mark.parametrize(
    ("content", "message", "hint"),
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
def test_an_invalid_result_of_enter_is_a_failure(call, content, message, hint):
    """The result of an enter function is checked at the call as data is at start."""
    caller = call(tree_with(State(lambda call: content, Routes({"1": None}), **option()))).press("1")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == message
    assert hint is None or error.hint == hint
    assert caller.heard[:2] == [APOLOGY, "Menu."]


def test_content_that_is_too_long_is_a_failure(call):
    """A state that would make the response too long for Twilio has failed."""
    caller = call(tree_with(State(lambda call: Play("x" * 63_000), **option()))).press("1")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == f"the response must have at most 63000 bytes, not {63_000 + len(PLAY)}"
    assert error.hint == "say less, or play a recording"
    assert caller.state == "m"


def test_the_limit_is_for_the_whole_response(call):
    """If several states are too long together, the last one has failed."""
    long, longer = Play("b" * 30_000), Play("a" * 40_000)
    caller = call({"a": State(longer, "b"), "b": State(long, on_error="c"), "c": State("C.")})
    assert caller.xml.startswith(f"{longer}<Say".replace('<?xml version="1.0" encoding="UTF-8"?>', ""))
    assert caller.heard == [APOLOGY, "C."]
    fits = Play("a" * (63_000 - len(PLAY)))
    assert len(call(a=State(fits)).xml) == 63_000 + len("<Hangup />")


def test_a_loop_of_functions_is_a_failure(call):
    """Function exits that lead in a loop, without a state that waits, are stopped."""
    loop = {"a": State([], leads_to("b")(lambda call: "b")), "b": State([], leads_to("a")(lambda call: "a"))}
    caller = call(loop, out=State(ask("Out?")), operator="out")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == (
        f"one response must enter at most {MAX_STATES_PER_RESPONSE} states, and none of these waits"
    )
    assert error.hint == "let one of the states wait for input: their exit functions form a loop"
    assert (caller.heard, caller.state) == ([APOLOGY, "Out?"], "out")
    assert [each.name for each in caller.last.events].count("entered") == MAX_STATES_PER_RESPONSE + 1


def test_a_long_path_is_no_loop(call):
    """One response can enter as many states as the limit allows."""
    states = {f"s{index}": State([], f"s{index + 1}") for index in range(MAX_STATES_PER_RESPONSE - 1)}
    assert call({**states, f"s{MAX_STATES_PER_RESPONSE - 1}": State("There.")}).heard == ["There."]


def test_a_failed_state_is_not_entered_again_in_the_same_response(call):
    """A failure never leads to a state that failed during the same webhook, and ends with the goodbye."""
    states = {"a": State(boom, on_error="b"), "b": State(boom, on_error="a")}
    caller = call(states)
    assert caller.heard == [APOLOGY, "Goodbye."]
    assert [each[:2] for each in caller.events] == [
        ("started", None),
        ("failed", "a"),
        ("failed", "b"),
        ("ended", None),
    ]


def test_a_failing_operator_is_replaced_by_the_goodbye(call):
    """If the operator fails too, the call ends with the goodbye."""
    caller = call({"a": State(boom), "out": State(boom)}, operator="out")
    assert caller.heard == [APOLOGY, "Goodbye."]


def test_an_exit_to_a_failed_state_leads_to_the_operator(call):
    """Any target that failed during the same webhook is replaced by the operator."""
    states = {"a": State(boom, on_error="b"), "b": State("B.", "a"), "out": State(ask("Out?"))}
    assert call(states, operator="out").heard == [APOLOGY, "B.", "Out?"]


def test_the_start_menu_follows_a_failed_home(call):
    """If HOME has failed, the start menu is tried next."""
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


def test_a_failing_error_state_is_replaced_by_the_cores_sentence(call):
    """If `error` fails, the caller hears the core's sentence and goes BACK. Failures and origin stay."""
    for enter in (boom, exit_process):
        caller = call(tree_with(State("X.", **option()), error=State(enter, BACK))).press("7")
        assert caller.heard == [WRONG, "Menu.", "For x, press one."]
        assert caller.session.failure_counts == {"m": {"no-match": 1}}
        assert [each[:2] for each in caller.events] == [("left", "m"), ("failed", "error"), ("entered", "m")]


def test_a_failing_exit_of_the_error_state(call):
    """A failing exit of `error` has the same result as a failing enter of it."""
    states = tree_with(State("X.", **option()), error=State("No.", leads_to(BACK)(boom)))
    assert call(states).press("7").heard == ["No.", WRONG, "Menu.", "For x, press one."]


# data


def test_data_is_stored_between_webhooks(call):
    """call.data is a dict of the handlers that is stored between the webhooks of a call."""

    def count(call):
        call.data["times"] = call.data.get("times", 0) + 1
        return ask(f"{call.data['times']}?")

    caller = call(a=State(count, Routes({"1": SAME}))).press("1", "1")
    assert caller.heard == ["3?"]
    assert caller.session.data == {"times": 3}


def test_a_failing_handler_leaves_data_unchanged(call):
    """Changes of a failing handler to call.data are undone."""

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


@pytest.mark.parametrize("is_raised", [False, True])
@pytest.mark.parametrize("name", ["data", "params", "sid"])
def test_a_handler_that_replaces_an_attribute_has_failed(call, name, is_raised):
    """A handler that replaces an attribute of the frozen call has failed, and the attribute is restored."""
    calls = []

    def spoil(call):
        calls.append((call, getattr(call, name)))
        call.data["more"] = 1
        object.__setattr__(call, name, None)
        if is_raised:
            raise ValueError
        return ask("A?")

    def keep(call):
        assert getattr(call, name) == calls[0][1]
        return ask("B?")

    caller = call({"a": State(spoil, on_error="b"), "b": State(keep)})
    assert caller.heard == [APOLOGY, "B?"]
    assert caller.session.data == {}
    ((spoilt, value),) = calls
    assert getattr(spoilt, name) is value
    failed = next(each for each in caller.last.events if each.name == "failed")
    assert str(failed.error).startswith("" if is_raised else f"call.{name} must not be replaced\n")


@pytest.mark.parametrize("bad", [{1, 2}, float("nan"), b"bytes", object()])
def test_data_that_is_not_json_is_a_failure(call, bad):
    """A handler that exit_process data that cannot be stored has failed."""

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
def test_data_must_be_loaded_as_it_was_stored(data, message):
    """Data that JSON refuses or changes raises an error with the reason."""
    with pytest.raises(FlowError) as caught:
        check_data(data)
    assert caught.value.message == message
    assert caught.value.hint == "store strings, numbers, booleans, None, lists, and dicts with strings as keys"


def nested(levels):
    """Return lists that are nested in each other."""
    found = []
    for _ in range(levels - 1):
        found = [found]
    return found


@pytest.mark.parametrize("levels", [100, 400, 900, 100_000])
def test_data_that_is_nested_too_deep_is_a_failure(call, levels):
    """A handler that stores deeply nested data has failed, even if JSON could store the data."""

    def nest(call):
        call.data["deep"] = {"list": nested(levels - 1)}
        return "X."

    edit = EngineHooks(edit_response=lambda call, state, twiml: twiml)  # hooks get a copy of the data
    caller = call(tree_with(State(nest, **option())), hooks=edit).press("1")
    assert caller.heard[0] == APOLOGY
    assert caller.session.data == {}
    (failed,) = [each for each in caller.last.events if each.name == "failed"]
    assert failed.error.message.startswith(
        f"call.data must be nested at most 100 levels deep, not {levels + 1}"
        if levels < 1000
        else "call.data cannot be"
    )


def test_nested_data_is_accepted():
    """Data may be nested a hundred levels deep."""
    assert check_data({"deep": nested(99), "text": "[" * 200}) is None


def test_data_of_json_types_is_accepted():
    """Data can be strings, numbers, booleans, None, lists and dicts."""
    assert check_data({"a": [1, 2.5, "x", True, None, {"b": []}]}) is None


def test_data_must_not_be_nan():
    """NaN is refused, because JSON has no NaN."""
    with pytest.raises(
        FlowError, match=r"call\.data cannot be stored: Out of range float values are not JSON compliant"
    ):
        check_data({"a": float("nan")})


# hooks of the flow


def test_the_hook_for_failures_chooses_the_next_state(call):
    """The hook gets call, state, error and whether the input is secret. Its state wins over on_error."""
    seen = []

    def failed(call, state, error, secret):
        seen.append((call.digits, state.name, type(error), secret))
        return "f"

    states = tree_with(State(boom, on_error="g", **option()), f=State(ask("F?")), g=State(ask("G?")))
    assert call(states, hooks=EngineHooks(state_failed=failed)).press("1").heard == [APOLOGY, "F?"]
    assert seen == [("1", "x", RuntimeError, False)]


def test_an_invalid_choice_of_the_hook_is_ignored(call):
    """None, an unknown state and a failed state from the hook are ignored."""
    for answer in (None, "nowhere", "x"):
        states = tree_with(State(boom, on_error="g", **option()), g=State(ask("G?")))
        assert call(states, hooks=EngineHooks(state_failed=lambda *_, answer=answer: answer)).press("1").heard == [
            APOLOGY,
            "G?",
        ]


def test_the_hook_can_choose_for_the_error_state(call):
    """If the hook chooses a state for a failed `error`, the caller hears the apology and goes there."""
    states = tree_with(State("X.", **option()), error=State(boom, BACK), f=State(ask("F?")))
    assert call(states, hooks=EngineHooks(state_failed=lambda *_: "f")).press("7").heard == [APOLOGY, "F?"]


def test_a_hook_can_edit_the_document(call):
    """The document that edit_response returns is sent. It is not called after the caller has hung up."""
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
    """Return a state whose input is secret."""
    return {"pin": State(ask("PIN?"), exit, secret=True), "b": State("B."), **more}


@pytest.mark.parametrize("bring", [{"Digits": "4711"}, {"SpeechResult": "four seven one one"}])
def test_the_input_of_a_secret_state_is_hidden(call, bring):
    """Events, path and the observers' call have no secret input. The handlers' call has it."""
    seen = []

    @leads_to("b")
    def look(call):
        seen.append(call.digits or call.speech)
        return "b"

    caller = call(secret_tree(look)).webhook(**bring)
    assert seen == list(bring.values())
    assert caller.events[0] == ("left", "pin", HIDDEN_INPUT)
    assert caller.session.path[0] == ["pin", HIDDEN_INPUT]
    seen = caller.last.call.copy_for_observers(secret=caller.last.secret)
    assert (seen.digits, seen.speech, seen.outcome) == (HIDDEN_INPUT, HIDDEN_INPUT, HIDDEN_INPUT)
    assert [seen.params[name] for name in bring] == [HIDDEN_INPUT]
    assert seen.params["CallSid"] == "CA1"
    assert "4711" not in caller.session.to_json()


def test_silence_in_a_secret_state_is_not_hidden(call):
    """The outcome no-input is shown even in a secret state."""
    caller = call(secret_tree(Routes({"1": "b"}))).stays_silent()
    assert caller.events[0] == ("left", "pin", "no-input")


def test_the_input_of_another_state_is_not_hidden(call):
    """The input of a state that is not secret is shown."""
    caller = call(a=State(ask("A?"), Routes({"1": "b"})), b=State("B.")).press("1")
    assert (caller.last.call.digits, caller.last.call.outcome) == ("1", "1")


def test_only_input_of_a_gather_is_hidden(call):
    """The outcome of a Dial in a secret state is shown, because it is not input."""
    caller = call(a=State(Dial("+15550100"), Routes({"busy": None}), secret=True)).dials("busy")
    assert caller.events[0] == ("left", "a", "busy")


def test_the_hook_for_failures_gets_no_secret(call):
    """The hook gets secret=True and a call without the input, even if a later state fails."""
    seen = []

    def failed(call, state, error, secret):
        seen.append((call.digits, state.name, secret))

    states = secret_tree(Routes({"4711": "b"}), b=State(boom))
    call(states, hooks=EngineHooks(state_failed=failed)).press("4711")
    assert seen == [(HIDDEN_INPUT, "b", True)]


def test_the_hook_for_documents_gets_no_secret(call):
    """edit_response gets a call without the secret input."""
    seen = []

    def edit(call, state, twiml):
        seen.append(call.digits)
        return twiml

    call(secret_tree(Routes({"1": "b"})), hooks=EngineHooks(edit_response=edit)).press("1")
    assert seen == ["", HIDDEN_INPUT]


def test_the_last_input_of_a_secret_state_is_hidden(call):
    """The input that arrives after the caller has hung up is hidden too."""
    caller = call(secret_tree(Routes({"4711": "b"}))).webhook(status="completed", Digits="4711")
    assert caller.session.path == [["pin", HIDDEN_INPUT]]


def test_input_stays_secret_if_a_deploy_removes_its_state(call, tree):
    """The session remembers that the input is secret, because a deploy may remove the state before it arrives."""
    caller = call(secret_tree(Routes({"4711": "b"})))
    caller.flow = tree(m=State(Menu("Menu.")), x=State("X.", options=MenuOption("1", "x", menu="m")))
    caller.press("4711")
    assert caller.events[0] == ("left", None, HIDDEN_INPUT)
    assert caller.last.secret
    assert "4711" not in caller.session.to_json()


def test_the_error_of_a_secret_state_is_hidden(call):
    """The event has a redacted error, and a hook cannot find the original as the one being handled."""
    handled = []

    def failed(call, state, error, secret):
        handled.append(sys.exc_info()[1])

    @leads_to("b")
    def leak(call):
        raise ValueError(call.digits)

    caller = call(secret_tree(leak), hooks=EngineHooks(state_failed=failed)).press("4711")
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == "ValueError (its message is hidden, because the input was secret)"
    assert handled == [None]


def test_hooks_get_a_copy_of_data(call):
    """A hook that changes data changes a copy, so that the session can still be saved."""

    def spoil(call, *_):
        call.data["when"] = object()

    def edit(call, state, twiml):
        spoil(call)
        return twiml

    states = {"a": State(ask("A?"), Routes({"1": "b"})), "b": State(boom, on_error="a")}
    caller = call(states, hooks=EngineHooks(edit_response=edit, state_failed=spoil)).press("1")
    caller.last.call.copy_for_observers(secret=False).data["more"] = object()
    assert (caller.state, caller.session.data) == ("a", {})


def test_the_parameters_of_a_call_are_read_only(call):
    """A handler that changes the parameters of a call fails."""
    caller = call(a=State(lambda call: call.params.pop("CallSid"), on_error="b"), b=State(ask("B?")))
    assert caller.heard == [APOLOGY, "B?"]


def test_prompts_of_a_goto_that_do_not_fit_are_left_out(call):
    """Prompts of a Goto that would make the response too long are left out. Its state is entered."""
    states = {"a": State(Play("a" * 40_000), Goto("b", say=[Play("w" * 30_000), "W."])), "b": State("B.")}
    caller = call(states)
    assert caller.heard == ["B."]
    assert "a" * 40_000 in caller.xml
    assert "w" not in caller.xml


def test_prompts_that_could_never_fit_are_a_failure(call):
    """A function that returns prompts longer than any response has failed."""

    @leads_to("b")
    def talk(call):
        return Goto("b", say=Play("w" * 63_000))

    caller = call(tree_with(State(ask("X?"), talk, **option()), b=State("B."))).press("1", "5")
    assert caller.heard[0] == APOLOGY


def test_a_failing_function_does_not_reset_the_failures(call):
    """Only a function that answers a key with another state resets the failures."""

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
