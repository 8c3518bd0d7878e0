"""Support: the queue and its results."""

import pytest

MENU_FOLLOWS = "For sales, press one."


def test_support_puts_the_caller_into_the_queue(phone):
    """The caller hears an announcement, and waits in the queue ``support``."""
    call = phone.call().press("2")
    assert call.heard_last == "We are looking for somebody who can help you. Please stay on the line."
    assert call.waiting.queue == "support"


def test_after_the_talk_the_call_ends(phone):
    """After the talk, the caller hears the thanks of support, and the call ends."""
    call = phone.call().press("2")
    call.agent.answers()
    call.agent.hangs_up(after=60)
    assert call.heard_last == "Thank you for calling support. Goodbye."
    assert call.ended.reason == "hangup"


@pytest.mark.parametrize("result", ["bridging-in-process", "redirected", "redirected-from-bridged"])
def test_results_of_twilios_rest_api_are_a_talk(phone, result):
    """The results that only Twilio's REST API causes count as a talk."""
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
def test_a_caller_who_cannot_wait_is_back_in_the_menu(phone, queue, words):
    """If the queue is full or fails, the caller hears so, and then the menu."""
    for name, value in queue.items():
        setattr(phone.queue("support"), name, value)
    call = phone.call().press("2")
    assert call.state == "menu"
    assert call.heard_last.splitlines()[1:3] == [words, MENU_FOLLOWS]


def test_a_caller_who_leaves_the_queue_is_back_in_the_menu(phone):
    """After leaving the queue, the caller hears so, and then the menu."""
    call = phone.call().press("2").verb_ends_with(QueueResult="leave", QueueSid="QU1", QueueTime="20")
    assert call.state == "menu"
    assert call.heard_last.splitlines()[:2] == ["You have left the queue.", MENU_FOLLOWS]


def test_a_caller_who_hangs_up_in_the_queue(phone):
    """A webhook after the caller has hung up is answered without a Say."""
    call = phone.call().press("2").hangs_up()
    assert "<Say" not in call.responses[-1].body
    assert call.ended.reason == "caller-hung-up"


def test_the_result_hangup_ends_the_call(phone):
    """The queue result ``hangup`` ends the call, even if the call status says that it goes on."""
    call = phone.call().press("2").verb_ends_with(QueueResult="hangup", QueueSid="QU1", QueueTime="3")
    assert call.heard_last == "Goodbye."
    assert call.ended.reason == "hangup"
