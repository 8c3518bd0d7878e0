"""One line for each turn of a call, told to the logger ``ivrkit.calls``: what a caller did, and where that led."""

from __future__ import annotations

import logging
import re
import time
import traceback
from typing import Any

from ivrkit.flow.model.state import State
from ivrkit.flow.run.session import Session
from ivrkit.flow.run.turn import Event, Turn

#: Of a number with fewer digits than this nothing is shown: its last four would be all of it.
_MANY = 5
#: Where a record of the log has the line's parts, for whoever formats it.
PARTS = "ivrkit_turn"

log = logging.getLogger("ivrkit.calls")


class CallLog:
    """Tells the turns of all calls. While nobody listens, nothing is computed.

    :param mask_numbers: whether of telephone numbers only the last four digits are told.
    """

    def __init__(self, *, mask_numbers: bool = True) -> None:
        self._mask = mask_numbers

    def begin(self) -> float | None:
        """Return when a turn begins, or ``None`` while nobody listens."""
        return time.perf_counter() if log.isEnabledFor(logging.INFO) else None

    def tell(self, turn: Turn, session: Session, began: float | None) -> None:
        """Tell a turn whose session is saved. Whatever fails here, the call goes on.

        :param turn: what was answered, and what happened.
        :param session: the session as it was saved.
        :param began: what :meth:`begin` returned.
        """
        if began is None:
            return
        took = (time.perf_counter() - began) * 1000
        try:
            parts = self._parts(turn, session, took)
            log.info("%s", one_line(_text(parts)), extra={PARTS: parts})
        except Exception:  # a handler or filter of whoever set up the log
            traceback.print_exc()

    def _parts(self, turn: Turn, session: Session, took: float) -> dict[str, Any]:
        left = _left(turn)
        return {
            "call": session.sid,
            "turn": session.turn,
            "left": left.state.name if left and left.state else None,
            "outcome": left.outcome if left else None,
            "state": session.state,
            "owner": _owner(turn.state),
            "ended": session.ended,
            "milliseconds": round(took, 1),
            "from": self._number(turn.call.from_),
            "to": self._number(turn.call.to),
        }

    def _number(self, number: str) -> str | None:
        return (masked(number) if self._mask else number) or None


def masked(number: str) -> str:
    """Return what may be told of a caller or callee: ``***0100``, ``client:***``, or a word such as ``anonymous``."""
    kind, colon, _ = number.partition(":")
    if colon:
        return f"{kind}:***" if kind.isalpha() else "***"
    if not number or number.isalpha():
        return number
    digits = re.sub(r"\D", "", number)
    return f"***{digits[-4:]}" if len(digits) >= _MANY else "***"


def one_line(text: str) -> str:
    """Return a text without line breaks and other signs that would forge a line in a log."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def _left(turn: Turn) -> Event | None:
    """Return what led out of the state that the caller stood in; states that are passed through are not it."""
    for event in turn.events:
        if event.name == "entered":
            break
        if event.name == "left":
            return event
    return None


def _owner(state: State | None) -> str | None:
    return str(state.owner) if state else None


def _text(parts: dict[str, Any]) -> str:
    """Return the line: ``call CA.. turn 3: menu 1 -> sales (acme-states 0.1.0) 4.2 ms from ***0100 to ***0199``."""
    left = " ".join(filter(None, (parts["left"], parts["outcome"])))
    state = f"{parts['state']} ({parts['owner']})" if parts["owner"] else parts["state"]
    way = " -> ".join(filter(None, (left, state)))
    what = ", ".join(filter(None, (way, parts["ended"] and f"ended {parts['ended']}")))
    who = f"from {parts['from'] or 'unknown'} to {parts['to'] or 'unknown'}"
    return f"call {parts['call']} turn {parts['turn']}: {what} {parts['milliseconds']} ms {who}"
