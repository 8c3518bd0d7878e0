"""The rule that handlers are interruptible: if a worker is killed in a handler, the next run of the webhook is correct.

Twilio sends a webhook again if the worker was killed, so a handler can run more than once. The checks interrupt the
plugin's code at each line in turn. After each interruption, the next run or the rest of the call must be correct.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from ivrkit.conformance.checked_plugin import NORMAL_START, CheckedPlugin, ConformanceError
from ivrkit.conformance.failures import record_plugin_errors, refuse_errors, refuse_failures
from ivrkit.conformance.isolated_calls import call_scripts
from ivrkit.conformance.outcomes import webhooks_for
from ivrkit.conformance.webhook_runner import WebhookResult, WebhookRunner, describe_webhook, first_difference
from ivrkit.simulator import Action
from ivrkit.testing import Phone

#: Maximum number of lines at which a webhook or a call is interrupted. Later lines are not interrupted.
MAX_LINES = 60
MAX_SCRIPTS = 3


class HandlerInterrupted(Exception):  # noqa: N818  it stands for a killed worker, which is not an error of the handler
    """The exception that interrupts a handler, as if the worker process were killed."""


def an_interrupted_handler_can_run_again(plugin: CheckedPlugin, start: str) -> None:
    """Interrupt the handlers of a webhook at each line, and check that the next run of the webhook is correct."""
    where = plugin.where(start)
    with plugin.phone(start) as phone, record_plugin_errors() as errors:
        runner = WebhookRunner(phone)
        first = runner.start_call()
        refuse_errors(f"{where} failed for the first webhook", errors, plugin)
        _interrupt_at_each_line(plugin, start, "the first webhook", first, runner.start_call)
        for params in webhooks_for(phone, first.waiting_verb):
            errors.clear()  # an interruption is logged as an error of the handler
            expected = runner.run(first.session, params)
            refuse_errors(f"{where} failed for {describe_webhook(params)}", errors, plugin)
            run = lambda: runner.run(first.session, params)  # noqa: B023, E731  it is called before the loop goes on
            _interrupt_at_each_line(plugin, start, describe_webhook(params), expected, run)


def an_interrupted_hook_does_not_break_calls(plugin: CheckedPlugin) -> None:
    """Interrupt the plugin's hooks at each line, and check that the simulator has no warnings about the calls."""
    scripts = call_scripts(plugin, NORMAL_START)[:MAX_SCRIPTS]
    with plugin.phone() as phone, record_plugin_errors():
        for script in scripts:
            # A hook that fails without an interruption as well must not pass.
            with refuse_failures(plugin, plugin.where(NORMAL_START)):
                _play(phone, script)
            for line in range(1, MAX_LINES + 1):
                interruption = _Interruption(line, plugin.source_paths())
                interruption.run(lambda: _play(phone, script))  # noqa: B023  it is called before the loop goes on
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
    """Interrupt a webhook at each line of the plugin's code in turn. Run the webhook again after each interruption.

    :param webhook: a description of the webhook for error messages.
    :param expected: the result of the webhook without an interruption.
    :param run: a function that runs the webhook.
    :raises ConformanceError: if the result of the second run is not the expected result.
    """
    for line in range(1, MAX_LINES + 1):
        interruption = _Interruption(line, plugin.source_paths())
        interruption.run(run)
        if not interruption.location:  # the webhook has fewer lines
            return
        difference = first_difference(run(), expected)
        if difference is not None:
            raise ConformanceError(
                f"{plugin.where(start)}, {webhook}: after an interruption at {interruption.location} it gives "
                f"{difference[0]!r}, and gave {difference[1]!r} before",
                hint="make each side effect atomic, and use call.turn_key as its key",
            )


def _play(phone: Phone, script: Sequence[Action]) -> None:  # pragma: no cover  the kit's own tracer runs here
    """Make a call and perform the actions of a script. Stay silent in place of an action that is not possible."""
    call = phone.call()
    for action in script:
        if call.waiting is None:
            break
        call.do(action) if call.waiting.why_not(action) == "" else call.stays_silent()


class _Interruption:
    """An interruption of a plugin's code: an exception that is raised at one line of the code.

    A tracer (:func:`sys.settrace`) counts the lines that run. A line that a function runs several times is counted
    once.

    :param line: the line to interrupt: 1 is the first line that runs, 2 is the second line that runs, and so on.
    :param source_paths: the paths of the plugin's files and folders. Only code below these paths is traced.
    """

    def __init__(self, line: int, source_paths: list[str]) -> None:
        self._lines_left = line
        self._source_paths = tuple(source_paths)
        self._seen: set[tuple[int, int]] = set()
        #: The file and line that were interrupted; ``""`` if the code ended before this line.
        self.location = ""
        self._uncaught: BaseException | None = None

    def run(self, function: Callable[[], object]) -> None:
        """Run a function in a new thread, and interrupt the function. The tracer is set in the new thread only.

        ivrkit catches :class:`HandlerInterrupted` as an error of the plugin. Any error that leaves the function is an
        error of the kit, and is raised again.
        """
        thread = threading.Thread(target=self._run, args=(function,))
        thread.start()
        thread.join()
        if self._uncaught is not None:
            raise self._uncaught

    def _run(self, function: Callable[[], object]) -> None:
        sys.settrace(self._trace)
        try:  # pragma: no cover  the kit's own tracer runs here, so coverage cannot
            function()
        except BaseException as error:  # pragma: no cover  as above
            self._uncaught = error

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:  # pragma: no cover  tracers are not traced
        """Count the lines that run in the plugin's files, and raise :class:`HandlerInterrupted` at the chosen line."""
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
