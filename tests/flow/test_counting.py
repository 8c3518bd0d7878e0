"""Failures: silence and wrong keys, counted apart in a state and together in the call, until a operator."""

import pytest
from twilio.twiml.voice_response import Dial

from ivrkit import BACK, HOME, SAME, Goto, Menu, MenuOption, Routes, State, ask, leads_to
from ivrkit.flow.model.outcomes import NO_INPUT, NO_MATCH

WRONG = "Sorry, that is not one of the choices."
OUT = State("Somebody will help you.")


def test_silence_repeats_the_state_without_a_word(call):
    """Silence without a row repeats the state, and nobody is told that a choice was wrong."""
    caller = call(a=State(ask("A?"), Routes({"1": None})), error=State("No.", BACK)).stays_silent()
    assert caller.heard == ["A?"]
    assert caller.events == [("left", "a", NO_INPUT), ("entered", "a", None)]


def test_a_wrong_key_goes_to_error_and_back(call):
    """A wrong key enters the error state, whose own exit is obeyed; its coming back keeps sender and counts."""
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


def test_a_wrong_key_without_an_error_state_is_told(call):
    """Where no error state is installed, the core says it, and the state again."""
    assert call(a=State(ask("A?"), Routes({"1": None}))).press("5").heard == [WRONG, "A?"]


def test_a_wrong_key_in_the_error_state_itself_is_told(call):
    """An error state that asks is not its own error state."""
    states = {"a": State(ask("A?"), Routes({"1": None})), "error": State(ask("No. 1 goes back."), Routes({"1": BACK}))}
    caller = call(states).press("5")
    assert caller.state == "error"
    assert caller.press("5").heard == [WRONG, "No. 1 goes back."]
    assert caller.press("1").state == "a"
    assert caller.session.failure_counts["a"] == {NO_MATCH: 1}, "coming through error keeps the counts"


def test_coming_through_error_by_another_exit_keeps_counts_and_sender(call):
    """Whatever the exit of the error state names, who comes through it has not come afresh."""
    caller = call(
        a=State(ask("A?"), Routes({"1": "b"})),
        b=State(ask("B?"), Routes({"1": BACK})),
        error=State("No.", "b"),
    ).press("1", "5", "5")
    assert caller.session.failure_counts == {"b": {NO_MATCH: 2}}
    assert caller.press("1").state == "a"


def test_home_through_error_keeps_the_counts(call):
    """An error state that leads HOME does not let the counts there begin anew."""
    caller = call(m=State(Menu()), x=State("X.", options=MenuOption("1", "x", menu="m")), error=State("No.", HOME))
    caller.press("5", "5")
    assert caller.session.failure_counts == {"m": {NO_MATCH: 2}}


@pytest.mark.parametrize(("kind", "bring"), [(NO_INPUT, {"Digits": ""}), (NO_MATCH, {"Digits": "5"})])
def test_the_rows_of_silence_and_of_a_wrong_key(call, kind, bring):
    """A row for no-input or no-match comes before otherwise, and counts."""
    caller = call(
        a=State(ask("A?"), Routes({"1": None, kind: Goto(SAME, say="Row.")}, otherwise="b")), b=State(ask("B?"))
    )
    assert caller.webhook(**bring).heard == ["Row.", "A?"]
    assert caller.session.failure_counts == {"a": {kind: 1}}
    assert caller.session.failures_in_row == 1


def test_otherwise_takes_a_wrong_key_without_counting(call):
    """An unmatched key that otherwise takes is no failure."""
    caller = call(a=State(ask("A?"), Routes({"1": None}, otherwise="b")), b=State(ask("B?"))).press("5")
    assert (caller.state, caller.session.failure_counts, caller.session.failures_in_row) == ("b", {}, 0)


def test_silence_counts_even_where_otherwise_answers_it(call):
    """Silence always counts, whoever answers it."""
    caller = call(a=State(ask("A?"), Routes({"1": None}, otherwise="b")), b=State(ask("B?"))).stays_silent()
    assert (caller.state, caller.session.failure_counts, caller.session.failures_in_row) == (
        "b",
        {"a": {NO_INPUT: 1}},
        1,
    )


