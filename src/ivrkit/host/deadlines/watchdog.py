"""The watchdog: a thread that finds code of plugins that has missed its deadline, and logs the stack of this code."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from types import FrameType
from typing import Protocol

from ivrkit.host.deadlines.attempt import Attempt, RunningCode, clock
from ivrkit.host.rate_limit import RateLimit
from ivrkit.plugin_errors import escape_control_characters, plugin_errors

#: How often the watchdog looks at the running code, in seconds.
INTERVAL = 0.1
#: The largest number of lines of a stack in the log: the innermost functions of the code.
MAX_STACK_LINES = 40
#: A thread whose stack has one of these modules is stopped in a debugger.
DEBUGGERS = frozenset({"bdb", "pdb", "pydevd", "_pydevd_bundle.pydevd_frame", "pydevd_bundle.pydevd_frame"})

log = logging.getLogger("ivrkit.plugins")


class WatchedTurn(Protocol):
    """A turn whose code is watched."""

    attempt: Attempt

    def code_missed(self, running: RunningCode, /) -> None:
        """Do what follows when code has missed its deadline.

        :param running: the code.
        """


class Watchdog:
    """Watches the turns of one process. Its thread starts with the first turn, also after a fork."""

    def __init__(self) -> None:
        self._turns: dict[int, WatchedTurn] = {}
        self._lock = threading.Lock()
        self._process: int | None = None

    def add(self, turn: WatchedTurn) -> None:
        """Watch the code of a turn.

        :param turn: the turn.
        """
        if self._process != os.getpid():
            self._start()
        self._turns[id(turn)] = turn

    def remove(self, turn: WatchedTurn) -> None:
        """Stop to watch a turn.

        :param turn: the turn.
        """
        # In a child process, the turn of the parent process is not watched.
        self._turns.pop(id(turn), None)

    def _start(self) -> None:
        """Start the thread, unless another thread has just started it."""
        with self._lock:
            if self._process != os.getpid():
                # The threads of the parent process do not exist in a child process.
                self._turns.clear()
                threading.Thread(target=self._run, name="ivrkit-watchdog", daemon=True).start()
                self._process = os.getpid()

    def _run(self) -> None:
        while True:
            time.sleep(INTERVAL)
            self.check()

    def check(self) -> None:
        """Report all code that has missed its deadline since the last check."""
        for turn in list(self._turns.values()):
            running = turn.attempt.running
            if running is not None and not running.missed and clock() > running.due:
                try:
                    _report(turn, running)
                except plugin_errors():  # of a log handler: the next code must still be watched
                    traceback.print_exc()


def _report(turn: WatchedTurn, running: RunningCode) -> None:
    """Log that code has missed its deadline, and let the turn act on it. If the code is debugged, do nothing."""
    frames = _stack(running.thread)
    if any(frame.f_globals.get("__name__") in DEBUGGERS for frame in frames):
        turn.attempt.in_debugger = True
        running.due = float("inf")
        return
    running.missed = True
    try:
        _log(running, frames)
    finally:
        turn.code_missed(running)


def _stack(thread: int) -> list[FrameType]:
    """Return the frames of a thread, the outermost frame first. The list is empty if the thread has ended."""
    frames = []
    frame = sys._current_frames().get(thread)
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames[::-1]


def _log(running: RunningCode, frames: list[FrameType]) -> None:
    """Log the missed deadline with the stack, unless too many lines about the same code were logged before.

    The stack has source lines only, because values can be secret.
    """
    dropped = _misses.admit(str(running.code))
    if dropped is None:
        return
    lines = [line for frame in _of_plugin(frames) for line in traceback.format_stack(frame, 1)]
    stack = [escape_control_characters(line) for line in "".join(lines).splitlines()][-MAX_STACK_LINES:]
    log.error(
        "%s has run for %.1f seconds in call %s, but its deadline is %g seconds%s: %s",
        running.code,
        clock() - running.started,
        escape_control_characters(running.sid),
        running.deadline,
        f" ({dropped:,} more were not logged)" if dropped else "",
        "\n  ".join(["its stack", *stack]),
    )


def _of_plugin(frames: list[FrameType]) -> list[FrameType]:
    """Return the frames from the first function of the plugin on. The list is empty if the code has just ended."""
    names = [str(frame.f_globals.get("__name__")) for frame in frames]
    if _GUARD not in names:
        return []
    start = len(names) - names[::-1].index(_GUARD)
    while start < len(names) and names[start].startswith(_CALLERS):
        start += 1
    return frames[start:]


#: The module in whose functions all code of plugins runs, and the modules between it and the code.
_GUARD = "ivrkit.host.deadlines.turn_guard"
_CALLERS = ("ivrkit.flow.run.", "ivrkit.plugins.hook_calls")
#: For all code of the process.
_misses = RateLimit()

#: The watchdog of this process.
watchdog = Watchdog()
