"""The trace: log lines about each function of a plugin that runs, for a host with the setting ``trace``."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from ivrkit.errors import redacted
from ivrkit.flow.compile.fragments import Content
from ivrkit.flow.run.plugin_code import PluginCode
from ivrkit.plugin_errors import describe_error, describe_value

#: The log of the trace. The trace is on if this logger logs ``DEBUG``.
trace_log = logging.getLogger("ivrkit.trace")


class _StderrHandler(logging.StreamHandler[Any]):
    """The handler of the trace in an app that has not set up a log, so that no line is lost."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether no other handler writes the record."""
        return not (logging.getLogger("ivrkit").handlers or logging.getLogger().handlers)


def enable_trace() -> None:
    """Switch the trace on in this process. Without a log of the app, the lines go to the standard error output."""
    trace_log.setLevel(logging.DEBUG)
    others = [each for each in trace_log.handlers if not isinstance(each, _StderrHandler)]
    trace_log.handlers = [*others, _StderrHandler()]


def trace_code(code: PluginCode, sid: str, run: Callable[[], Any]) -> Any:
    """Run the code of a plugin, log its time and its result, and return the result.

    :param code: the function of the plugin.
    :param sid: the CallSid of the call, without control characters.
    :param run: a function that runs the code. Its error is logged and raised again.
    """
    started = time.perf_counter()
    outcome = "was interrupted"
    try:
        result = run()
        outcome = f"returned {_describe_result(result, secret=code.secret)}"
        return result
    except BaseException as error:
        outcome = f"raised {redacted(error).message if code.secret else describe_error(error)}"
        raise
    finally:
        milliseconds = (time.perf_counter() - started) * 1000
        function = f"{code.function} of {code}" if code.state is not None else str(code)
        trace_log.debug("call %s: %s took %.1f ms and %s", sid, function, milliseconds, outcome)


def _describe_result(result: Any, *, secret: bool) -> str:
    """Return a short text in one line about the result of a plugin's code. The content of a state is shown as TwiML."""
    if secret:
        return "a value (hidden, because the input was secret)"
    twiml = result.xml if type(result) is Content else result
    return describe_value(twiml.decode() if type(twiml) is bytes else twiml)