def test_otherwise_may_be_the_goodbye(call):
    """otherwise=None is a target like any other, and not the same as no otherwise."""
    assert call(a=State(ask("A?"), Routes({"1": "a"}, otherwise=None))).press("5").last.ended


def test_a_matched_key_resets_the_state_and_the_streak(call):
    """A matched key resets this state's counts and the failures in a row."""
    caller = call(a=State(ask("A?"), Routes({"1": SAME}))).stays_silent(2).press("5")
    assert caller.session.failure_counts == {"a": {NO_INPUT: 2, NO_MATCH: 1}}
    assert caller.session.failures_in_row == 3
    assert caller.press("1").session.failure_counts == {}
    assert caller.session.failures_in_row == 0


def test_a_phrase_resets_as_its_key_does(call):
    """A phrase is its option's key."""
    caller = call(m=State(Menu()), x=State(ask("X?"), options=MenuOption("1", "x", phrases="the x", menu="m")))
    caller.stays_silent().says("The X!")
    assert (caller.state, caller.session.failures_in_row, caller.session.failure_counts) == ("x", 0, {})


def test_unknown_words_are_no_match(call):
    """Words that stand for no key are a wrong choice."""
    caller = call(m=State(Menu()), x=State(ask("X?"), options=MenuOption("1", "x", phrases=("x",), menu="m")))
    assert caller.says("something else").heard[0] == WRONG
    assert caller.session.failure_counts == {"m": {NO_MATCH: 1}}


@pytest.mark.parametrize(("bring", "fails"), [({"Digits": ""}, "no-input"), ({"Digits": "5"}, "no-match")])
def test_after_the_tries_of_a_kind_comes_the_way_out(call, bring, fails):
    """The third failure of a kind is the last: the operator, which clears counts and streak."""
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


def test_kinds_are_counted_apart(call):
    """Two silences and two wrong keys are no three of a kind."""
    caller = call(a=State(ask("A?"), Routes({"1": None})), out=OUT, operator="out")
    assert caller.stays_silent(2).press("5", "5").state == "a"
    assert caller.stays_silent().state == "out"


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_a_table_has_its_own_tries_and_give_up(call, tries):
    """Tries and give_up of a table come before the setting and the operator."""
    table = Routes({"1": None}, tries=tries, give_up=Goto("b", say="I give up."))
    caller = call(a=State(ask("A?"), table), b=State(ask("B?")), out=OUT, operator="out", max_failures=9)
    caller.stays_silent(tries - 1)
    assert caller.state == "a"
    assert caller.stays_silent().heard == ["I give up.", "B?"]
    assert not caller.session.operator_tried


def test_the_setting_tries_is_for_tables_that_say_nothing(call):
    """The setting counts where the table does not say."""
    assert call(a=State(ask("A?"), Routes({"1": None})), out=OUT, operator="out", tries=1).stays_silent().state == "out"


def test_the_goodbye_can_be_what_is_given_up_for(call):
    """give_up=Goto(None) ends the call; give_up=None is none, and means the operator."""
    table = Routes({"1": None}, tries=1, give_up=Goto(None, say="Enough."))
    assert call(a=State(ask("A?"), table), out=OUT, operator="out").stays_silent().heard == ["Enough."]


def test_six_failures_in_a_row_are_the_way_out_wherever_they_are(call):
    """The sixth failure in a row in the call is the operator, before any give_up."""
    states = {
        "a": State(ask("A?"), Routes({"1": None, "no-input": "b"})),
        "b": State(ask("B?"), Routes({"1": None, "no-input": "a"}, tries=1, give_up="a")),
    }
    caller = call(states, out=OUT, operator="out").stays_silent(5)
    assert caller.state == "b"
    assert caller.session.failures_in_row == 5
    assert caller.stays_silent().state == "out"


