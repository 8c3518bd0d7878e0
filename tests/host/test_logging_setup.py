"""The log of a server process: lines of text or JSON on the standard error output."""

import json
import logging
import sys

import pytest
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import sessions_of
from tests.web.webhook_calls import pressed

from ivrkit.host.logging_setup import configure_logging
from ivrkit.settings.core import Settings
from ivrkit.testing import Phone
from ivrkit.web import JsonFormatter, create_server_app

PARTS = ["call", "turn", "left", "outcome", "state", "owner", "ended", "milliseconds", "from", "to"]


@pytest.fixture
def logger():
    """The logger ``ivrkit``, as it was before once the test is over."""
    logger = logging.getLogger("ivrkit")
    kept = (list(logger.handlers), logger.level, logger.propagate)
    yield logger
    logger.handlers, logger.propagate = kept[0], kept[2]
    logger.setLevel(kept[1])


def test_a_record_of_a_turn_as_json(new_call, caplog):
    """One object a line, with the parts of the turn beside what every record has."""
    caplog.set_level(logging.INFO, logger="ivrkit.calls")
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
        app = create_server_app()
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
