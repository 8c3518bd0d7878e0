"""Failures: silence and wrong keys are counted per state and outcome, and in a row per call."""

import pytest
from twilio.twiml.voice_response import Dial

from ivrkit import BACK, HOME, SAME, Goto, Menu, MenuOption, Routes, State, ask, leads_to
from ivrkit.flow.model.outcomes import NO_INPUT, NO_MATCH

WRONG = "Sorry, that is not one of the choices."
OUT = State("Somebody will help you.")


def test_silence_without_a_row_repeats_the_state(call):
    """Silence without a row repeats the state, and the caller hears no sentence about a wrong choice."""
    caller = call(a=State(ask("A?"), Routes({"1": None})), error=State("No.", BACK)).stays_silent()
    assert caller.heard == ["A?"]
    assert caller.events == [("left", "a", NO_INPUT), ("entered", "a", None)]


def test_a_wrong_key_leads_through_the_error_state(call):
    """A wrong key enters the state `error`. Its exit BACK keeps the failures and the origin of the first state."""
    caller = call(
        a=State(ask("A?"), Routes({"1": "b"})),
        b=State(ask("B?"), Routes({"1": None, "2": BACK})),
        error=State("No.", BACK),
        operator="out",
        out=OUT,
    ).press("1", "5")
    assert caller.heard == ["No.", "B?"]
    assert caller.events == [
        ("left", "b", "5"),
        ("entered", "error", None),
        ("left", "error", None),
        ("entered", "b", None),
    ]
    assert caller.session.failure_counts == {"b": {NO_MATCH: 1}}
    assert caller.press("2").state == "a"


def test_a_wrong_key_without_an_error_state(call):
    """Without a state `error`, a wrong key is answered with the core's sentence and the state again."""
    assert call(a=State(ask("A?"), Routes({"1": None}))).press("5").heard == [WRONG, "A?"]


def test_a_wrong_key_in_the_error_state_itself(call):
    """An `error` state that asks a question answers a wrong key with the core's sentence."""
    states = {"a": State(ask("A?"), Routes({"1": None})), "error": State(ask("No. 1 goes back."), Routes({"1": BACK}))}
    caller = call(states).press("5")
    assert caller.state == "error"
    assert caller.press("5").heard == [WRONG, "No. 1 goes back."]
    assert caller.press("1").state == "a"
    assert caller.session.failure_counts["a"] == {NO_MATCH: 1}, "coming through error keeps the counts"


def test_any_exit_of_the_error_state_keeps_failures_and_origin(call):
    """Any target of the exit of `error` returns the caller to their state, with its failures and its origin."""
    caller = call(
        a=State(ask("A?"), Routes({"1": "b"})),
        b=State(ask("B?"), Routes({"1": BACK})),
        error=State("No.", "b"),
    ).press("1", "5", "5")
    assert caller.session.failure_counts == {"b": {NO_MATCH: 2}}
    assert caller.press("1").state == "a"


def test_home_from_the_error_state_keeps_the_failures(call):
    """An `error` state that leads HOME does not reset the failures of that menu."""
    caller = call(m=State(Menu()), x=State("X.", options=MenuOption("1", "x", menu="m")), error=State("No.", HOME))
    caller.press("5", "5")
    assert caller.session.failure_counts == {"m": {NO_MATCH: 2}}


@pytest.mark.parametrize(("failure", "bring"), [(NO_INPUT, {"Digits": ""}), (NO_MATCH, {"Digits": "5"})])
def test_rows_for_silence_and_wrong_keys_win_over_otherwise(call, failure, bring):
    """A row for no-input or no-match wins over otherwise, and the failure is counted."""
    caller = call(
        a=State(ask("A?"), Routes({"1": None, failure: Goto(SAME, say="Row.")}, otherwise="b")), b=State(ask("B?"))
    )
    assert caller.webhook(**bring).heard == ["Row.", "A?"]
    assert caller.session.failure_counts == {"a": {failure: 1}}
    assert caller.session.failures_in_row == 1


def test_a_wrong_key_that_otherwise_takes_is_not_counted(call):
    """A wrong key is no failure if the table has otherwise."""
    caller = call(a=State(ask("A?"), Routes({"1": None}, otherwise="b")), b=State(ask("B?"))).press("5")
    assert (caller.state, caller.session.failure_counts, caller.session.failures_in_row) == ("b", {}, 0)


