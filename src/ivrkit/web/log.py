"""The logs of calls: one line for each turn, numbers masked, as text or as JSON."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from typing import Any

from ivrkit.flow.session import Session
from ivrkit.flow.turn import Turn
from ivrkit.settings import Settings

#: Told by each turn of each call, at the level INFO; the details are the attribute ``ivrkit`` of the record.
CALLS = "ivrkit.calls"
#: How many digits of a number are told.
SHOWN = 4

#: Given a turn, the session as it is kept now, and when the webhook came, by ``time.perf_counter``.
TellTurn = Callable[[Turn, Session, float], None]

log = logging.getLogger(CALLS)


def log_of_calls(tree: str, *, mask: bool) -> TellTurn:
    """Return what logs a turn.

    :param tree: the name of the tree.
    :param mask: whether only the last digits of numbers are told.
    """

    def tell(turn: Turn, session: Session, since: float) -> None:
        if not log.isEnabledFor(logging.INFO):
            return
        details = details_of(turn, session, tree, (time.perf_counter() - since) * 1000, mask=mask)
        log.info("%s", _as_text(details), extra={"ivrkit": details})

    return tell


def details_of(turn: Turn, session: Session, tree: str, milliseconds: float, *, mask: bool) -> dict[str, Any]:
    """Return what is told of a turn, as plain JSON.

    :param turn: what was answered; the outcome of a secret state is told as ``(secret)``.
    :param session: the session as it is kept now.
    :param tree: the name of the tree.
    :param milliseconds: from the webhook's coming to its session being saved.
    :param mask: whether only the last digits of numbers are told.
    """
    number = masked if mask else str
    left = next((each for each in turn.events if each.kind == "left"), None)
    failed = [str(each.state.owner) for each in turn.events if each.kind == "failed" and each.state]
    return {
        "call": turn.call.sid,
        "turn": session.turn,
        "tree": tree,
        "left": left.state.name if left and left.state else None,
        "outcome": left.outcome if left else None,
        "state": turn.state.name if turn.state else None,
        "owner": str(turn.state.owner) if turn.state else None,
        "failed": failed,
        "ended": session.ended,
        "language": session.language,
        "from": number(turn.call.from_),
        "to": number(turn.call.to),
        "ms": round(milliseconds, 1),
    }


def masked(number: str) -> str:
    """Return a number with its last digits alone, and any other address without its name.

    >>> masked("+14155550100"), masked("client:ann"), masked("anonymous")
    ('***0100', 'client:***', 'anonymous')
    """
    kind, colon, _ = number.partition(":")
    if colon:
        return f"{kind}:***"
    digits = number.lstrip("+")
    return f"***{digits[-SHOWN:]}" if digits.isdecimal() and len(digits) > SHOWN else number


_NUMBER = re.compile(r"\b(From|To|Caller|Called|ForwardedFrom)=([^&]*)")


def masked_in(url: str) -> str:
    """Return a URL with the numbers of Twilio's parameters masked."""
    return _NUMBER.sub(lambda found: f"{found[1]}={masked(found[2].replace('%2B', '+'))}", url)


def _as_text(told: dict[str, Any]) -> str:
    """Return what is told as one line."""
    way = f"{told['left']} {told['outcome'] or ''}".strip() + " -> " if told["left"] else ""
    owner = f" ({told['owner']})" if told["owner"] else ""
    failed = f", failed: {', '.join(told['failed'])}" if told["failed"] else ""
    ended = f", ended: {told['ended']}" if told["ended"] else ""
    who = f"from {told['from'] or 'nobody'} to {told['to'] or 'nobody'}"
    return (
        f"call {told['call']} turn {told['turn']}: {way}{told['state']}{owner}{failed}{ended}, {who}, {told['ms']} ms"
    )


class JsonFormatter(logging.Formatter):
    """Writes each record as one line of JSON, the details of a turn as keys of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "ivrkit", {}),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)


def configure_logging(settings: Settings) -> None:
    """Send the logs of ivrkit to the standard error output, as the settings have it.

    For the process of a server, which is nobody else's; called again it changes what is there.

    :param settings: ``log_format`` is what counts.
    """
    logger = logging.getLogger("ivrkit")
    for handler in [each for each in logger.handlers if isinstance(each, _ServersHandler)]:
        logger.removeHandler(handler)
    handler = _ServersHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else text)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


class _ServersHandler(logging.StreamHandler[Any]):
    """The one handler that a server's process is given."""
