"""How the log of a host that serves itself is written: lines of text, or an object of JSON a line."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from ivrkit.host.call_log import PARTS
from ivrkit.settings.core import Settings

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """Writes every record as one line of JSON.

    Each has ``time`` (ISO 8601, UTC), ``level``, ``logger`` and ``message``; one with an error ``exception``; and the
    line of a turn its parts: ``call``, ``turn``, ``left``, ``outcome``, ``state``, ``owner``, ``ended``,
    ``milliseconds``, ``from`` and ``to``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, PARTS, {}),
        }
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)


class _OnStderr(logging.StreamHandler[Any]):
    """The one handler that is set up here, so that a second time replaces it."""


def configure_logging(settings: Settings) -> None:
    """Let the logger ``ivrkit`` write to the standard error output, as the setting ``log_format`` says.

    For a process that serves the tree and nothing else: an app that a tree is mounted in has its own log.
    """
    handler = _OnStderr(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else logging.Formatter(_TEXT))
    logger = logging.getLogger("ivrkit")
    logger.handlers = [*(each for each in logger.handlers if not isinstance(each, _OnStderr)), handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False  # or a server's own handler writes each line once more
