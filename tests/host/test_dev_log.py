"""The log in dev mode: short lines, with colours on a terminal."""

import io
import logging
import re

import pytest

from ivrkit.host.call_log import TURN_ATTRIBUTE
from ivrkit.host.dev_log import DevFormatter, short_call_id, wants_colour

TURN = {
    "call": "CA" + "0" * 28 + "5e1f",
    "turn": 2,
    "left": "menu",
    "outcome": "3",
    "path": ["hours", "menu"],
    "state": "menu",
    "owner": "ivrkit 0.1.0",
    "ended": None,
    "milliseconds": 2.4,
    "from": "***0100",
    "to": "***0006",
}
TIME = r"\d\d:\d\d:\d\d"


def formatted(level=logging.INFO, message="x", *, colour=False, turn=None, error=None):
    """Return a log record in the format of the dev log."""
    info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("ivrkit.web", level, "", 0, message, (), info)
    if turn:
        setattr(record, TURN_ATTRIBUTE, turn)
    return DevFormatter(colour=colour).format(record)


def test_a_turn_is_a_short_line():
    """The line of a turn has the time, the end of the CallSid, the caller, the path and the milliseconds."""
    assert re.fullmatch(rf"{TIME} CA5e1f \*\*\*0100 menu 3 -> hours -> menu 2 ms", formatted(turn=TURN))
    ended = {**TURN, "left": None, "outcome": None, "path": [], "state": "hours", "ended": "completed", "from": None}
    assert formatted(turn=ended)[9:] == "CA5e1f unknown hours, ended completed 2 ms"


def test_control_characters_of_a_turn_are_escaped():
    """A line break or an escape sequence in a request does not reach the terminal."""
    line = formatted(turn={**TURN, "call": "C\nA", "from": "\x1b[31m", "outcome": "\n"})
    assert line.isprintable()


@pytest.mark.parametrize(
    ("level", "shown"),
    [(logging.INFO, "x"), (logging.WARNING, "WARNING x"), (logging.ERROR, "ERROR x"), (logging.CRITICAL, "CRITICAL x")],
)
def test_other_records_name_the_level_from_warning_on(level, shown):
    """A record that is not a turn has its time and message, and its level if that is WARNING or higher."""
    assert re.fullmatch(f"{TIME} {shown}", formatted(level))


def test_warnings_are_yellow_and_errors_are_red():
    """With colours, a warning is yellow, an error is red, and time and milliseconds are dim."""
    assert formatted(logging.WARNING, colour=True).endswith(" \x1b[33mWARNING x\x1b[0m")
    assert formatted(logging.ERROR, colour=True).endswith(" \x1b[31mERROR x\x1b[0m")
    line = formatted(turn=TURN, colour=True)
    assert line.startswith("\x1b[2m")
    assert line.endswith(" \x1b[36mCA5e1f\x1b[0m ***0100 menu 3 -> hours -> menu \x1b[2m2 ms\x1b[0m")


def test_an_exception_follows_on_the_next_lines():
    """The traceback of an exception follows the line of its record."""
    try:
        raise ValueError("no such luck")
    except ValueError as error:
        lines = formatted(logging.ERROR, error=error).splitlines()
    assert lines[0].endswith(" ERROR x")
    assert lines[1] == "Traceback (most recent call last):"
    assert lines[-1] == "ValueError: no such luck"


@pytest.mark.parametrize(("sid", "short"), [(TURN["call"], "CA5e1f"), ("CA12", "CA12"), ("CA1", "CA1"), ("", "")])
def test_a_short_call_id(sid, short):
    """A CallSid is shortened to its prefix and its last four characters."""
    assert short_call_id(sid) == short


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self):
        """Return True, as a terminal does."""
        return True


@pytest.mark.parametrize(
    ("stream", "environ", "colour"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": ""}, False),
        (Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_are_for_terminals(monkeypatch, stream, environ, colour):
    """Only a terminal gets colours, unless NO_COLOR or FORCE_COLOR is set. NO_COLOR overrides FORCE_COLOR."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(stream) == colour
