"""The turn guard: passes each call of a plugin's code in a turn through the gates of the host."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode
from ivrkit.host.rate_limit import RateLimit
from ivrkit.plugin_errors import escape_control_characters

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


class TurnGuard:
    """Runs the code of plugins in one attempt to answer a webhook.

    :param sid: the CallSid of the call.
    :param gates: the gates. The code enters the gates in this order, and leaves them in the reverse order.
    """

    def __init__(self, sid: str, gates: Sequence[Gate]) -> None:
        self._sid = sid
        self._gates = gates

    def __call__(self, code: PluginCode, run: Callable[[], Any]) -> Any:
        """Run the code of a plugin between the gates, and return its result.

        :param code: the function of the plugin.
        :param run: a function that calls the function of the plugin.
        :raises CodeRefused: if a gate refuses the code. The refusal is logged. An error of the code is raised again.
        """
        entered: list[Gate] = []
        error: BaseException | None = None
        try:
            self._enter(code, entered)
            return run()
        except BaseException as raised:
            error = raised
            raise
        finally:
            for gate in reversed(entered):
                gate.leave(code, self._sid, error)
            # Without this, the error and this frame refer to each other.
            del error

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

    def _log_refusal(self, code: PluginCode, refusal: CodeRefused) -> None:
        """Log that code was refused, unless too many refusals of the same code were logged before."""
        dropped = _refusals.admit(str(code))
        if dropped is not None:
            more = f" ({dropped:,} more were not logged)" if dropped else ""
            sid = escape_control_characters(self._sid)
            log.warning("%s was not run in call %s: %s%s", code, sid, refusal.message, more)
