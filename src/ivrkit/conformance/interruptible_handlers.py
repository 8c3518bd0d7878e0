"""The rule that handlers are interruptible: if a worker is killed in a handler, the next run of the webhook is correct.

Twilio sends the webhook again if a worker was killed, so each handler runs at least once. The checks interrupt a plugin
at each of its lines in turn, and compare what comes after with an uninterrupted run.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from ivrkit.conformance.checked_plugin import NORMAL_START, CheckedPlugin, ConformanceError, record_plugin_errors
from ivrkit.conformance.isolated_calls import call_scripts
from ivrkit.conformance.outcomes import webhooks_for
from ivrkit.conformance.webhook_runner import WebhookResult, WebhookRunner, describe_webhook, first_difference
from ivrkit.simulator import Action
from ivrkit.testing import Phone

#: At how many lines a webhook or a call is interrupted. Longer handlers are interrupted only at the first of them.
MAX_LINES = 60
MAX_SCRIPTS = 3


class HandlerInterrupted(Exception):  # noqa: N818  it stands for a killed worker, which is not an error of the handler
    """The interruption of a handler, in place of a killed worker."""


def an_interrupted_handler_can_run_again(plugin: CheckedPlugin, start: str) -> None:
    """Check that a webhook gives the same result after it was interrupted, for each line of its handlers."""
    with plugin.phone(start) as phone, record_plugin_errors():
        runner = WebhookRunner(phone)
        first = runner.start_call()
        _interrupt_at_each_line(plugin, start, "the first webhook", first, runner.start_call)
        for params in webhooks_for(phone, first.waiting_verb):
            expected = runner.run(first.session, params)
            run = lambda: runner.run(first.session, params)  # noqa: B023, E731  it is called before the loop goes on
            _interrupt_at_each_line(plugin, start, describe_webhook(params), expected, run)


def an_interrupted_hook_does_not_break_calls(plugin: CheckedPlugin) -> None:
    """Check that calls have no warnings of the simulator after a hook was interrupted, for each line of the hooks."""
    scripts = call_scripts(plugin, NORMAL_START)[:MAX_SCRIPTS]
    with plugin.phone() as phone, record_plugin_errors():
        for script in scripts:
            for line in range(1, MAX_LINES + 1):
                interruption = _Interruption(line, plugin.source_paths())
                interruption.run(lambda: _play(phone, script))  # noqa: B023  it is called before the loop goes on
                _refuse_uncaught_exception(plugin, NORMAL_START, interruption)
                if not interruption.location:
                    break
                for warning in phone.calls[-1].warnings:
                    raise ConformanceError(
                        f"{plugin.name}: after a hook was interrupted at {interruption.location}, {warning.what}",
                        hint=warning.hint,
                    )


def _interrupt_at_each_line(
    plugin: CheckedPlugin, start: str, webhook: str, expected: WebhookResult, run: Callable[[], WebhookResult]
) -> None:
    """Interrupt a webhook at each line of the plugin's code in turn, and run it again each time.

    :param webhook: the webhook, for the message.
    :param expected: the result of the webhook without an interruption.
    :param run: runs the webhook.
    """
    for line in range(1, MAX_LINES + 1):
        interruption = _Interruption(line, plugin.source_paths())
        interruption.run(run)
        _refuse_uncaught_exception(plugin, start, interruption)
        if not interruption.location:  # the webhook has fewer lines
            return
        difference = first_difference(run(), expected)
        if difference is not None:
            raise ConformanceError(
                f"{plugin.where(start)}, {webhook}: after an interruption at {interruption.location} it gives "
                f"{difference[0]!r}, and gave {difference[1]!r} before",
                hint="make each side effect atomic, and use call.turn_key as its key",
            )


def _refuse_uncaught_exception(plugin: CheckedPlugin, start: str, interruption: _Interruption) -> None:
    if interruption.uncaught is not None:
        raise ConformanceError(
            f"{plugin.where(start)}, interrupted at {interruption.location}, raises {interruption.uncaught!r}, which "
            "ivrkit does not catch",
            hint="raise only subclasses of Exception: with any other exception the caller hears nothing",
        )


def _play(phone: Phone, script: Sequence[Action]) -> None:  # pragma: no cover  the kit's own tracer runs here
    """Make a call and do the actions of a script that are possible; an interrupted hook can change where it goes."""
    call = phone.call()
    for action in script:
        if call.waiting is None:
            break
        call.do(action) if call.waiting.why_not(action) == "" else call.stays_silent()


class _Interruption:
    """Raises an exception at one line of a plugin's code.

    It traces the code with :func:`sys.settrace` and counts the lines as they are run. A line counts once for each run
    of its function: the tracer reports the line of a ``with`` again when the block ends, and an exception there would
    keep the context manager from closing what it opened.

    :param line: the number of the line to interrupt, counted from 1.
    :param source_paths: the beginnings of the paths of the plugin's files.
    """

    def __init__(self, line: int, source_paths: list[str]) -> None:
        self._lines_left = line
        self._source_paths = tuple(source_paths)
        self._seen: set[tuple[int, int]] = set()
        #: The file and line that were interrupted, empty if the code ended before.
        self.location = ""
        #: The exception that left the code. ivrkit catches :class:`HandlerInterrupted` as an error of the plugin.
        self.uncaught: BaseException | None = None

    def run(self, function: Callable[[], object]) -> None:
        """Run a function and interrupt it, in a new thread, so that a debugger or coverage can trace this one."""
        thread = threading.Thread(target=self._run, args=(function,))
        thread.start()
        thread.join()

    def _run(self, function: Callable[[], object]) -> None:
        sys.settrace(self._trace)
        try:  # pragma: no cover  the kit's own tracer runs here, so coverage cannot
            function()
        except BaseException as error:  # pragma: no cover  as above
            self.uncaught = error

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:  # pragma: no cover  tracers are not traced
        """Count the lines of the plugin's own functions; other functions are not traced."""
        if not frame.f_code.co_filename.startswith(self._source_paths):
            return None
        line = (id(frame), frame.f_lineno)
        if event == "line" and not self.location and line not in self._seen:
            self._seen.add(line)
            self._lines_left -= 1
            if self._lines_left == 0:
                self.location = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise HandlerInterrupted(self.location)
        return self._trace
