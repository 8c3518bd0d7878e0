"""One attempt to answer a webhook, and the code of a plugin that runs in it.

A webhook is answered in one attempt, unless the code of a plugin misses its deadline. Then the attempt is abandoned and
the next attempt answers the webhook without this code. The rules:

1. An attempt can be abandoned until it saves the session. After that, its answer counts.
2. An abandoned attempt cannot save the session, and it runs no more code of plugins.
3. The late result of code that missed its deadline is thrown away.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from ivrkit.errors import SessionError
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode
from ivrkit.host.twiml_response import TwimlResponse

#: How long plugins' code may run in one webhook that somebody waits for, in seconds. Later code is refused, so that the
#: states of the core answer.
CODE_SECONDS = 8.0
#: The deadline of code, if no setting says otherwise, in seconds.
DEFAULT_DEADLINE = 5.0

#: The clock of deadlines, in seconds. It never goes back.
clock = time.perf_counter


class TurnAbandoned(BaseException):
    """The attempt was abandoned, so its session must not be saved. Only the thread of the attempt catches this."""


@dataclass(slots=True)
class RunningCode:
    """Code of a plugin that runs now.

    :param code: the function of the plugin.
    :param sid: the CallSid of the call.
    :param started: the time at which the code started.
    :param deadline: the number of seconds that the code may run.
    :param due: the time at which the code has missed its deadline.
    :param thread: the identifier of the thread that runs the code.
    :param missed: whether the code has missed its deadline.
    """

    code: PluginCode
    sid: str
    started: float
    deadline: float
    due: float
    thread: int
    missed: bool = False


class Attempt:
    """One attempt to answer a webhook.

    :param refused: the code that missed its deadline in earlier attempts, as texts.
    :param slow_states: the names of the states whose functions missed their deadlines in earlier attempts.
    :param received: the time at which the webhook was received, or ``None`` if nobody waits for the answer in another
        thread. Then code is never refused, because the answer of this attempt is the only one.
    :param saved: the answer of an earlier attempt that has saved the session, or ``None``.
    :param is_last_resort: whether there is no time for a turn, so that the answer must not need the session.
    :param missed: a function that is called when code has missed its deadline.
    """

    def __init__(
        self,
        refused: frozenset[str] = frozenset(),
        *,
        slow_states: frozenset[str] = frozenset(),
        received: float | None = None,
        saved: TwimlResponse | None = None,
        is_last_resort: bool = False,
        missed: Callable[[Attempt], None] | None = None,
    ) -> None:
        self.refused = refused
        self.slow_states = slow_states
        self.received = received
        self.saved = saved
        self.is_last_resort = is_last_resort
        #: The code that runs now, for the watchdog.
        self.running: RunningCode | None = None
        #: Whether the code was stopped in a debugger. Then no deadline applies.
        self.in_debugger = False
        self._on_missed = missed
        self._lock = threading.Lock()
        self._is_abandoned = False
        self._is_saving = False

    def saved_answer(self) -> TwimlResponse | None:
        """Return the answer of an earlier attempt that has saved the session, or ``None`` if a turn must be taken.

        :raises SessionError: if there is no time for a turn.
        """
        if self.saved is None and self.is_last_resort:
            raise SessionError(
                "there was no time left to read the session",
                hint="check the session store, and the log for code of plugins that has missed its deadline",
            )
        return self.saved

    def start(self, code: PluginCode, sid: str, deadline: float) -> RunningCode:
        """Record that code starts to run, and return the record.

        :param code: the function of the plugin.
        :param sid: the CallSid of the call.
        :param deadline: the number of seconds that the code may run.
        :raises CodeRefused: if the code must not run in this attempt.
        """
        started = clock()
        due = started + deadline
        if self.received is not None and not self.in_debugger:
            end = self.received + CODE_SECONDS
            if self._is_abandoned or str(code) in self.refused:
                raise CodeRefused("it missed its deadline earlier in this webhook")
            if started > end and code.owner.plugin != CORE_PLUGIN:
                raise CodeRefused(f"plugins have used {CODE_SECONDS:g} seconds of this webhook")
            due = min(due, end) if code.owner.plugin != CORE_PLUGIN else due
        running = self.running = RunningCode(code, sid, started, deadline, due, threading.get_ident())
        return running

    def stop(self) -> None:
        """Record that no code runs any longer."""
        self.running = None

    def code_missed(self) -> None:
        """Start the next attempt, if somebody waits for the answer. Call this when code has missed its deadline."""
        if self._on_missed is not None:
            self._on_missed(self)

    def abandon(self) -> bool:
        """Abandon this attempt, unless it has begun to save the session.

        :returns: whether the attempt is abandoned.
        """
        with self._lock:
            self._is_abandoned = not self._is_saving
            return self._is_abandoned

    @property
    def is_abandoned(self) -> bool:
        """``True`` after the attempt was abandoned."""
        return self._is_abandoned

    def begin_save(self) -> None:
        """Record that the session is being saved, so that the attempt can no longer be abandoned.

        :raises TurnAbandoned: if the attempt was abandoned.
        """
        with self._lock:
            if self._is_abandoned:
                raise TurnAbandoned
            self._is_saving = True

    def end_save(self) -> None:
        """Record that the session was not saved, because another request saved it first."""
        self._is_saving = False
