"""The options of the package in the main menu, and invalid keys."""

import ivrkit
import pytest

from acme_states.error import error
from acme_states.hours import hours
from acme_states.reception import reception
from acme_states.sales import sales
from acme_states.settings import AcmeSettings
from acme_states.support import support

MENU = [
    "For sales, press one.",
    "For support, press two.",
    "For our business hours, press three.",
    "For reception, press zero.",
    "To hear this again, press nine.",
]


@pytest.mark.parametrize("make", [hours, reception, sales, support])
def test_each_entry_point_gives_a_state(make):
    """An entry point names a State or a function that returns one; the loader sets the name of the state."""
    assert isinstance(error, ivrkit.State)
    made = make(AcmeSettings())
    assert isinstance(made, ivrkit.State)
    assert made.name == error.name == ""


def test_the_menu_reads_the_options_by_key_and_reception_last(phone):
    """The menu has the options by key with 0 last, and a key is accepted during the greeting and the menu."""
    call = phone.call()
    assert call.state == "menu"
    sentences = ["Thank you for calling ACME.", *MENU]
    assert call.heard.splitlines() == sentences
    assert call.waiting.element.all_text() == "".join(sentences)


@pytest.mark.parametrize(("key", "state"), [("1", "sales"), ("2", "support"), ("3", "hours"), ("0", "reception")])
def test_each_key_leads_to_its_state(phone, key, state):
    """Each key of the menu leads to the state of its option."""
    assert phone.call().press(key).state == state


def test_an_invalid_key_repeats_the_menu(phone):
    """After an invalid key, the caller hears so and hears the menu again."""
    call = phone.call().press("7")
    assert call.state == "menu"
    assert call.heard_last.splitlines() == ["That choice is not valid.", *MENU]


def test_an_invalid_key_after_another_state(phone):
    """The error state goes back to the state of the invalid key, not to the state before it."""
    call = phone.call().press("3").press("5")
    assert call.state == "menu"
    assert call.heard_last.splitlines() == MENU
    call.press("8")
    assert call.state == "menu"
    assert call.heard_last.splitlines() == ["That choice is not valid.", *MENU]


def test_three_invalid_keys_ring_reception(phone):
    """A caller with three invalid keys is connected with reception."""
    call = phone.call().press("7").press("8").press("7")
    assert call.state == "reception"
    assert call.heard_last == "One moment, we are ringing reception."


def test_nine_repeats_the_menu(phone):
    """Key 9 repeats the menu, and is not an invalid choice."""
    assert phone.call().press("9").heard_last.splitlines() == MENU


def test_silence_repeats_the_menu(phone):
    """Silence repeats the menu, without a remark about a choice."""
    assert phone.call().stays_silent().heard_last.splitlines() == MENU


def test_no_path_has_a_problem(phone):
    """On every path of up to four steps, Twilio would warn of nothing."""
    assert phone.explore(4).problems == []
