"""The call log: one line for each turn of a call, in the logger ``ivrkit.calls``."""

from __future__ import annotations

import logging
import re
import time
import traceback
from collections.abc import Mapping
from typing import Any

from ivrkit.flow.model.state import State
from ivrkit.flow.run.session import Session
from ivrkit.flow.run.turn import Event, Turn
from ivrkit.plugin_errors import escape_control_characters

#: The attribute of a log record that holds the fields of the turn, for formatters.
TURN_ATTRIBUTE = "ivrkit_turn"
#: Numbers with fewer digits than this are masked completely: their last four digits are nearly the whole number.
_MIN_DIGITS = 5

log = logging.getLogger("ivrkit.calls")


class CallLog:
    """The log of the turns of all calls. If the logger ``ivrkit.calls`` does not log ``INFO``, this class does nothing.

    :param mask_numbers: whether to log only the last four digits of telephone numbers.
    """

    def __init__(self, *, mask_numbers: bool = True) -> None:
        self._mask_numbers = mask_numbers

    def start_timer(self) -> float | None:
        """Return the time at the start of a turn, in seconds, or ``None`` if the logger does not log ``INFO``."""
        return time.perf_counter() if log.isEnabledFor(logging.INFO) else None

    def log_turn(self, turn: Turn, session: Session, started: float | None) -> None:
        """Log a turn after its session was saved. If a log handler fails, the call goes on.

        :param turn: the turn.
        :param session: the session after it was saved.
        :param started: the time that :meth:`start_timer` returned. Nothing is logged if the time is ``None``.
        """
        if started is None:
            return
        milliseconds = (time.perf_counter() - started) * 1000
        try:
            fields = self._fields(turn, session, milliseconds)
            # The line is an argument, not the format: a "%" in a request must not be formatted.
            log.info("%s", escape_control_characters(_line(fields)), extra={TURN_ATTRIBUTE: fields})
        except Exception:  # a handler or filter of the application's own
            # Printed, because logging it would call the same handler again.
            traceback.print_exc()

    def _fields(self, turn: Turn, session: Session, milliseconds: float) -> dict[str, Any]:
        left = _left_event(turn)
        return {
            "call": session.sid,
            "turn": session.turn,
            "left": left.state.name if left and left.state else None,
            "outcome": left.outcome if left else None,
            "path": turn.path,
            "state": session.state,
            "owner": _owner(turn.state),
            "ended": session.ended,
            "milliseconds": round(milliseconds, 1),
            "from": self._number(turn.call.from_),
            "to": self._number(turn.call.to),
        }

    def _number(self, number: str) -> str | None:
        return (mask_number(number) if self._mask_numbers else number) or None


def mask_number(number: str) -> str:
    """Return the part of a telephone number or address that may be logged.

    :param number: a telephone number, a SIP or client address, or a word such as ``anonymous``.
    :returns: for example ``***0100``, ``client:***`` or ``anonymous``.
    """
    scheme, colon, _ = number.partition(":")
    if colon:
        return f"{scheme}:***" if scheme.isalpha() else "***"
    if not number or number.isalpha():
        return number
    digits = re.sub(r"\D", "", number)
    return f"***{digits[-4:]}" if len(digits) >= _MIN_DIGITS else "***"


def _left_event(turn: Turn) -> Event | None:
    """Return the event ``left`` for the state that the call left in this webhook.

    Return ``None`` at the first webhook of a call.
    """
    for event in turn.events:
        # States that the caller only passed through are left as well, but after they were entered.
        if event.name == "entered":
            break
        if event.name == "left":
            return event
    return None


def _owner(state: State | None) -> str | None:
    return str(state.owner) if state else None


def describe_path(fields: Mapping[str, Any], owner: str | None = None) -> str:
    """Return the path of a turn, such as ``menu 3 -> news -> menu`` or ``sales, ended completed``.

    :param fields: the fields of the turn.
    :param owner: the plugin of the new state, or ``None`` to leave it out.
    """
    left = " ".join(filter(None, (fields["left"], fields["outcome"])))
    entered = f"{fields['state']} ({owner})" if owner else fields["state"]
    # The last state of the path is the state that the call is in.
    path = " -> ".join(filter(None, (left, *fields["path"][:-1], entered)))
    return ", ".join(filter(None, (path, fields["ended"] and f"ended {fields['ended']}")))


def _line(fields: Mapping[str, Any]) -> str:
    """Return a line like ``call CA.. turn 3: menu 3 -> news -> menu (ivrkit 0.1.0) 4.2 ms from ***0100 to ***0199``."""
    path = describe_path(fields, fields["owner"])
    numbers = f"from {fields['from'] or 'unknown'} to {fields['to'] or 'unknown'}"
    return f"call {fields['call']} turn {fields['turn']}: {path} {fields['milliseconds']} ms {numbers}"
