"""The setup of the log of a server process. The lines of the log are text or JSON."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from ivrkit.host.call_log import TURN_ATTRIBUTE
from ivrkit.host.dev_log import DevFormatter, wants_colour
from ivrkit.settings import Settings

_TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """A formatter that writes each log record as one line of JSON.

    Every line has ``time`` (ISO 8601, UTC), ``level``, ``logger`` and ``message``. The line of an exception also has
    ``exception``. The line of a turn in a call also has ``call``, ``turn``, ``left``, ``outcome``, ``path``, ``state``,
    ``owner``, ``ended``, ``milliseconds``, ``from`` and ``to``.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a JSON object."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, TURN_ATTRIBUTE, {}),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        # JSON escapes line breaks, so a traceback stays in one line as well.
        return json.dumps(fields)


class _StderrHandler(logging.StreamHandler[Any]):
    """The log handler that :func:`configure_logging` adds. A second call of that function replaces the handler."""


def configure_logging(settings: Settings) -> logging.StreamHandler[Any]:
    """Write the log of ``ivrkit`` to the standard error output, in the format of the setting ``log_format``.

    In dev mode, the text format has shorter lines, with colours on a terminal.

    Call this only in a process that serves the phone tree and nothing else. If you mount a phone tree in your own app,
    set up the log in your app.

    :param settings: the settings. Only ``log_format`` and ``dev`` are used.
    :returns: the log handler.
    """
    handler = _add_handler(settings)
    # Without this, a handler of the server on the root logger would write each line a second time.
    logging.getLogger("ivrkit").propagate = False
    return handler


def log_until_configured(settings: Settings) -> None:
    """Write the log of ``ivrkit`` to the standard error output, as long as the app has not set up a log.

    :param settings: the settings. Only ``log_format`` and ``dev`` are used.
    """
    if not logging.getLogger("ivrkit").hasHandlers():
        handler = _add_handler(settings)
        # The app may set up its log later. Then the root logger or the logger of ivrkit has another handler.
        handler.addFilter(
            lambda record: {*logging.getLogger("ivrkit").handlers, *logging.getLogger().handlers} == {handler}
        )


def _add_handler(settings: Settings) -> _StderrHandler:
    handler = _StderrHandler(sys.stderr)
    handler.setFormatter(_formatter(settings))
    logger = logging.getLogger("ivrkit")
    logger.handlers = [*(each for each in logger.handlers if not isinstance(each, _StderrHandler)), handler]
    logger.setLevel(logging.INFO)
    return handler


def _formatter(settings: Settings) -> logging.Formatter:
    if settings.log_format == "json":
        return JsonFormatter()
    return DevFormatter(colour=wants_colour(sys.stderr)) if settings.dev else logging.Formatter(_TEXT_FORMAT)
