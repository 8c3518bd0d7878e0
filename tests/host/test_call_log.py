"""One line for each turn of a call: what it tells, what it hides, and that it never hurts the call."""

import logging

import pytest
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import SHOP
from tests.web.simulated_calls import simulator_for_app
from tests.web.webhook_calls import VERB_RESULTS

from ivrkit import MenuOption, Routes, State, ask
from ivrkit.host.call_log import CallLog, log, mask_number
from ivrkit.testing import Phone

STATUS = f"{WEBHOOK}/status"
PARTS = ["call", "turn", "left", "outcome", "state", "owner", "ended", "milliseconds", "from", "to"]


@pytest.fixture
def turns(caplog):
    """Return the parts of the turns that were told since this was last asked, without CallSid and time taken."""
    caplog.set_level(logging.INFO, logger="ivrkit.calls")

    def told():
        records = [each for each in caplog.records if each.name == "ivrkit.calls"]
        lines = []
        for record in records:
            assert record.levelno == logging.INFO
            assert list(record.ivrkit_turn) == PARTS
            assert record.ivrkit_turn["milliseconds"] >= 0.0
            hidden = record.getMessage().replace(record.ivrkit_turn["call"], "CA")
            lines.append(hidden.replace(f" {record.ivrkit_turn['milliseconds']} ms ", " _ ms "))
        caplog.clear()
        return lines

    return told


def owned(app, state):
    """Return a state as it is told, with its owner."""
    return f"{state} ({app.extensions['ivrkit'].loaded.flow.states[state].state.owner})"


WHO = "_ ms from ***0100 to ***0006"


def test_each_turn_is_one_line(make_app, turns):
    """Where the caller stood, what happened, where that led, who owns the state, how long it took, and who spoke."""
    app = make_app()
    call = simulator_for_app(app).call(from_="+14155550100", to="+15005550006")
    call.press("1").press("2").press("#")
    assert turns() == [
        f"call CA turn 1: {owned(app, 'menu')} {WHO}",
        f"call CA turn 2: menu 1 -> {owned(app, 'menu')} {WHO}",
        f"call CA turn 3: menu 2 -> message (shop) {WHO}",
        f"call CA turn 4: message recorded -> message (shop), ended finished {WHO}",
    ]


def test_the_status_callback_that_ends_a_call_is_one_line(new_call, turns):
    """Those that end nothing are none, and nor is one for a call that ended before."""
    call = new_call()
    call.dial()
    call.press("0")
    turns()
    for status in ("in-progress", "completed", "completed"):
        call.send(STATUS, status=status)
    assert turns() == [f"call CA turn 3: operator (shop), ended completed {WHO}"]
    call.send(WEBHOOK, VERB_RESULTS["Dial", "busy"], status="completed")
    assert turns() == [f"call CA turn 4: operator busy -> operator (shop), ended completed {WHO}"]


def test_a_call_that_never_came_here_is_told_by_its_end(new_call, turns):
    """There is no state, and the line is one all the same."""
    new_call().send(STATUS, status="no-answer")
    assert turns() == [f"call CA turn 1: ended no-answer {WHO}"]


def test_a_state_that_is_gone_is_told_by_nothing(make_app, new_call, turns):
    """After a deploy without the state that the caller stood in, the outcome alone is known."""
    call = new_call(make_app())
    call.dial()
    call.press("2")
    turns()
    app = make_app({"news": SHOP["news"]})
    other = new_call(app, sid=call.sid)
    other.send(WEBHOOK, VERB_RESULTS["Record", "recorded"])
    assert turns() == [f"call CA turn 3: recorded -> {owned(app, 'menu')} {WHO}"]


def test_a_copy_of_a_webhook_is_no_turn(new_call, turns):
    """What is answered once more from what is kept is not told again."""
    call = new_call()
    for _ in range(3):
        call.send(WEBHOOK, token="one")
    assert len(turns()) == 1


def test_what_is_pressed_in_a_secret_state_is_hidden(new_call, turns):
    """The outcome is ``(secret)``, in the line and in its parts; silence is no secret."""
    pin = State(ask("Your PIN?", digits=4), Routes({"1234": "menu"}), options=MenuOption("7", "a PIN"), secret=True)
    call = new_call(tree={"pin": pin})
    call.dial()
    call.press("7")
    call.press("1234")
    told = turns()
    assert told[2].startswith("call CA turn 3: pin (secret) -> menu (")
    assert "1234" not in "".join(told)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("+14155550100", "***0100"),
        ("+1 415 555-0100", "***0100"),
        ("12345", "***2345"),
        ("1001", "***"),
        ("+", "***"),
        ("client:joe", "client:***"),
        ("sip:+14155550100@example.com", "sip:***"),
        ("+14155550100:5060", "***"),
        ("joe@example.com", "***"),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)
def test_of_a_number_the_last_four_digits_are_told(number, told):
    """Of a name nothing but its kind; a word that stands for a number that is withheld is no secret."""
    assert mask_number(number) == told


def test_numbers_can_be_told_whole(make_app, turns):
    """With ``mask_numbers = false``; one that did not come is unknown."""
    app = make_app(mask_numbers=False)
    simulator_for_app(app).call(from_="client:joe", to="+15005550006")
    simulator_for_app(app).call(from_="", to="")
    assert [line.partition(" ms ")[2] for line in turns()] == [
        "from client:joe to +15005550006",
        "from unknown to unknown",
    ]


def test_while_nobody_listens_nothing_is_computed(make_app, caplog):
    """Where INFO is off a turn has no beginning, and without one nothing of it is looked at."""
    caplog.set_level(logging.WARNING, logger="ivrkit.calls")
    assert CallLog().start_timer() is None
    CallLog().log_turn(None, None, None)
    call = Phone(make_app()).call()
    call.press("2")
    call.hangs_up()
    assert [each for each in caplog.records if each.name == "ivrkit.calls"] == []


def test_a_line_that_cannot_be_told_does_not_hurt_the_call(new_call, turns, capsys):
    """A handler of whoever set up the log may fail: the caller hears nothing of it, and it is not passed over."""

    class Broken(logging.Handler):
        def emit(self, record):
            raise OSError("the log is full")

    broken = Broken()
    log.addHandler(broken)
    try:
        call = new_call()
        assert call.dial().state == "menu"
        assert call.press("2").state == "message"
    finally:
        log.removeHandler(broken)
    assert capsys.readouterr().err.count("OSError: the log is full") == 2


def test_a_request_forges_no_line(new_call, turns):
    """Line breaks in a parameter are told as signs."""
    call = new_call(sid="CA1\nforged")
    call.send(WEBHOOK, {"From": "a\nb"})
    (told,) = turns()
    assert "\n" not in told.replace("CA1\nforged", "")
    assert told.startswith("call CA1\\nforged turn 1: ")
