"""The call log: one line per turn, without secrets, and never an error for the caller."""

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
FIELDS = ["call", "turn", "left", "outcome", "path", "state", "owner", "ended", "milliseconds", "from", "to"]


@pytest.fixture
def logged_turns(caplog):
    """Return a function that returns the lines logged since its last call, without CallSid and duration."""
    caplog.set_level(logging.INFO, logger="ivrkit.calls")

    def read():
        records = [each for each in caplog.records if each.name == "ivrkit.calls"]
        lines = []
        for record in records:
            assert record.levelno == logging.INFO
            assert list(record.ivrkit_turn) == FIELDS
            assert record.ivrkit_turn["milliseconds"] >= 0.0
            hidden = record.getMessage().replace(record.ivrkit_turn["call"], "CA")
            lines.append(hidden.replace(f" {record.ivrkit_turn['milliseconds']} ms ", " _ ms "))
        caplog.clear()
        return lines

    return read


def with_owner(app, state):
    """Return the name of a state with its owner, as the log has it."""
    return f"{state} ({app.extensions['ivrkit'].loaded.flow.states[state].state.owner})"


NUMBERS = "_ ms from ***0100 to ***0006"


def test_each_turn_is_one_line(make_app, logged_turns):
    """The line has the state left, the outcome, every state entered, the last owner, the duration and the numbers."""
    app = make_app()
    call = simulator_for_app(app).call(from_="+14155550100", to="+15005550006")
    call.press("1").press("2").press("#")
    assert logged_turns() == [
        f"call CA turn 1: greeting -> {with_owner(app, 'menu')} {NUMBERS}",
        f"call CA turn 2: menu 1 -> news -> {with_owner(app, 'menu')} {NUMBERS}",
        f"call CA turn 3: menu 2 -> message (shop) {NUMBERS}",
        f"call CA turn 4: message recorded -> message (shop), ended finished {NUMBERS}",
    ]


def test_the_status_callback_that_ends_a_call_is_one_line(new_call, logged_turns):
    """A status callback is logged if it ends the call, and not otherwise."""
    call = new_call()
    call.dial()
    call.press("0")
    logged_turns()
    for status in ("in-progress", "completed", "completed"):
        call.send(STATUS, status=status)
    assert logged_turns() == [f"call CA turn 3: operator (shop), ended completed {NUMBERS}"]
    call.send(WEBHOOK, VERB_RESULTS["Dial", "busy"], status="completed")
    assert logged_turns() == [f"call CA turn 4: operator busy -> operator (shop), ended completed {NUMBERS}"]


def test_the_end_of_an_unknown_call_is_logged(new_call, logged_turns):
    """A final status callback is logged without a state if the call had no webhook before."""
    new_call().send(STATUS, status="no-answer")
    assert logged_turns() == [f"call CA turn 1: ended no-answer {NUMBERS}"]


def test_a_removed_state_is_left_out_of_the_line(make_app, new_call, logged_turns):
    """After a deploy that removed the state of a call, the line has the outcome without the state."""
    call = new_call(make_app())
    call.dial()
    call.press("2")
    logged_turns()
    app = make_app({"news": SHOP["news"]})
    other = new_call(app, sid=call.sid)
    other.send(WEBHOOK, VERB_RESULTS["Record", "recorded"])
    assert logged_turns() == [f"call CA turn 3: recorded -> {with_owner(app, 'menu')} {NUMBERS}"]


def test_a_repeated_webhook_is_logged_once(new_call, logged_turns):
    """A webhook that is answered from the stored responses is not logged again."""
    call = new_call()
    for _ in range(3):
        call.send(WEBHOOK, token="one")
    assert len(logged_turns()) == 1


def test_the_input_of_a_secret_state_is_hidden(new_call, logged_turns):
    """The line of a secret state has ``(secret)`` in place of the outcome."""
    pin = State(ask("Your PIN?", num_digits=4), Routes({"1234": "menu"}), options=MenuOption("7", "a PIN"), secret=True)
    call = new_call(tree={"pin": pin})
    call.dial()
    call.press("7")
    call.press("1234")
    lines = logged_turns()
    assert lines[2].startswith("call CA turn 3: pin (secret) -> menu (")
    assert "1234" not in "".join(lines)


@pytest.mark.parametrize(
    ("number", "masked"),
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
def test_numbers_are_masked(number, masked):
    """A number is logged with its last four digits, and an address with its scheme; other words are not masked."""
    assert mask_number(number) == masked


def test_numbers_are_logged_in_full_without_mask_numbers(make_app, logged_turns):
    """With ``mask_numbers = false`` numbers are logged in full, and a missing number as ``unknown``."""
    app = make_app(mask_numbers=False)
    simulator_for_app(app).call(from_="client:joe", to="+15005550006")
    simulator_for_app(app).call(from_="", to="")
    assert [line.partition(" ms ")[2] for line in logged_turns()] == [
        "from client:joe to +15005550006",
        "from unknown to unknown",
    ]


def test_nothing_is_computed_while_info_is_off(make_app, caplog):
    """While ``INFO`` is off for the call log, no time is taken and no line is made."""
    caplog.set_level(logging.WARNING, logger="ivrkit.calls")
    assert CallLog().start_timer() is None
    CallLog().log_turn(None, None, None)
    call = Phone(make_app()).call()
    call.press("2")
    call.hangs_up()
    assert [each for each in caplog.records if each.name == "ivrkit.calls"] == []


def test_a_failing_log_handler_does_not_interrupt_the_call(new_call, logged_turns, capsys):
    """An exception of a log handler is printed, and the caller is answered."""

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


def test_line_breaks_in_a_request_are_escaped(new_call, logged_turns):
    """A line break in a parameter does not start a new line of the log. A CallSid with one is refused."""
    assert new_call(sid="CA1\nforged").send(WEBHOOK, {}).status == 400
    assert logged_turns() == []
    call = new_call()
    call.send(WEBHOOK, {"From": "a\nb"})
    (line,) = logged_turns()
    assert "\n" not in line
    assert line.startswith("call CA turn 1: ")
