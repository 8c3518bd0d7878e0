"""The log of a server process: lines of text or JSON on the standard error output."""

import json
import logging
import re
import sys

import pytest
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import sessions_of
from tests.web.webhook_calls import pressed

from ivrkit.host.logging_setup import configure_logging
from ivrkit.settings import Settings
from ivrkit.testing import Phone
from ivrkit.web import JsonFormatter, create_server_app

FIELDS = ["call", "turn", "left", "outcome", "path", "state", "owner", "ended", "milliseconds", "from", "to"]


@pytest.fixture
def logger():
    """Return the logger ``ivrkit``."""
    return logging.getLogger("ivrkit")


def test_a_record_of_a_turn_as_json(new_call, caplog):
    """The record of a turn is one line of JSON, with the fields of the turn after those of every record."""
    caplog.set_level(logging.INFO, logger="ivrkit.calls")
    new_call().send(WEBHOOK, pressed("2"))
    (record,) = [each for each in caplog.records if each.name == "ivrkit.calls"]
    line = JsonFormatter().format(record)
    fields = json.loads(line)
    assert "\n" not in line
    assert list(fields) == ["time", "level", "logger", "message", *FIELDS]
    assert (fields["level"], fields["logger"], fields["turn"], fields["from"]) == ("INFO", "ivrkit.calls", 1, "***0100")
    assert fields["time"].endswith("+00:00")
    assert fields["message"] == record.getMessage()


def test_a_record_with_an_exception_as_json(caplog):
    """The record of an exception is one line of JSON, with the traceback in ``exception``."""
    try:
        raise ValueError("no such luck")
    except ValueError:
        logging.getLogger("ivrkit.web").exception("call %s: %s", "CA1", "ä\nb")
    line = JsonFormatter().format(caplog.records[-1])
    fields = json.loads(line)
    assert "\n" not in line
    assert list(fields) == ["time", "level", "logger", "message", "exception"]
    assert (fields["level"], fields["message"]) == ("ERROR", "call CA1: ä\nb")
    assert fields["exception"].startswith("Traceback (most recent call last):")
    assert fields["exception"].endswith("ValueError: no such luck")


def test_the_log_of_a_server_app(logger, no_settings, tmp_path, monkeypatch, capsys):
    """A server app writes one line per record to the standard error output, in the format of ``log_format``."""
    other = logging.NullHandler()
    logger.addHandler(other)
    for form in ("text", "json"):
        no_settings.setenv("IVRKIT_LOG_FORMAT", form)
        no_settings.setenv("TWILIO_AUTH_TOKEN", "12345")
        app = create_server_app()
        call = Phone(app).call()
        lines = [line for line in capsys.readouterr().err.splitlines() if "ivrkit.calls" in line]
        assert len(lines) == 1
        if form == "json":
            assert json.loads(lines[0])["call"] == call.sid
        else:
            assert f" INFO ivrkit.calls: call {call.sid} turn 1: " in lines[0]
        sessions_of(app).close()
    assert other in logger.handlers
    assert len([each for each in logger.handlers if getattr(each, "stream", None) is sys.stderr]) == 1


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_log_of_a_server_app_in_dev_mode(logger, no_settings, tmp_path, capsys, log_format):
    """In dev mode the text format is short and without colours outside of a terminal. JSON is the same as always."""
    no_settings.setenv("IVRKIT_DEV", "1")
    no_settings.setenv("IVRKIT_LOG_FORMAT", log_format)
    no_settings.delenv("FORCE_COLOR", raising=False)
    app = create_server_app()
    Phone(app).call()
    sessions_of(app).close()
    line = capsys.readouterr().err.splitlines()[-1]
    if log_format == "json":
        assert list(json.loads(line)) == ["time", "level", "logger", "message", *FIELDS]
    else:
        # Without a plugin, the menu has no options, and the call ends.
        assert re.fullmatch(r"\d\d:\d\d:\d\d CA\w{4} \S+ greeting -> menu(, ended finished)? \d+ ms", line)


def test_a_mounted_tree_does_not_set_up_the_log(logger, make_app):
    """Mounting a phone tree does not change the handlers of the logger; ``configure_logging`` does."""
    before = (list(logger.handlers), logger.level, logger.propagate)
    make_app(log_format="json")
    assert (logger.handlers, logger.level, logger.propagate) == before
    configure_logging(Settings(log_format="json"))
    assert logger.handlers != before[0]
