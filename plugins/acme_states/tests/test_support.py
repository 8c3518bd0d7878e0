"""Support: the queue, and whatever can come of it."""

import pytest

MENU_FOLLOWS = "For sales, press one."


def test_support_puts_the_caller_into_the_queue(phone):
    """The caller hears that somebody is looked for, then the queue `support`."""
    phone.calls("2")
    assert phone.heard == ["We are looking for somebody who can help you. Please stay on the line."]
    assert phone.verbs == ["Say", "Enqueue"]
    assert phone.verb("Enqueue").text == "support"


@pytest.mark.parametrize("result", ["bridged", "bridging-in-process", "redirected", "redirected-from-bridged"])
def test_who_was_helped_is_thanked(phone, result):
    """After the talk the call ends in the name of support."""
    phone.calls("2").post(QueueResult=result, QueueSid="QU1", QueueTime="20")
    assert phone.heard == ["Thank you for calling support. Goodbye."]
    assert phone.verbs == ["Say", "Hangup"]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("leave", "You have left the queue."),
        ("queue-full", "All our lines are taken at the moment. Please try again a little later."),
        ("error", "We could not put you into the queue. Please choose again."),
        ("system-error", "We could not put you into the queue. Please choose again."),
    ],
)
def test_who_was_not_helped_comes_back_to_the_menu(phone, result, words):
    """The caller hears why, and can choose again."""
    phone.calls("2").post(QueueResult=result, QueueSid="QU1", QueueTime="20")
    assert phone.state == "menu"
    assert phone.heard[:2] == [words, MENU_FOLLOWS]


def test_who_hangs_up_in_the_queue_hears_nothing_more(phone):
    """A caller who is gone is answered with an empty document."""
    phone.calls("2").post(CallStatus="completed", QueueResult="hangup", QueueSid="QU1", QueueTime="3")
    assert phone.verbs == []


def test_a_hang_up_that_comes_while_the_call_is_said_to_go_on_ends_it(phone):
    """The queue's own word is enough to end the call."""
    phone.calls("2").post(QueueResult="hangup", QueueSid="QU1", QueueTime="3")
    assert phone.verbs == ["Say", "Hangup"]
