"""One line for each turn of a call: what it tells, what it hides, and that it never hurts the call."""

import json
import logging
import sys
from urllib.parse import urlencode

import pytest
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import SHOP, sessions_of
from tests.web.simulated_calls import simulator_for_app
from tests.web.webhook_calls import VERB_RESULTS, in_process, pressed, twilio_params

from ivrkit import MenuOption, Routes, State, ask
from ivrkit.host.call_log import CallLog, log, masked
from ivrkit.host.logging_setup import configure_logging
from ivrkit.settings.core import Settings
from ivrkit.testing import Phone
from ivrkit.web import JsonFormatter, served_app

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
    assert masked(number) == told


def test_numbers_can_be_told_whole(make_app, turns):
    """With ``mask_numbers = false``; one that did not come is unknown."""
    app = make_app(mask_numbers=False)
    simulator_for_app(app).call(from_="client:joe", to="+15005550006")
    simulator_for_app(app).call(from_="", to="")
    assert [line.partition(" ms ")[2] for line in turns()] == [
        "from client:joe to +15005550006",
        "from unknown to unknown",
    ]


@pytest.mark.parametrize(("given", "told"), [(True, "***0100"), (False, "%2B14155550100")])
def test_numbers_in_a_url_that_is_refused(make_app, logged, given, told):
    """A refusal tells the URL; of the numbers in its query, and of who forwarded, it tells as much as a turn does."""
    app = make_app(mask_numbers=given)
    logged()
    query = urlencode({**twilio_params("CA1"), "ForwardedFrom": "+14155550100", "Digits": "4711"})
    in_process(app)("GET", f"{WEBHOOK}?{query}", b"", {})
    (line,) = logged()
    for name in ("From", "Caller", "ForwardedFrom"):
        assert f"&{name}={told}&" in line
    assert ("***0006" in line) is given
    assert "&FromCity=SAN+FRANCISCO&" in line
    assert "Digits=(secret)" in line


def test_while_nobody_listens_nothing_is_computed(make_app, caplog):
    """Where INFO is off a turn has no beginning, and without one nothing of it is looked at."""
    caplog.set_level(logging.WARNING, logger="ivrkit.calls")
    assert CallLog().begin() is None
    CallLog().tell(None, None, None)
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


# How the log is written.


@pytest.fixture
def logger():
    """The logger ``ivrkit``, as it was before once the test is over."""
    logger = logging.getLogger("ivrkit")
    kept = (list(logger.handlers), logger.level, logger.propagate)
    yield logger
    logger.handlers, logger.propagate = kept[0], kept[2]
    logger.setLevel(kept[1])


def test_a_record_of_a_turn_as_json(new_call, caplog, turns):
    """One object a line, with the parts of the turn beside what every record has."""
    new_call().send(WEBHOOK, pressed("2"))
    (record,) = [each for each in caplog.records if each.name == "ivrkit.calls"]
    line = JsonFormatter().format(record)
    told = json.loads(line)
    assert "\n" not in line
    assert list(told) == ["time", "level", "logger", "message", *PARTS]
    assert (told["level"], told["logger"], told["turn"], told["from"]) == ("INFO", "ivrkit.calls", 1, "***0100")
    assert told["time"].endswith("+00:00")
    assert told["message"] == record.getMessage()


def test_any_other_record_as_json(caplog):
    """An error is told with its traceback, in the same one line."""
    try:
        raise ValueError("no such luck")
    except ValueError:
        logging.getLogger("ivrkit.web").exception("call %s: %s", "CA1", "ä\nb")
    line = JsonFormatter().format(caplog.records[-1])
    told = json.loads(line)
    assert "\n" not in line
    assert list(told) == ["time", "level", "logger", "message", "exception"]
    assert (told["level"], told["message"]) == ("ERROR", "call CA1: ä\nb")
    assert told["exception"].startswith("Traceback (most recent call last):")
    assert told["exception"].endswith("ValueError: no such luck")


def test_the_log_of_a_served_app(logger, no_settings, tmp_path, monkeypatch, capsys):
    """It is set up as the settings say, on the standard error output, once however often it is asked for."""
    other = logging.NullHandler()
    logger.addHandler(other)
    for form in ("text", "json"):
        no_settings.setenv("IVRKIT_LOG_FORMAT", form)
        no_settings.setenv("TWILIO_AUTH_TOKEN", "12345")
        app = served_app()
        call = Phone(app).call()
        told = [line for line in capsys.readouterr().err.splitlines() if "ivrkit.calls" in line]
        assert len(told) == 1
        if form == "json":
            assert json.loads(told[0])["call"] == call.sid
        else:
            assert f" INFO ivrkit.calls: call {call.sid} turn 1: " in told[0]
        sessions_of(app).close()
    assert other in logger.handlers
    assert len([each for each in logger.handlers if getattr(each, "stream", None) is sys.stderr]) == 1


def test_a_library_sets_up_no_log(logger, make_app):
    """Where a tree is mounted, the log is the app's own business."""
    before = (list(logger.handlers), logger.level, logger.propagate)
    make_app(log_format="json")
    assert (logger.handlers, logger.level, logger.propagate) == before
    configure_logging(Settings(log_format="json"))
    assert logger.handlers != before[0]