def test_the_number_of_failures_in_a_row_is_a_setting(call):
    """max_failures is the setting."""
    states = {"a": State(ask("A?"), Routes({"1": None}, tries=9)), "out": OUT}
    assert call(states, operator="out", max_failures=2).stays_silent().state == "a"
    assert call(states, operator="out", max_failures=2).stays_silent(2).state == "out"


def test_counts_begin_anew_when_the_caller_comes_afresh(call):
    """Coming by name or HOME lets a state's counts begin anew; the streak goes on."""
    states = {
        "a": State(ask("A?"), Routes({"1": None, "no-input": "b"})),
        "b": State(ask("B?"), Routes({"1": None, "no-input": "a"})),
    }
    caller = call(states).stays_silent(2)
    assert caller.session.failure_counts == {"b": {NO_INPUT: 1}}
    assert caller.session.failures_in_row == 2


def test_counts_stay_when_the_caller_comes_back(call):
    """Coming BACK keeps the counts of the state that is come back to."""
    states = {
        "a": State(ask("A?"), Routes({"1": None, "no-input": "b"})),
        "b": State(ask("B?"), Routes({"1": None, "no-input": BACK})),
    }
    caller = call(states).stays_silent(2)
    assert caller.session.failure_counts == {"a": {NO_INPUT: 1}, "b": {NO_INPUT: 1}}
    caller.stays_silent(2)
    assert caller.session.failure_counts == {"a": {NO_INPUT: 2}, "b": {NO_INPUT: 1}}


def test_the_way_out_is_key_zero_of_the_start_menu(tree):
    """Without a setting, the operator is the option with key 0 in the start menu."""
    states = {"m": State(Menu()), "x": State("X.", options=MenuOption("0", "x", menu="m"))}
    assert tree(states).operator == "x"
    assert tree(states, operator="m").operator == "m"
    assert tree(m=State(Menu()), x=State("X.", options=MenuOption("1", "x", menu="m"))).operator is None
    assert tree(a=State("A.")).operator is None


def test_without_a_way_out_it_is_the_goodbye(call):
    """A tree with no operator says goodbye."""
    assert call(a=State(ask("A?"), Routes({"1": None}))).stays_silent(3).heard == ["Goodbye."]


def test_the_way_out_is_taken_once(call):
    """The second time it would be taken is the goodbye."""
    states = {
        "a": State(ask("A?"), Routes({"1": None}, tries=1)),
        "out": State(ask("Out?"), Routes({"1": "a"}, tries=2)),
    }
    caller = call(states, operator="out").stays_silent()
    assert caller.state == "out"
    assert caller.stays_silent(2).heard == ["Goodbye."]


def test_a_call_of_too_many_webhooks_is_let_go(call):
    """max_turns webhooks of one call, of whatever kind, end it by the operator, then by the goodbye."""
    states = {"a": State(ask("A?"), Routes({"9": SAME})), "out": State(Dial("+15550100"), Routes({"busy": "a"}))}
    caller = call(states, operator="out", max_turns=5)
    caller.press("9", "9", "9")
    assert caller.state == "a"
    assert caller.press("9").state == "out"
    assert caller.dials("busy").heard == ["Goodbye."]
    assert caller.last.ended


def test_a_call_of_too_many_webhooks_still_keeps_its_outcome(call):
    """What the last webhook brought is told all the same."""
    caller = call(a=State(ask("A?"), Routes({"9": SAME})), max_turns=2).press("9")
    assert caller.events == [("left", "a", "9"), ("ended", None, "finished")]


# Rule 7: functions.


def guessing(**limits):
    """A state whose function takes 42, answers 7 with SAME, and everything else with `other`."""

    @leads_to("other", SAME, None, **limits)
    def guess(call):
        return {"42": None, "7": SAME}.get(call.digits, "other")

    return State(ask("Guess."), guess)


