"""States that a call must not enter at the moment, because they are in quarantine."""

import pytest
from tests.flow.conftest import EngineCall

from ivrkit import BACK, HOME, Menu, MenuOption, Routes, State, ask, leads_to
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.text import Texts
from ivrkit.flow.run.turn import FallbackStep

UNAVAILABLE = "Sorry, that is not available at the moment."
NO_OPTIONS = "There are no options at the moment."
REPEAT = "To hear this again, press nine."
A, B = "For a, press one.", "For b, press two."


def must_not_run(call):
    """Fail the test."""
    pytest.fail("the state is closed")


def shop(menu=None, **a):
    """Return a menu with the options a and b. The code of a must not run."""
    return {
        "m": menu or State(Menu("Menu.")),
        "a": State(must_not_run, options=MenuOption("1", "a", menu="m", phrases=("apples",)), **a),
        "b": State(ask("B?"), Routes({"1": "a"}, otherwise=HOME), options=MenuOption("2", "b", menu="m")),
        "x": State(ask("X?"), Routes({"1": BACK})),
    }


@pytest.fixture
def call(tree):
    """Return a function that starts a call in the states of a tree. The call must not enter the closed states."""

    def start(states, *closed, **more):
        caller = EngineCall(tree(states, **more))
        caller.closed = set(closed)
        return caller.webhook(status="ringing")

    return start


def menu_of_function(call):
    """Return the prompts of a menu."""
    return Menu("Menu.")


@pytest.mark.parametrize("enter", [Menu("Menu."), menu_of_function])
def test_a_menu_leaves_out_the_option_of_a_closed_state(call, enter):
    """The caller does not hear the option, whether the menu is data or is made by a function."""
    caller = call(shop(State(enter)), "a")
    assert caller.heard == ["Menu.", B, REPEAT]


def test_a_menu_has_all_options_if_another_state_is_closed(call):
    """A closed state without an option in the menu does not change the menu."""
    assert call(shop(), "x").heard == ["Menu.", A, B, REPEAT]


def test_the_option_is_back_when_the_state_is_open_again(call):
    """A menu that is read again has the option of a state that is no longer closed."""
    caller = call(shop(), "a")
    caller.closed = set()
    assert caller.press("9").heard == ["Menu.", A, B, REPEAT]


def test_a_menu_whose_options_are_all_closed_still_waits(call):
    """The caller hears that there are no options, and the call goes on."""
    caller = call(shop(), "a", "b")
    assert caller.heard == ["Menu.", NO_OPTIONS, REPEAT]
    assert caller.session.waiting_verb == "Gather"


def test_a_menu_without_repeat_key_waits_when_all_options_are_closed(call):
    """The caller hears that there are no options, and can still be led to the operator by silence."""
    caller = call(shop(State(Menu("Menu.", repeat=None))), "a", "b")
    assert caller.heard == ["Menu.", NO_OPTIONS]
    assert caller.session.waiting_verb == "Gather"


def test_a_menu_with_a_row_of_its_own_does_not_say_that_there_are_no_options(call):
    """A key in the exit of the menu is announced by the text of the menu, so the menu still has options."""
    menu = State(Menu("Press five for x."), Routes({"5": "x"}))
    assert call(shop(menu), "a", "b").heard == ["Press five for x.", REPEAT]


@pytest.mark.parametrize(("method", "given"), [("press", "1"), ("says", "apples")])
def test_the_key_of_a_closed_state_gets_words(call, method, given):
    """A caller who knows the key or the phrase hears that the state is not available, and the menu again."""
    caller = call(shop(), "a")
    assert getattr(caller, method)(given).heard == [UNAVAILABLE, "Menu.", B, REPEAT]
    assert caller.state == "m"


def test_a_closed_state_leads_to_its_on_error(call):
    """The caller of a closed state goes to the state in on_error, from which BACK leads to the menu."""
    caller = call(shop(on_error="x"), "a").press("1")
    assert caller.heard == [UNAVAILABLE, "X?"]
    assert caller.press("1").state == "m"


