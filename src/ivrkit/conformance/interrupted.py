"""Handlers that are interrupted: nobody is hurt by it, and the next run is as if it had not been.

A worker can be killed in the middle of a handler, and the webhook comes again: a handler is run at least once.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from ivrkit.conformance.at_once import scripts_of, told
from ivrkit.conformance.subject import Nonconformity, Subject
from ivrkit.simulator import Action
from ivrkit.testing import Phone

#: At how many lines each script is interrupted at the most.
MOST_LINES = 25
MOST_SCRIPTS = 3


class Interrupted(Exception):  # noqa: N818  it stands for what no error tells
    """What stops a handler, where a worker would have been killed."""


def an_interrupted_handler_hurts_nobody(subject: Subject, state: str) -> None:
    """Stopped at each of its lines, a handler costs the caller an apology; then it does what it does alone."""
    folders = subject.folders()
    for script in scripts_of(subject, state)[:MOST_SCRIPTS]:
        with subject.phone_to(state) as phone:
            wanted = told(phone.call(script))
        for line in range(1, MOST_LINES + 1):
            with subject.phone_to(state) as phone:
                place = _stopped(phone, script, folders, line)
                if not place:
                    break
                found = told(phone.call(script))
            if found != wanted:
                raise Nonconformity(
                    f"{subject.name}: the state {state!r}, after a handler was stopped at {place}, is heard as "
                    f"{found[0]!r}, and was heard as {wanted[0]!r}",
                    hint="do a thing whole or not at all, and key what you do elsewhere with call.turn_key",
                )


def _stopped(phone: Phone, script: Sequence[Action], folders: list[str], line: int) -> str:
    """Call, with the plugin's code stopped at its n-th line; return that line, ``""`` where there is none.

    It is done in a thread of its own, so that whatever traces this one, such as a measurement of coverage, goes on.
    """
    stop = _Stop(line, folders)
    thread = threading.Thread(target=stop.run, args=(lambda: _play(phone, script),))
    thread.start()
    thread.join()
    return stop.place


def _play(phone: Phone, script: Sequence[Action]) -> None:  # pragma: no cover  nobody else traces what is traced here
    """Do what can be done of a script, in a call that may go elsewhere."""
    call = phone.call()
    for action in script:
        if call.waiting is None:
            break
        call.do(action) if call.waiting.why_not(action) == "" else call.stays_silent()


class _Stop:
    """Counts the lines of a plugin's own code, and stops at one of them."""

    def __init__(self, line: int, folders: list[str]) -> None:
        self._left = line
        self._folders = tuple(folders)
        self.place = ""

    def run(self, play: Callable[[], None]) -> None:
        """Run something in this thread, and stop it."""
        sys.settrace(self._trace)
        play()  # pragma: no cover  as above

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:  # pragma: no cover  tracing is not traced
        """Follow what is called, where it is the plugin's own."""
        if not frame.f_code.co_filename.startswith(self._folders):
            return None
        if event == "line" and not self.place:
            self._left -= 1
            if self._left == 0:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise Interrupted(self.place)
        return self._trace
