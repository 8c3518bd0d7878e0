"""Support: the queue, and whatever can come of it."""

import pytest

MENU_FOLLOWS = "For sales, press one."


def test_support_puts_the_caller_into_the_queue(phone):
    """The caller hears that somebody is looked for, then waits in the queue `support`."""
    call = phone.call().press("2")
    assert call.heard_last == "We are looking for somebody who can help you. Please stay on the line."
    assert call.waiting.queue == "support"


def test_who_was_helped_is_thanked(phone):
    """After the talk the call ends in the name of support."""
    call = phone.call().press("2")
    call.agent.answers()
    call.agent.hangs_up(after=60)
    assert call.heard_last == "Thank you for calling support. Goodbye."
    assert call.ended.reason == "hangup"


@pytest.mark.parametrize("result", ["bridging-in-process", "redirected", "redirected-from-bridged"])
def test_who_was_taken_elsewhere_and_came_back_is_thanked(phone, result):
    """Results that only Twilio's REST API causes are a talk, too."""
    call = phone.call().press("2").verb_ends_with(QueueResult=result, QueueSid="QU1", QueueTime="20")
    assert call.heard_last == "Thank you for calling support. Goodbye."
    assert call.ended.reason == "hangup"


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        ({"size": 1000}, "All our lines are taken at the moment. Please try again a little later."),
        ({"failure": "error"}, "We could not put you into the queue. Please choose again."),
        ({"failure": "system-error"}, "We could not put you into the queue. Please choose again."),
    ],
    ids=["queue-full", "error", "system-error"],
)
def test_who_was_not_helped_comes_back_to_the_menu(phone, queue, words):
    """The caller hears why, and can choose again."""
    for name, value in queue.items():
        setattr(phone.queue("support"), name, value)
    call = phone.call().press("2")
    assert call.state == "menu"
    assert call.heard_last.splitlines()[1:3] == [words, MENU_FOLLOWS]


def test_who_leaves_the_queue_comes_back_to_the_menu(phone):
    """As a wait document of somebody's own can let a caller do."""
    call = phone.call().press("2").verb_ends_with(QueueResult="leave", QueueSid="QU1", QueueTime="20")
    assert call.state == "menu"
    assert call.heard_last.splitlines()[:2] == ["You have left the queue.", MENU_FOLLOWS]


def test_who_hangs_up_in_the_queue_hears_nothing_more(phone):
    """A caller who is gone is answered with an empty document."""
    call = phone.call().press("2").hangs_up()
    assert "<Say" not in call.responses[-1].body
    assert call.ended.reason == "caller-hung-up"


def test_a_hang_up_that_comes_while_the_call_is_said_to_go_on_ends_it(phone):
    """The queue's own word is enough to end the call."""
    call = phone.call().press("2").verb_ends_with(QueueResult="hangup", QueueSid="QU1", QueueTime="3")
    assert call.heard_last == "Goodbye."
    assert call.ended.reason == "hangup"
