"""Reception: somebody is rung, and each way in which that can go wrong has an answer."""

import pytest

MENU_FOLLOWS = "For sales, press one."


def test_reception_is_rung(phone):
    """The caller hears that reception is rung; it rings for twenty seconds."""
    call = phone.call().press("0")
    assert call.heard_last == "One moment, we are ringing reception."
    assert call.waiting.numbers == ("+15550100",)
    assert call.waiting.element.attributes["timeout"] == "20"


def test_after_the_talk_the_call_ends(phone):
    """Who has talked to reception is said goodbye to."""
    call = phone.call().press("0")
    call.callee.answers()
    call.callee.hangs_up(after=60)
    assert call.heard_last == "Goodbye."
    assert call.ended.reason == "hangup"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("is_busy", ["Reception is on another call."]),
        ("does_not_answer", ["Nobody at reception could get to the phone."]),
        ("cannot_be_reached", ["Reception can't be reached at the moment."]),
        ("is_canceled", []),
    ],
)
def test_who_did_not_get_through_comes_back_to_the_menu(phone, result, words):
    """The caller hears why, and can choose again."""
    call = phone.call().press("0")
    getattr(call.callee, result)()
    assert call.state == "menu"
    assert call.heard_last.splitlines()[: len(words) + 1] == [*words, MENU_FOLLOWS]


def test_who_was_declined_comes_back_to_the_menu(phone):
    """Reception may be asked first whether it takes the call, and say no."""
    call = phone.call().press("0").verb_ends_with(DialCallStatus="completed", DialBridged="false")
    assert call.heard_last.splitlines()[:2] == ["Reception can't take your call right now.", MENU_FOLLOWS]


def test_who_hangs_up_while_it_rings_hears_nothing_more(phone):
    """A caller who is gone is answered with an empty document."""
    call = phone.call().press("0").hangs_up()
    assert "<Say" not in call.responses[-1].body
    assert call.warnings == []