def test_silence_that_otherwise_takes_is_counted(call):
    """Silence is a failure even if the table has otherwise."""
    caller = call(a=State(ask("A?"), Routes({"1": None}, otherwise="b")), b=State(ask("B?"))).stays_silent()
    assert (caller.state, caller.session.failure_counts, caller.session.failures_in_row) == (
        "b",
        {"a": {NO_INPUT: 1}},
        1,
    )


def test_otherwise_none_is_the_goodbye(call):
    """otherwise=None leads to the goodbye. A table without otherwise is something else."""
    assert call(a=State(ask("A?"), Routes({"1": "a"}, otherwise=None))).press("5").last.ended


def test_a_matched_key_resets_the_failures(call):
    """A matched key resets the failures of the state and the failures in a row."""
    caller = call(a=State(ask("A?"), Routes({"1": SAME}))).stays_silent(2).press("5")
    assert caller.session.failure_counts == {"a": {NO_INPUT: 2, NO_MATCH: 1}}
    assert caller.session.failures_in_row == 3
    assert caller.press("1").session.failure_counts == {}
    assert caller.session.failures_in_row == 0


def test_a_matched_phrase_resets_the_failures(call):
    """A phrase resets the failures as its key does."""
    caller = call(m=State(Menu()), x=State(ask("X?"), options=MenuOption("1", "x", phrases="the x", menu="m")))
    caller.stays_silent().says("The X!")
    assert (caller.state, caller.session.failures_in_row, caller.session.failure_counts) == ("x", 0, {})


def test_unknown_words_are_a_wrong_choice(call):
    """Words that stand for no key have the outcome no-match."""
    caller = call(m=State(Menu()), x=State(ask("X?"), options=MenuOption("1", "x", phrases=("x",), menu="m")))
    assert caller.says("something else").heard[0] == WRONG
    assert caller.session.failure_counts == {"m": {NO_MATCH: 1}}


@pytest.mark.parametrize(("bring", "fails"), [({"Digits": ""}, "no-input"), ({"Digits": "5"}, "no-match")])
def test_the_last_try_leads_to_the_operator(call, bring, fails):
    """The third failure of one outcome leads to the operator, which resets all failures."""
    caller = call(a=State(ask("A?"), Routes({"1": None})), out=OUT, operator="out")
    caller.webhook(**bring).webhook(**bring)
    assert (caller.state, caller.session.failure_counts) == ("a", {"a": {fails: 2}})
    caller.webhook(**bring)
    assert caller.heard == ["Somebody will help you."]
    assert (caller.session.failure_counts, caller.session.failures_in_row, caller.session.operator_tried) == (
        {},
        0,
        True,
    )


def test_silence_and_wrong_keys_are_counted_separately(call):
    """Two silences and two wrong keys are not three failures of one outcome."""
    caller = call(a=State(ask("A?"), Routes({"1": None})), out=OUT, operator="out")
    assert caller.stays_silent(2).press("5", "5").state == "a"
    assert caller.stays_silent().state == "out"


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_tries_and_give_up_of_a_table(call, tries):
    """The tries and give_up of a table win over the setting and the operator."""
    table = Routes({"1": None}, tries=tries, give_up=Goto("b", say="I give up."))
    caller = call(a=State(ask("A?"), table), b=State(ask("B?")), out=OUT, operator="out", max_failures=9)
    caller.stays_silent(tries - 1)
    assert caller.state == "a"
    assert caller.stays_silent().heard == ["I give up.", "B?"]
    assert not caller.session.operator_tried


def test_the_setting_tries(call):
    """The setting tries holds for a table without tries."""
    assert call(a=State(ask("A?"), Routes({"1": None})), out=OUT, operator="out", tries=1).stays_silent().state == "out"


def test_give_up_can_end_the_call(call):
    """give_up=Goto(None) ends the call. give_up=None means the operator."""
    table = Routes({"1": None}, tries=1, give_up=Goto(None, say="Enough."))
    assert call(a=State(ask("A?"), table), out=OUT, operator="out").stays_silent().heard == ["Enough."]


