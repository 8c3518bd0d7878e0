"""The log in dev mode: short lines for a terminal, in colour."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any, TextIO

from ivrkit.host.call_log import TURN_ATTRIBUTE, describe_path
from ivrkit.plugin_errors import escape_control_characters

#: How many characters at the end of a CallSid are shown.
_SHORT_ID = 4
_RESET, _DIM, _RED, _YELLOW, _CYAN = "\x1b[0m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[36m"


class DevFormatter(logging.Formatter):
    """A formatter that writes the turn of a call as ``12:00:01 CA5e1f ***0100 menu 3 -> hours 2 ms``.

    Any other record is the time and the message, with the level in between for warnings and errors.

    :param colour: whether the lines have ANSI colours. Warnings are yellow then, and errors are red.
    """

    def __init__(self, *, colour: bool) -> None:
        super().__init__(datefmt="%H:%M:%S")
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, and the traceback of an exception on the lines after it."""
        turn: Mapping[str, Any] | None = getattr(record, TURN_ATTRIBUTE, None)
        time = self._in(_DIM, self.formatTime(record, self.datefmt))
        line = f"{time} {self._message(record) if turn is None else self._turn(turn)}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line

    def _message(self, record: logging.LogRecord) -> str:
        if record.levelno < logging.WARNING:
            return record.getMessage()
        colour = _YELLOW if record.levelno < logging.ERROR else _RED
        return self._in(colour, f"{record.levelname} {record.getMessage()}")

    def _turn(self, fields: Mapping[str, Any]) -> str:
        call = self._in(_CYAN, escape_control_characters(short_call_id(fields["call"])))
        caller = escape_control_characters(fields["from"] or "unknown")
        milliseconds = self._in(_DIM, f"{fields['milliseconds']:.0f} ms")
        return f"{call} {caller} {escape_control_characters(describe_path(fields))} {milliseconds}"

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour else text


def short_call_id(sid: str) -> str:
    """Return the beginning and the last characters of a CallSid, such as ``CA5e1f``."""
    return sid[:2] + sid[2:][-_SHORT_ID:]


def wants_colour(stream: TextIO) -> bool:
    """Return whether to write ANSI colours to a stream.

    ``NO_COLOR`` turns them off and ``FORCE_COLOR`` turns them on, if they are set and not empty: https://no-color.org
    and https://force-color.org. Otherwise only a terminal gets them.
    """
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")