def test_on_error_may_be_closed_too(call):
    """If the state in on_error is closed as well, the caller goes HOME and hears one sentence."""
    caller = call(shop(on_error="x"), "a", "x").press("1")
    assert caller.heard == [UNAVAILABLE, "Menu.", B, REPEAT]


def test_a_route_to_a_closed_state_gets_words(call):
    """A closed state is not entered by any way, such as the exit of another state."""
    caller = call(shop(), "a").press("2", "1")
    assert caller.heard == [UNAVAILABLE, "Menu.", B, REPEAT]


def test_a_call_that_starts_in_a_closed_state_gets_no_words(call):
    """A caller who has chosen nothing goes to the menu without an explanation."""
    tree = shop() | {"start": State(must_not_run, "m")}
    assert call(tree, "start", start="start").heard == ["Menu.", A, B, REPEAT]


def test_a_closed_state_is_not_repeated(call):
    """A caller who waits in a state when it is closed leaves the state with the next repetition."""
    caller = call(shop()).press("2")
    caller.closed = {"b"}
    assert caller.webhook(FallbackStep.REENTER_STATE).heard == [UNAVAILABLE, "Menu.", A, REPEAT]


def test_the_exit_of_a_closed_state_that_is_data_still_counts(call):
    """A caller who waits in a closed state can still press its keys."""
    caller = call(shop()).press("2")
    caller.closed = {"b"}
    assert caller.press("7").heard == ["Menu.", A, REPEAT]


def test_a_caller_who_insists_on_a_closed_state_gets_to_the_operator(call):
    """A key of a closed state counts as a failure in a row, as a wrong key does."""
    tree = shop() | {"op": State("Operator.")}
    caller = call(tree, "a", operator="op", max_failures=3)
    assert caller.press("1", "1").state == "m"
    assert caller.session.failures_in_row == 2
    assert caller.press("1").heard == ["Operator."]


def test_all_states_may_be_closed(call):
    """If every state is closed, the caller hears the goodbye and the call ends."""
    caller = call(shop() | {"op": State("Operator.")}, "m", "a", "b", "x", "op", operator="op")
    assert caller.heard == ["Goodbye."]
    assert caller.session.ended == "finished"


def test_a_closed_operator_leads_to_the_menu_once(call):
    """If the operator is closed, the caller hears that and the menu. The next time, the call ends."""
    caller = call(shop() | {"op": State(must_not_run)}, "op", operator="op", max_failures=1)
    assert caller.press("8").heard == [UNAVAILABLE, "Menu.", A, B, REPEAT]
    assert caller.press("8").heard == ["Goodbye."]


def test_a_closed_error_state_is_replaced_by_the_words_about_a_wrong_key(call):
    """If the state `error` is closed, a wrong key gets the core's sentence and the menu, as without this state."""
    tree = shop() | {"error": State(must_not_run, BACK)}
    caller = call(tree, "error")
    assert caller.press("8").heard == ["Sorry, that is not one of the choices.", "Menu.", A, B, REPEAT]


def test_a_failure_after_a_closed_state_adds_no_second_apology(call):
    """The caller hears one sentence, even if the state in on_error fails."""

    def fail(call):
        raise RuntimeError

    caller = call(shop(on_error="f") | {"f": State(fail)}, "a").press("1")
    assert caller.heard == [UNAVAILABLE, "Menu.", B, REPEAT]


def test_the_words_are_translated(call):
    """The caller hears the sentence in the language of the call."""
    spanish = Texts(unavailable="No está disponible.", option="Para {label}, {key}.", repeat="Otra vez: {key}.")
    caller = call(shop(), "a", languages=(Language("es-MX", texts=spanish),), language="es-MX")
    assert caller.press("1").heard == ["No está disponible.", "Menu.", "Para b, two.", "Otra vez: nine."]


def test_the_exit_function_of_a_state_still_runs(call):
    """The engine does not refuse the exit function of a state that is closed while a caller is in it; the host may."""

    @leads_to(HOME)
    def leave(call):
        return HOME

    caller = call(shop() | {"b": State(ask("B?"), leave, options=MenuOption("2", "b", menu="m"))}).press("2")
    caller.closed = {"b"}
    assert caller.press("5").heard == ["Menu.", A, REPEAT]