def test_six_failures_in_a_row_lead_to_the_operator(call):
    """The sixth failure in a row leads to the operator, in any state and before any give_up."""
    states = {
        "a": State(ask("A?"), Routes({"1": None, "no-input": "b"})),
        "b": State(ask("B?"), Routes({"1": None, "no-input": "a"}, tries=1, give_up="a")),
    }
    caller = call(states, out=OUT, operator="out").stays_silent(5)
    assert caller.state == "b"
    assert caller.session.failures_in_row == 5
    assert caller.stays_silent().state == "out"


def test_the_setting_max_failures(call):
    """The setting max_failures is the number of failures in a row that lead to the operator."""
    states = {"a": State(ask("A?"), Routes({"1": None}, tries=9)), "out": OUT}
    assert call(states, operator="out", max_failures=2).stays_silent().state == "a"
    assert call(states, operator="out", max_failures=2).stays_silent(2).state == "out"


def test_arriving_at_a_state_resets_its_failures(call):
    """Arriving by name or HOME resets the failures of a state, but not the failures in a row."""
    states = {
        "a": State(ask("A?"), Routes({"1": None, "no-input": "b"})),
        "b": State(ask("B?"), Routes({"1": None, "no-input": "a"})),
    }
    caller = call(states).stays_silent(2)
    assert caller.session.failure_counts == {"b": {NO_INPUT: 1}}
    assert caller.session.failures_in_row == 2


def test_back_keeps_the_failures(call):
    """Coming BACK to a state keeps its failures."""
    states = {
        "a": State(ask("A?"), Routes({"1": None, "no-input": "b"})),
        "b": State(ask("B?"), Routes({"1": None, "no-input": BACK})),
    }
    caller = call(states).stays_silent(2)
    assert caller.session.failure_counts == {"a": {NO_INPUT: 1}, "b": {NO_INPUT: 1}}
    caller.stays_silent(2)
    assert caller.session.failure_counts == {"a": {NO_INPUT: 2}, "b": {NO_INPUT: 1}}


def test_the_operator_is_key_zero_of_the_start_menu(tree):
    """Without the setting, the operator is the option with key 0 in the start menu."""
    states = {"m": State(Menu()), "x": State("X.", options=MenuOption("0", "x", menu="m"))}
    assert tree(states).operator == "x"
    assert tree(states, operator="m").operator == "m"
    assert tree(m=State(Menu()), x=State("X.", options=MenuOption("1", "x", menu="m"))).operator is None
    assert tree(a=State("A.")).operator is None


def test_without_an_operator_the_call_ends(call):
    """A tree without an operator says goodbye after too many failures."""
    assert call(a=State(ask("A?"), Routes({"1": None}))).stays_silent(3).heard == ["Goodbye."]


def test_the_operator_is_tried_once_per_call(call):
    """The second time in a call, the operator is replaced by the goodbye."""
    states = {
        "a": State(ask("A?"), Routes({"1": None}, tries=1)),
        "out": State(ask("Out?"), Routes({"1": "a"}, tries=2)),
    }
    caller = call(states, operator="out").stays_silent()
    assert caller.state == "out"
    assert caller.stays_silent(2).heard == ["Goodbye."]


def test_too_many_webhooks_end_a_call(call):
    """After max_turns webhooks of any sort, the caller goes to the operator, then hears the goodbye."""
    states = {"a": State(ask("A?"), Routes({"9": SAME})), "out": State(Dial("+15550100"), Routes({"busy": "a"}))}
    caller = call(states, operator="out", max_turns=5)
    caller.press("9", "9", "9")
    assert caller.state == "a"
    assert caller.press("9").state == "out"
    assert caller.dials("busy").heard == ["Goodbye."]
    assert caller.last.ended


def test_the_last_webhook_of_a_long_call_is_recorded(call):
    """The outcome of the webhook that ends a long call is still recorded."""
    caller = call(a=State(ask("A?"), Routes({"9": SAME})), max_turns=2).press("9")
    assert caller.events == [("left", "a", "9"), ("ended", None, "finished")]


# Rule 7: functions.


def guessing(**limits):
    """Return a state whose function takes 42, answers 7 with SAME, and everything else with `other`."""

    @leads_to("other", SAME, None, **limits)
    def guess(call):
        return {"42": None, "7": SAME}.get(call.digits, "other")

    return State(ask("Guess."), guess)


