"""The limit of dials in one call, and the time limit of a dial."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from twilio.twiml.voice_response import Dial, Enqueue, Say

from ivrkit import HOME, SAME, Goto, Menu, MenuOption, Routes, State, Texts, ask
from ivrkit.flow.compile.flow_config import EngineHooks
from ivrkit.flow.run.dial_limit import DialLimitReached

WORDS = "Sorry, we cannot connect you again in this call."


def ring(**arguments):
    """Return a state that dials a number, and is reached with the key 0."""
    return State(Dial("+15550100"), Routes({}, HOME), options=MenuOption("0", "reception"), **arguments)


@pytest.fixture
def menu():
    """Return the start menu."""
    return State(Menu("Menu.", repeat=None))


def dial_until_refused(caller, dials):
    """Let the caller dial as often as the limit allows, and then once more."""
    for _ in range(dials):
        assert "<Dial" in caller.press("0").xml
        caller.dials("busy")
    return caller.press("0")


def test_a_caller_may_dial_as_often_as_max_dials_allows(call, menu):
    """One dial more than ``max_dials`` is not made. The caller hears so, not the apology, and is back in the menu."""
    caller = dial_until_refused(call(menu=menu, ring=ring(), max_dials=3), 3)
    assert "<Dial" not in caller.xml
    assert caller.heard == [WORDS, "Menu.", "For reception, press zero."]
    assert caller.state == "menu"


def test_the_default_is_ten_dials(call, menu):
    """By default a call may dial ten times."""
    assert dial_until_refused(call(menu=menu, ring=ring()), 10).heard[0] == WORDS


def test_all_states_of_a_call_share_the_limit(call, menu):
    """The dials of every state count, whether ``enter`` is data or a function."""
    other = State(lambda call: Dial("+15550101"), Routes({}, HOME), options=MenuOption("1", "sales"))
    caller = call(menu=menu, ring=ring(), other=other, max_dials=2)
    caller.press("0").dials("busy").press("1").dials("busy")
    assert caller.press("1").heard[0] == WORDS
    assert caller.press("0").heard[0] == WORDS


def test_a_call_without_a_dial_is_not_limited(call, menu):
    """A queue is not a dial."""
    wait = State(Enqueue("q"), Routes({}, HOME), options=MenuOption("3", "the queue"))
    caller = call(menu=menu, ring=ring(), wait=wait, max_dials=1)
    dial_until_refused(caller, 1)
    assert "<Enqueue" in caller.press("3").xml


def test_on_error_takes_the_caller(call, menu):
    """The ``on_error`` of the state is the next state."""
    states = {"menu": menu, "ring": ring(on_error="message"), "message": State("Leave a message.", HOME)}
    caller = dial_until_refused(call(states, max_dials=1), 1)
    assert caller.heard[:2] == [WORDS, "Leave a message."]


def test_an_operator_that_dials_is_replaced_by_the_menu_and_then_by_the_goodbye(call, menu):
    """A caller whom the operator cannot dial for hears words each time, and the call ends with the goodbye."""
    caller = dial_until_refused(call(menu=menu, ring=ring(), max_dials=1, tries=2), 1)
    assert caller.press("9", "9").heard[0] == WORDS
    assert caller.state == "menu"
    assert caller.press("9", "9").heard == ["Goodbye."]
    assert caller.last.ended


def test_a_tree_that_only_dials_ends_with_the_goodbye(call):
    """Without a menu and an operator, the caller hears the words and the goodbye."""
    caller = call(ring=State(Dial("+15550100"), Routes({}, SAME)), max_dials=2).dials("busy").dials("busy")
    assert caller.heard == [WORDS, "Goodbye."]
    assert caller.last.ended


def test_states_that_dial_for_each_other_end_with_the_goodbye(call):
    """If ``on_error`` leads to another state that dials, the caller hears the words once and the call ends."""
    states = {
        "one": State(Dial("+15550100"), Routes({}, "two"), on_error="two"),
        "two": State(Dial("+15550101"), Routes({}, "one"), on_error="one"),
    }
    caller = call(states, max_dials=2, operator="two").dials("busy").dials("busy")
    assert caller.heard == [WORDS, "Goodbye."]
    assert caller.last.ended


def test_a_long_call_of_refused_dials_ends(call, menu):
    """A caller who presses the key of a dial for ever is hung up on after ``max_turns`` webhooks."""
    caller = dial_until_refused(call(menu=menu, ring=ring(), max_dials=1, max_turns=20), 1)
    for _ in range(20):
        if caller.last.ended:
            break
        assert caller.press("0").heard[0] in (WORDS, "Goodbye.")
    assert caller.last.ended
    assert caller.heard == ["Goodbye."]


def test_the_hook_for_failed_states_gets_the_limit(call, menu):
    """The hook ``ivrkit_state_failed`` can choose another state. Its error says that the limit is reached."""
    errors = []

    def state_failed(call, state, error, secret):
        errors.append((state.name, error.message, error.hint))
        assert isinstance(error, DialLimitReached)
        return "message"

    states = {"menu": menu, "ring": ring(), "message": State("Leave a message.", HOME)}
    caller = dial_until_refused(call(states, max_dials=1, hooks=EngineHooks(state_failed=state_failed)), 1)
    assert caller.heard[:2] == [WORDS, "Leave a message."]
    message = "the call has dialled 1 times, which is the most that max_dials allows"
    assert errors == [("ring", message, "set max_dials to a higher number")]


def test_the_text_can_be_set(call, menu):
    """The words are the core's text ``dial_limit``, in the language of the call."""
    caller = call(menu=menu, ring=ring(), max_dials=1, texts=Texts(dial_limit="No more."))
    assert dial_until_refused(caller, 1).heard[0] == "No more."


# The time limit.


@pytest.mark.parametrize(
    ("enter", "limits"),
    [
        ([Dial("+15550100")], ["90"]),
        ([Dial("+15550100", time_limit=14_400)], ["14400"]),
        ([Dial("+15550100"), Say("Nobody was there.")], ["90"]),
    ],
)
def test_a_dial_gets_the_time_limit_of_the_settings(call, enter, limits):
    """Each dial without a ``timeLimit`` of its own gets the one of the settings, wherever it stands."""
    for content in (enter, lambda call: enter):
        caller = call(ring=State(content), dial_time_limit=90)
        found = ElementTree.fromstring(caller.last.twiml).iter("Dial")
        assert [each.get("timeLimit") for each in found] == limits


def test_no_other_verb_gets_a_time_limit(call):
    """A queue and a question have no ``timeLimit``."""
    assert "timeLimit" not in call(wait=State(Enqueue("q"))).xml
    assert "timeLimit" not in call(a=State(ask("A?"), Routes({"1": Goto(HOME)}))).xml