def test_a_functions_target_is_taken(call):
    """A function exit decides for keys, words and silence."""
    states = {"a": guessing(), "other": State(ask("Other."))}
    assert call(states).press("42").last.ended
    assert call(states).press("3").state == "other"
    assert call(states).stays_silent().state == "other"


def test_a_function_is_told_the_outcome(call):
    """call.outcome is what happened, as one word."""
    seen = []

    @leads_to(None)
    def look(call):
        seen.append((call.outcome, call.digits, call.speech, call.turn_key))

    for bring in ({"Digits": "12"}, {"SpeechResult": "yes"}, {}):
        call(a=State(ask("A?"), look)).webhook(**bring)
    assert seen == [("12", "12", "", "CA1:2"), ("no-match", "", "yes", "CA1:2"), ("no-input", "", "", "CA1:2")]


def test_a_key_answered_with_same_counts(call):
    """A key that a function answers with SAME is a failure, and any other target resets."""
    caller = call(a=guessing(), other=State(ask("Other."), Routes({"1": BACK}))).press("7", "7")
    assert (caller.session.failure_counts, caller.session.failures_in_row) == ({"a": {NO_MATCH: 2}}, 2)
    assert caller.press("3").session.failure_counts == {}
    assert caller.session.failures_in_row == 0


def test_silence_counts_whatever_a_function_answers(call):
    """Silence counts also where the function leads elsewhere."""
    caller = call(a=guessing(), other=State(ask("Other."))).stays_silent()
    assert (caller.state, caller.session.failure_counts, caller.session.failures_in_row) == (
        "other",
        {"a": {NO_INPUT: 1}},
        1,
    )


@pytest.mark.parametrize("bring", [{"Digits": ""}, {"Digits": "7"}])
def test_at_the_limit_a_functions_target_is_dropped(call, bring):
    """At tries the target is dropped for give_up, else the operator."""
    other = State(ask("Other."), Routes({"1": BACK, "no-input": BACK}))
    caller = call(a=guessing(tries=1, give_up="gave"), other=other, gave=State("Gave up."))
    assert caller.webhook(**bring).heard == ["Gave up."]
    caller = call(a=guessing(tries=1), other=other, out=OUT, operator="out").webhook(**bring)
    assert caller.heard == ["Somebody will help you."]


def test_a_function_decides_after_a_dial_too(call):
    """Rule 7 is for any waiting verb; only input and silence are counted."""

    @leads_to("b", SAME)
    def look(call):
        return "b" if call.outcome == "busy" else SAME

    caller = call(a=State(Dial("+15550100"), look), b=State(ask("B?"))).dials("no-answer")
    assert (caller.state, caller.session.failure_counts) == ("a", {})
    assert caller.dials("busy").state == "b"


def test_a_function_with_the_setting_tries(call):
    """Where @leads_to does not say, the setting counts."""
    caller = call(a=guessing(), other=State("O."), out=OUT, operator="out").press("7", "7")
    assert caller.state == "a"
    assert caller.press("7").state == "out"


@pytest.mark.parametrize("again", ["a", HOME])
def test_going_to_oneself_is_a_repeat(call, again):
    """A state that leads to itself by name, or by HOME, is repeated: its counts go on, and it gives up."""
    table = Routes({"1": None, "no-input": again}, tries=2, give_up="b")
    assert call(a=State(ask("A?"), table), b=State("B.")).stays_silent(2).heard == ["B."]


def test_a_function_that_names_its_own_state_repeats_it(call):
    """It counts as SAME does."""

    @leads_to("a", tries=2, give_up="b")
    def never(call):
        return "a"

    assert call(a=State(ask("A?"), never), b=State("B.")).press("5", "5").heard == ["B."]


def test_key_zero_may_be_a_row(tree):
    """The operator is what key 0 of the start menu leads to, by an option or a row."""
    assert tree(m=State(Menu(), Routes({"0": "x"})), x=State("X.")).operator == "x"
    assert tree(m=State(Menu(), Routes({"0": SAME})), x=State("X.")).operator is None