def test_a_function_decides_the_target(call):
    """A function exit decides the target of keys, words and silence."""
    states = {"a": guessing(), "other": State(ask("Other."))}
    assert call(states).press("42").last.ended
    assert call(states).press("3").state == "other"
    assert call(states).stays_silent().state == "other"


def test_a_function_gets_the_outcome(call):
    """A function exit reads the outcome as one word from call.outcome."""
    seen = []

    @leads_to(None)
    def look(call):
        seen.append((call.outcome, call.digits, call.speech, call.turn_key))

    for bring in ({"Digits": "12"}, {"SpeechResult": "yes"}, {}):
        call(a=State(ask("A?"), look)).webhook(**bring)
    assert seen == [("12", "12", "", "CA1:2"), ("no-match", "", "yes", "CA1:2"), ("no-input", "", "", "CA1:2")]


def test_a_key_that_a_function_answers_with_same_is_a_failure(call):
    """SAME from a function counts the key as a failure. Any other target resets the failures."""
    caller = call(a=guessing(), other=State(ask("Other."), Routes({"1": BACK}))).press("7", "7")
    assert (caller.session.failure_counts, caller.session.failures_in_row) == ({"a": {NO_MATCH: 2}}, 2)
    assert caller.press("3").session.failure_counts == {}
    assert caller.session.failures_in_row == 0


def test_silence_is_a_failure_for_every_target_of_a_function(call):
    """Silence is a failure even if the function leads to another state."""
    caller = call(a=guessing(), other=State(ask("Other."))).stays_silent()
    assert (caller.state, caller.session.failure_counts, caller.session.failures_in_row) == (
        "other",
        {"a": {NO_INPUT: 1}},
        1,
    )


@pytest.mark.parametrize("bring", [{"Digits": ""}, {"Digits": "7"}])
def test_the_last_try_replaces_the_target_of_a_function(call, bring):
    """At the last try, the target of a function is replaced by give_up, else by the operator."""
    other = State(ask("Other."), Routes({"1": BACK, "no-input": BACK}))
    caller = call(a=guessing(tries=1, give_up="gave"), other=other, gave=State("Gave up."))
    assert caller.webhook(**bring).heard == ["Gave up."]
    caller = call(a=guessing(tries=1), other=other, out=OUT, operator="out").webhook(**bring)
    assert caller.heard == ["Somebody will help you."]


def test_a_function_decides_after_a_dial(call):
    """A function exit decides after any waiting verb, but only input and silence are counted."""

    @leads_to("b", SAME)
    def look(call):
        return "b" if call.outcome == "busy" else SAME

    caller = call(a=State(Dial("+15550100"), look), b=State(ask("B?"))).dials("no-answer")
    assert (caller.state, caller.session.failure_counts) == ("a", {})
    assert caller.dials("busy").state == "b"


def test_the_setting_tries_for_a_function(call):
    """The setting tries holds for @leads_to without tries."""
    caller = call(a=guessing(), other=State("O."), out=OUT, operator="out").press("7", "7")
    assert caller.state == "a"
    assert caller.press("7").state == "out"


@pytest.mark.parametrize("again", ["a", HOME])
def test_a_state_that_leads_to_itself_is_repeated(call, again):
    """A state that leads to itself, by name or by HOME, keeps its failures and gives up after the tries."""
    table = Routes({"1": None, "no-input": again}, tries=2, give_up="b")
    assert call(a=State(ask("A?"), table), b=State("B.")).stays_silent(2).heard == ["B."]


def test_a_function_that_returns_its_own_state_repeats_it(call):
    """The own state as the target of a function counts as SAME does."""

    @leads_to("a", tries=2, give_up="b")
    def never(call):
        return "a"

    assert call(a=State(ask("A?"), never), b=State("B.")).press("5", "5").heard == ["B."]


def test_the_operator_can_be_a_row_of_the_start_menu(tree):
    """The operator is the target of key 0 in the start menu, be it an option or a row."""
    assert tree(m=State(Menu(), Routes({"0": "x"})), x=State("X.")).operator == "x"
    assert tree(m=State(Menu(), Routes({"0": SAME})), x=State("X.")).operator is None
