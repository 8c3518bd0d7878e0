"""Attempts: the wrong answers to a question, counted over all calls.

A caller has a few tries in one call. Someone who guesses a PIN calls again. So the wrong answers are counted for a key
that is the same in all calls, such as the number of the caller. The rules:

1. A wrong answer counts for some minutes.
2. If as many wrong answers count as attempts are allowed, the key is locked. While a key is locked, every answer is
   wrong, and no answer is counted. So the lock ends when the wrong answers no longer count, even if someone goes on.
3. A right answer while the key is not locked removes all wrong answers of the key.
4. The answers of one webhook count once, because the host may run the code of a plugin twice for the same webhook.

Each check and change of a key is one atomic step for all processes, so that many calls at the same time have no more
attempts than one call.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from ivrkit.errors import FlowError
from ivrkit.plugin_errors import describe_value

#: The default number of wrong answers at which a key is locked, and the minutes for which a wrong answer counts.
MAX_ATTEMPTS, ATTEMPT_MINUTES = 6, 60
#: How many keys are kept in the memory of a process. The oldest are dropped first.
MAX_KEYS_IN_MEMORY = 100_000

#: The wrong answers of a key: the time of each, in seconds since 1970, and an id of its webhook.
WrongAnswers = Sequence[tuple[float, str]]
#: A function that gets the wrong answers of a key, and returns them changed. It returns ``None`` to change nothing.
Change = Callable[[WrongAnswers], WrongAnswers | None]


class Counters(Protocol):
    """The wrong answers of all keys, which the host keeps between calls.

    :param max_attempts: the number of wrong answers at which a key is locked.
    :param minutes: the number of minutes for which a wrong answer counts.
    """

    max_attempts: int
    minutes: int

    def change(self, key: tuple[str, ...], now: float, expires: float, change: Change, /) -> None:
        """Change the wrong answers of a key in one atomic step.

        :param key: the name and the key of the attempts.
        :param now: the time in seconds since 1970.
        :param expires: the time after which the wrong answers may be forgotten, in seconds since 1970.
        :param change: the function that changes the wrong answers. It may be called several times.
        :raises CodeRefused: if the wrong answers cannot be read or changed now.
        """

    def report_lock(self, name: str, sid: str, minutes: int, /) -> None:
        """Report that a key was locked.

        :param name: the name of the attempts.
        :param sid: the CallSid of the call with the last wrong answer.
        :param minutes: the number of minutes for which the key is locked.
        """


class MemoryCounters:
    """Counters in the memory of one process, for a host without a session store and for a call without a host.

    :param max_attempts: the number of wrong answers at which a key is locked.
    :param minutes: the number of minutes for which a wrong answer counts.
    """

    def __init__(self, max_attempts: int = MAX_ATTEMPTS, minutes: int = ATTEMPT_MINUTES) -> None:
        self.max_attempts = max_attempts
        self.minutes = minutes
        self._wrong: dict[tuple[str, ...], tuple[float, WrongAnswers]] = {}
        self._lock = threading.Lock()

    def change(self, key: tuple[str, ...], now: float, expires: float, change: Change) -> None:
        """Change the wrong answers of a key."""
        with self._lock:
            changed = change(self._wrong.get(key, (0.0, ()))[1])
            if changed is None:
                return
            self._wrong.pop(key, None)
            self._wrong[key] = (expires, changed)
            # The key that was changed first comes first.
            while self._wrong and (len(self._wrong) > MAX_KEYS_IN_MEMORY or self._oldest_expiry() <= now):
                del self._wrong[next(iter(self._wrong))]

    def report_lock(self, name: str, sid: str, minutes: int) -> None:
        """Do nothing: there is no log."""

    def _oldest_expiry(self) -> float:
        return self._wrong[next(iter(self._wrong))][0]


class Attempts:
    """The attempts to give the right answer for one key. Make this object with :meth:`ivrkit.Call.attempts`.

    While the session store is unavailable, each member raises :class:`~ivrkit.StoreUnavailable`. If the code of a state
    does not catch this error, the caller hears the apology and goes to the state's ``on_error``, else HOME. So nobody
    gets in uncounted, and nobody is cut off.

    :param counters: the wrong answers of all keys.
    :param key: the name of the attempts, and the key.
    :param max_attempts: the number of wrong answers at which the key is locked.
    :param minutes: the number of minutes for which a wrong answer counts.
    :param now: the time of the webhook, in seconds since 1970.
    :param sid: the CallSid.
    :param turn_key: the identifier of the webhook.
    """

    def __init__(
        self,
        counters: Counters,
        key: tuple[str, ...],
        *,
        max_attempts: int,
        minutes: int,
        now: float,
        sid: str,
        turn_key: str,
    ) -> None:
        self._counters = counters
        self._key = key
        self._max_attempts = max_attempts
        self._minutes = minutes
        self._now = now
        self._sid = sid
        self._turn = hashlib.blake2b(turn_key.encode(), digest_size=8).hexdigest()

    @property
    def locked(self) -> bool:
        """``True`` while the key is locked: every answer is wrong then."""
        return len(self._change(lambda wrong: None)) >= self._max_attempts

    def check(self, right: bool) -> bool:
        """Count an answer, and return whether it is right and the key is not locked.

        :param right: whether the answer is right. Compute this also while the key is locked, so that a locked key is
            answered like a wrong answer.
        """

        def change(wrong: WrongAnswers) -> WrongAnswers | None:
            if right:
                return [] if 0 < len(wrong) < self._max_attempts else None
            return self._add(wrong)

        return len(self._change(change)) < self._max_attempts and right

    def failed(self) -> bool:
        """Count a wrong answer, and return whether the key was locked before."""
        before = self._change(self._add)
        return sum(turn != self._turn for _, turn in before) >= self._max_attempts

    def clear(self) -> None:
        """Forget all wrong answers of the key, also if the key is locked."""
        self._change(lambda wrong: [] if wrong else None)

    def _add(self, wrong: WrongAnswers) -> WrongAnswers | None:
        """Return the wrong answers with the answer of this webhook, or ``None`` by rules 2 and 4."""
        if len(wrong) >= self._max_attempts or any(turn == self._turn for _, turn in wrong):
            return None
        return [*wrong, (self._now, self._turn)]

    def _change(self, change: Change) -> WrongAnswers:
        """Change the wrong answers of the key that still count, and return them as they were before.

        If the change locks the key, this is reported to the host.
        """
        before: WrongAnswers = ()
        after: WrongAnswers | None = None

        def change_counting(wrong: WrongAnswers) -> WrongAnswers | None:
            nonlocal before, after
            before = [each for each in wrong if self._now - each[0] < self._minutes * 60]
            after = change(before)
            return after

        self._counters.change(self._key, self._now, self._now + self._minutes * 60, change_counting)
        if after is not None and len(after) >= self._max_attempts:
            self._counters.report_lock(self._key[0], self._sid, self._minutes)
        return before


def attempts_key(name: object, key: tuple[object, ...]) -> tuple[str, ...]:
    """Return the name and the key of attempts as one key.

    :raises FlowError: if the name or a part of the key is not a text, or if there is no key.
    """
    for part in (name, *key):
        if not isinstance(part, str):
            raise FlowError(
                f"the name and the key of attempts must be texts, not {describe_value(part)}",
                hint='write call.attempts("my-plugin.pin", call.from_)',
            )
    if not name or not key:
        raise FlowError(
            f"attempts must have a name and a key, not only {describe_value(name)}",
            hint='write call.attempts("my-plugin.pin", call.from_)',
        )
    return (str(name), *map(str, key))
