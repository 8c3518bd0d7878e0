"""Calls at the same time: each hears what it hears alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from itertools import zip_longest

from ivrkit.conformance.subject import Nonconformity, Subject
from ivrkit.simulator import Action, SimulatedCall
from ivrkit.testing import Phone

#: How many calls are made at once.
MOST_CALLS = 6
_HINT = "keep what belongs to a call in call.data, and nothing of it in a module, a class or a closure"


def calls_do_not_mix(subject: Subject, begun: str) -> None:
    """Calls that are interleaved step by step, and calls of several threads, hear what each hears alone."""
    scripts = scripts_of(subject, begun)
    with subject.phone_to(begun) as phone:
        alone = [told(phone.call(script)) for script in scripts]
    with subject.phone_to(begun) as phone:
        calls = [phone.call() for _ in scripts]
        for step in zip_longest(*scripts):
            for call, action in zip(calls, step, strict=True):
                if action is not None and call.waiting is not None:
                    call.do(action)
        _compare(subject, begun, "step by step", scripts, alone, [told(call) for call in calls])
    with subject.phone_to(begun) as phone:
        _compare(subject, begun, "from several threads", scripts, alone, _in_threads(phone, scripts))


def scripts_of(subject: Subject, begun: str) -> list[tuple[Action, ...]]:
    """Return some things that can be done in a call, the longest first."""
    with subject.phone_to(begun) as phone:
        ends = sorted(phone.explore(2).ends, key=lambda call: len(call.actions), reverse=True)
        return [tuple(call.actions) for call in ends][:MOST_CALLS]


def told(call: SimulatedCall) -> tuple[str, tuple[str, ...]]:
    """Return what a call heard, and where it was."""
    return call.heard, tuple(call.path)


def _in_threads(phone: Phone, scripts: Sequence[Sequence[Action]]) -> list[tuple[str, tuple[str, ...]]]:
    found: dict[int, tuple[str, tuple[str, ...]]] = {}

    def run(number: int, script: Sequence[Action]) -> None:
        found[number] = told(phone.call(script))

    threads = [threading.Thread(target=run, args=each) for each in enumerate(scripts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found.get(number, ("nothing: its thread failed", ())) for number in range(len(scripts))]


def _compare(
    subject: Subject,
    begun: str,
    how: str,
    scripts: Sequence[Sequence[Action]],
    alone: Sequence[tuple[str, tuple[str, ...]]],
    together: Sequence[tuple[str, tuple[str, ...]]],
) -> None:
    for script, wanted, found in zip(scripts, alone, together, strict=True):
        if wanted != found:
            done = ", ".join(map(str, script))
            raise Nonconformity(
                f"{subject.where(begun)}, called at once {how}: who did {done} heard {found[0]!r}, by "
                f"{' '.join(found[1])}, and alone hears {wanted[0]!r}, by {' '.join(wanted[1])}",
                hint=_HINT,
            )
