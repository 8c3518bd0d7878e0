"""The turn guard: passes each call of a plugin's code in a turn through the gates of the host, with a deadline."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode, runner_of_turn
from ivrkit.host.deadlines.attempt import DEFAULT_DEADLINE, Attempt, RunningCode, clock
from ivrkit.host.deadlines.watchdog import watchdog
from ivrkit.host.rate_limit import RateLimit
from ivrkit.plugin_errors import escape_control_characters
from ivrkit.plugins.trace import trace_code, trace_log

log = logging.getLogger("ivrkit.plugins")

#: For all guards of the process, so that a flood of refusals does not flood the log.
_refusals = RateLimit()


class Gate(Protocol):
    """A check or an observation around each call of a plugin's code. Threads share one object."""

    def enter(self, code: PluginCode, sid: str, /) -> None:
        """Do something before the code runs.

        :param code: the function of the plugin.
        :param sid: the CallSid of the call.
        :raises CodeRefused: if the code must not run.
        """

    def leave(self, code: PluginCode, sid: str, error: BaseException | None, /) -> None:
        """Do something after the code has run. This method is called if and only if :meth:`enter` returned.

        :param code: the function of the plugin.
        :param sid: the CallSid of the call.
        :param error: the error that the code raised, or that a later gate raised to refuse the code. Otherwise
            ``None``.
        """


@runtime_checkable
class DeadlineGate(Gate, Protocol):
    """A gate with a method that is called when code misses its deadline."""

    def missed(self, code: PluginCode, sid: str, /) -> None:
        """Do something when the code has missed its deadline. The code still runs.

        :meth:`leave` is called as well, if the code ends some day.

        :param code: the function of the plugin.
        :param sid: the CallSid of the call.
        """


class TurnGuard:
    """Runs the code of plugins in one attempt to answer a webhook.

    :param sid: the CallSid of the call.
    :param gates: the gates. The code enters the gates in this order, and leaves them in the reverse order.
    :param attempt: the attempt to answer the webhook.
    :param deadline: the number of seconds that code may run. A state may have a deadline of its own.
    """

    def __init__(
        self,
        sid: str,
        gates: Sequence[Gate],
        attempt: Attempt | None = None,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        self._sid = sid
        self._gates = gates
        self._deadline = deadline
        #: The attempt, for the watchdog.
        self.attempt = attempt or Attempt()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Return a context manager in which this guard is the runner of the turn, and the watchdog watches it."""
        watchdog.add(self)
        try:
            with runner_of_turn(self):
                yield
        finally:
            watchdog.remove(self)

    def __call__(self, code: PluginCode, run: Callable[[], Any]) -> Any:
        """Run the code of a plugin between the gates, and return its result.

        :param code: the function of the plugin.
        :param run: a function that calls the function of the plugin.
        :raises CodeRefused: if a gate or the attempt refuses the code. An error of the code is raised again.
        """
        entered: list[Gate] = []
        error: BaseException | None = None
        try:
            self._enter(code, entered)
            return self._run(code, run)
        except BaseException as raised:
            error = raised
            raise
        finally:
            for gate in reversed(entered):
                gate.leave(code, self._sid, error)
            # Without this, the error and this frame refer to each other.
            del error

    def code_missed(self, running: RunningCode) -> None:
        """Do what follows when code has missed its deadline. The watchdog calls this method.

        :param running: the code.
        """
        # First of all the next attempt: a gate may have to wait for the session store.
        self.attempt.code_missed()
        for gate in self._gates:
            if isinstance(gate, DeadlineGate):
                gate.missed(running.code, self._sid)

    def _enter(self, code: PluginCode, entered: list[Gate]) -> None:
        """Enter all gates.

        :param entered: gets the gates that were entered.
        :raises CodeRefused: if a gate refuses the code.
        """
        for gate in self._gates:
            try:
                gate.enter(code, self._sid)
            except CodeRefused as refusal:
                self._log_refusal(code, refusal)
                raise
            entered.append(gate)

    def _run(self, code: PluginCode, run: Callable[[], Any]) -> Any:
        """Run code with its deadline, and return its result.

        :raises CodeRefused: if the attempt refuses the code.
        """
        own = code.state.deadline if code.state is not None else None
        running = self.attempt.start(code, self._sid, self._deadline if own is None else own)
        try:
            return trace_code(code, self._shown, run) if trace_log.isEnabledFor(logging.DEBUG) else run()
        finally:
            self.attempt.stop()
            if running.missed:
                self._log_late_end(running)

    def _log_late_end(self, running: RunningCode) -> None:
        """Log the end of code that has missed its deadline."""
        use = "is thrown away" if self.attempt.is_abandoned else "is used"
        seconds = clock() - running.started
        log.warning(
            "%s has ended after %.1f seconds in call %s: its result %s", running.code, seconds, self._shown, use
        )

    def _log_refusal(self, code: PluginCode, refusal: CodeRefused) -> None:
        """Log that code was refused, unless too many refusals of the same code were logged before."""
        dropped = _refusals.admit(str(code))
        if dropped is not None:
            more = f" ({dropped:,} more were not logged)" if dropped else ""
            log.warning("%s was not run in call %s: %s%s", code, self._shown, refusal.message, more)

    @property
    def _shown(self) -> str:
        """The CallSid for a line of the log. In dev mode without a token, a request can have any CallSid."""
        return escape_control_characters(self._sid)
