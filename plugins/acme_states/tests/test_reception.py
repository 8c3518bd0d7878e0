"""Reception: somebody is rung, and each way in which that can go wrong has an answer."""

import pytest


def test_reception_is_rung(phone):
    """The caller hears that reception is rung; it rings for twenty seconds."""
    phone.calls("0")
    assert phone.heard == ["One moment, we are ringing reception."]
    assert phone.verbs == ["Say", "Dial"]
    dial = phone.verb("Dial")
    assert (dial.text, dial.get("timeout")) == ("+15550100", "20")


def test_after_the_talk_the_call_ends(phone):
    """Who has talked to reception is said goodbye to."""
    phone.calls("0").post(DialCallStatus="completed", DialBridged="true", DialCallDuration="61")
    assert phone.heard == ["Goodbye."]
    assert phone.verbs == ["Say", "Hangup"]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"DialCallStatus": "busy"}, ["Reception is on another call."]),
        ({"DialCallStatus": "no-answer"}, ["Nobody at reception could get to the phone."]),
        ({"DialCallStatus": "failed"}, ["Reception can't be reached at the moment."]),
        ({"DialCallStatus": "completed", "DialBridged": "false"}, ["Reception can't take your call right now."]),
        ({"DialCallStatus": "canceled"}, []),
    ],
    ids=["busy", "no-answer", "failed", "declined", "canceled"],
)
def test_who_did_not_get_through_comes_back_to_the_menu(phone, result, words):
    """The caller hears why, and can choose again."""
    phone.calls("0").post(**result)
    assert phone.state == "menu"
    assert phone.heard[: len(words) + 1] == [*words, "For sales, press one."]
