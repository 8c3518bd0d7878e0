"""Handlers that are interrupted: nobody is hurt by it, and the same webhook again is done as if it had not been.

A worker can be killed in the middle of a handler, and the webhook comes again: a handler is run at least once.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from ivrkit.conformance.at_once import scripts_of
from ivrkit.conformance.bench import Bench, Run, differ
from ivrkit.conformance.outcomes import outcomes_of
from ivrkit.conformance.subject import AS_THEY_BEGIN, Nonconformity, Subject, failures
from ivrkit.simulator import Action
from ivrkit.testing import Phone

#: At how many lines one webhook, or one call, is interrupted at the most.
MOST_LINES = 60
MOST_SCRIPTS = 3
_HINT = "do a thing whole or not at all, and key what you do elsewhere with call.turn_key"


class Interrupted(Exception):  # noqa: N818  it stands for what no error tells
    """What stops a handler, where a worker would have been killed."""


def an_interrupted_handler_hurts_nobody(subject: Subject, begun: str) -> None:
    """Stopped at each of its lines in turn, a handler gives with the same webhook again what it gives unstopped."""
    with subject.phone_to(begun) as phone, failures():
        bench = Bench(phone)
        first = bench.begin()
        _interrupt(subject, begun, "of a call that came in", first, bench.begin)
        for params in outcomes_of(phone, first.waiting_verb):
            told = ", ".join(f"{name}={value!r}" for name, value in params.items()) or "nothing"
            wanted = bench.run(first.kept, params)
            _interrupt(subject, begun, f"told {told}", wanted, lambda: bench.run(first.kept, params))  # noqa: B023  at once


def an_interrupted_hook_hurts_nobody(subject: Subject) -> None:
    """Stopped at each of its lines in turn, a hook costs the caller nothing that Twilio would complain of."""
    scripts = scripts_of(subject, AS_THEY_BEGIN)[:MOST_SCRIPTS]
    with subject.phone() as phone, failures():
        for script in scripts:
            for line in range(1, MOST_LINES + 1):
                stop = _Stop(line, subject.folders())
                stop.run(lambda: _play(phone, script))  # noqa: B023  called at once
                _refuse_damage(subject, AS_THEY_BEGIN, stop)
                if not stop.place:
                    break
                for warning in phone.calls[-1].warnings:
                    raise Nonconformity(
                        f"{subject.name}: after a hook was stopped at {stop.place}, {warning.what}", hint=warning.hint
                    )


def _interrupt(subject: Subject, begun: str, what: str, wanted: Run, run: Callable[[], Run]) -> None:
    """Stop a webhook at each line of the plugin's own code, and run it again each time."""
    for line in range(1, MOST_LINES + 1):
        stop = _Stop(line, subject.folders())
        stop.run(run)
        _refuse_damage(subject, begun, stop)
        if not stop.place:
            return
        found = differ(run(), wanted)
        if found is not None:
            raise Nonconformity(
                f"{subject.where(begun)}, {what}, gives {found[0]!r} after it was stopped at {stop.place}, and gave "
                f"{found[1]!r} before",
                hint=_HINT,
            )


def _refuse_damage(subject: Subject, begun: str, stop: _Stop) -> None:
    if stop.raised is not None:
        raise Nonconformity(
            f"{subject.where(begun)}, stopped at {stop.place}, raises {stop.raised!r}, which nobody catches",
            hint="raise Exception and its kinds alone: no other is caught, and the caller hears nothing",
        )


def _play(phone: Phone, script: Sequence[Action]) -> None:  # pragma: no cover  nobody else traces what is traced here
    """Do what can be done of a script, in a call that may go elsewhere."""
    call = phone.call()
    for action in script:
        if call.waiting is None:
            break
        call.do(action) if call.waiting.why_not(action) == "" else call.stays_silent()


class _Stop:
    """Counts the lines of a plugin's own code, and stops at one of them.

    A line counts once in each run of its function: what comes back to it, as the end of a ``with``, is no new place.
    """

    def __init__(self, line: int, folders: list[str]) -> None:
        self._left = line
        self._folders = tuple(folders)
        self._met: set[tuple[int, int]] = set()
        self.place = ""
        self.raised: BaseException | None = None

    def run(self, play: Callable[[], object]) -> None:
        """Run something, and stop it; in a thread of its own, so that whatever traces this one goes on."""
        thread = threading.Thread(target=self._run, args=(play,))
        thread.start()
        thread.join()

    def _run(self, play: Callable[[], object]) -> None:
        sys.settrace(self._trace)
        try:  # pragma: no cover  nobody else traces what is traced here
            play()
        except BaseException as error:  # pragma: no cover  as above
            self.raised = error

    def _trace(self, frame: FrameType, event: str, argument: Any) -> Any:  # pragma: no cover  tracing is not traced
        """Follow what is called, where it is the plugin's own."""
        if not frame.f_code.co_filename.startswith(self._folders):
            return None
        met = (id(frame), frame.f_lineno)
        if event == "line" and not self.place and met not in self._met:
            self._met.add(met)
            self._left -= 1
            if self._left == 0:
                self.place = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
                raise Interrupted(self.place)
        return self._trace
