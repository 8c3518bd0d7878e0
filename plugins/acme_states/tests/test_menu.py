"""What the package puts into the main menu, and what a wrong key hears."""

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
def test_each_name_in_the_package_makes_a_state(make):
    """What the entry points name are states of the public API, or make one of settings; the loader gives the names."""
    assert isinstance(error, ivrkit.State)
    made = make(AcmeSettings())
    assert isinstance(made, ivrkit.State)
    assert made.name == error.name == ""


def test_the_menu_reads_the_options_by_key_and_reception_last(phone):
    """A caller hears who was called, then 1, 2, 3 and 0, and can choose from the first word of the menu on."""
    call = phone.call()
    assert call.state == "menu"
    assert call.heard.splitlines() == ["Thank you for calling ACME.", *MENU]
    assert call.waiting.element.all_text() == "".join(MENU)


@pytest.mark.parametrize(("key", "state"), [("1", "sales"), ("2", "support"), ("3", "hours"), ("0", "reception")])
def test_each_key_leads_to_its_state(phone, key, state):
    """The key that is read out is the key that works."""
    assert phone.call().press(key).state == state


def test_a_wrong_key_is_told_and_the_menu_read_again(phone):
    """The error state goes back to where the caller was."""
    call = phone.call().press("7")
    assert call.state == "menu"
    assert call.heard_last.splitlines() == ["That choice is not valid.", *MENU]


def test_a_wrong_key_after_another_state_goes_back_to_the_menu_as_well(phone):
    """Back is the state of the wrong key, not the one before it."""
    call = phone.call().press("3").press("5")
    assert call.state == "menu"
    assert call.heard_last.splitlines() == MENU
    call.press("8")
    assert call.state == "menu"
    assert call.heard_last.splitlines() == ["That choice is not valid.", *MENU]


def test_three_wrong_keys_ring_reception(phone):
    """A caller who cannot manage is given to a person."""
    call = phone.call().press("7").press("8").press("7")
    assert call.state == "reception"
    assert call.heard_last == "One moment, we are ringing reception."


def test_nine_reads_the_menu_again(phone):
    """The key for repeating says nothing of a wrong choice."""
    assert phone.call().press("9").heard_last.splitlines() == MENU


def test_silence_reads_the_menu_again(phone):
    """A caller who says and presses nothing is not told off."""
    assert phone.call().stays_silent().heard_last.splitlines() == MENU


def test_nothing_in_the_tree_is_wrong(phone):
    """Every path to a depth of four: Twilio would not warn of anything."""
    assert phone.explore(4).problems == []
