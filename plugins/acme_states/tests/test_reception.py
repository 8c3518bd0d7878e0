"""Reception: the caller is connected, or hears why not."""

import pytest

MENU_FOLLOWS = "For sales, press one."


def test_reception_is_rung(phone):
    """The caller hears an announcement, and reception rings for twenty seconds."""
    call = phone.call().press("0")
    assert call.heard_last == "One moment, we are ringing reception."
    assert call.waiting.numbers == ("+15550100",)
    assert call.waiting.element.attributes["timeout"] == "20"


def test_after_the_talk_the_call_ends(phone):
    """After a talk with reception, the caller hears the goodbye and the call ends."""
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
def test_a_caller_who_is_not_connected_is_back_in_the_menu(phone, result, words):
    """After a failed transfer, the caller hears the reason, and then the menu."""
    call = phone.call().press("0")
    getattr(call.callee, result)()
    assert call.state == "menu"
    assert call.heard_last.splitlines()[: len(words) + 1] == [*words, MENU_FOLLOWS]


def test_a_declined_caller_is_back_in_the_menu(phone):
    """A caller whom reception declines hears so, and then the menu."""
    call = phone.call().press("0").verb_ends_with(DialCallStatus="completed", DialBridged="false")
    assert call.heard_last.splitlines()[:2] == ["Reception can't take your call right now.", MENU_FOLLOWS]


def test_a_caller_who_hangs_up_while_it_rings(phone):
    """A webhook after the caller has hung up is answered without a Say."""
    call = phone.call().press("0").hangs_up()
    assert "<Say" not in call.responses[-1].body
    assert call.warnings == []


def test_reception_is_rung_at_most_ten_times_in_a_call(phone):
    """After ten dials in a call, reception is not rung again: the caller hears so, and is back in the menu."""
    call = phone.call()
    for _ in range(10):
        call.press("0").callee.is_busy()
    assert call.press("0").heard_last.splitlines()[:2] == [
        "Sorry, we cannot connect you again in this call.",
        MENU_FOLLOWS,
    ]
    assert call.press("1").state == "sales"


def test_a_talk_with_reception_ends_after_the_time_limit(phone):
    """Twilio ends a talk after the time in the setting ``dial_time_limit``, and the caller hears the goodbye."""
    call = phone.call().press("0")
    assert call.waiting.element.attributes["timeLimit"] == "7200"
    call.callee.answers()
    call.stays_silent()
    assert call.heard_last == "Goodbye."
    assert call.events[-1].at >= 7_200
