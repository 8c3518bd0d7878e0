"""The rule that calls do not mix: a caller hears the same texts with and without other calls at the same time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError
from ivrkit.conformance.failures import refuse_failures
from ivrkit.simulator import Action, SimulatedCall
from ivrkit.testing import Phone

#: Maximum number of calls at the same time.
MAX_CALLS = 6
_HINT = "keep the data of a call in call.data, not in a module, a class or a closure"


class _Transcript(NamedTuple):
    """The texts that the caller heard, and the states of the call."""

    heard: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.heard!r} (states: {' '.join(self.path)})"


def simultaneous_calls_do_not_mix(plugin: CheckedPlugin, start: str) -> None:
    """Check that callers hear the same texts in single calls, in interleaved calls and in calls on several threads."""
    scripts = call_scripts(plugin, start)
    with plugin.phone(start) as phone, refuse_failures(plugin, plugin.where(start)):
        expected = [_transcript(phone.call(script)) for script in scripts]
    with plugin.phone(start) as phone:
        calls = [phone.call() for _ in scripts]
        for step in zip_longest(*scripts):
            for call, action in zip(calls, step, strict=True):
                if action is not None and call.waiting is not None:
                    call.do(action)
        _compare(plugin, start, "interleaved calls", scripts, expected, [_transcript(call) for call in calls])
    with plugin.phone(start) as phone:
        _compare(plugin, start, "calls in several threads", scripts, expected, _call_in_threads(phone, scripts))


def call_scripts(plugin: CheckedPlugin, start: str) -> list[tuple[Action, ...]]:
    """Return the scripts for the checks. A script is a sequence of at most two actions of the caller that end a call.

    The list has at most :data:`MAX_CALLS` scripts. The longest scripts come first.
    """
    with plugin.phone(start) as phone:
        ends = sorted(phone.explore(2).ends, key=lambda call: len(call.actions), reverse=True)
        return [tuple(call.actions) for call in ends][:MAX_CALLS]


def _transcript(call: SimulatedCall) -> _Transcript:
    return _Transcript(call.heard, tuple(call.path))


def _call_in_threads(phone: Phone, scripts: Sequence[Sequence[Action]]) -> list[_Transcript]:
    transcripts: dict[int, _Transcript] = {}

    def run(number: int, script: Sequence[Action]) -> None:
        transcripts[number] = _transcript(phone.call(script))

    threads = [threading.Thread(target=run, args=each) for each in enumerate(scripts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A script may be impossible in a call that mixes with others. Then its thread ended with an exception.
    return [transcripts.get(number, _Transcript("nothing: its thread failed", ())) for number in range(len(scripts))]


def _compare(
    plugin: CheckedPlugin,
    start: str,
    how: str,
    scripts: Sequence[Sequence[Action]],
    expected: Sequence[_Transcript],
    found: Sequence[_Transcript],
) -> None:
    for script, alone, together in zip(scripts, expected, found, strict=True):
        if alone != together:
            actions = ", ".join(map(str, script))
            raise ConformanceError(
                f"{plugin.where(start)}, {how}: after the actions {actions} the caller heard {together}, but in a "
                f"call alone {alone}",
                hint=_HINT,
            )
