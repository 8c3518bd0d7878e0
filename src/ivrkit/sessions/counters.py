"""The wrong answers of all calls in the session store, so that all processes and hosts count together.

The wrong answers of a key are one record beside the sessions. The id of the record is a hash of the key with the host's
secret, so that a reader of the store cannot find out phone numbers by trying them all. No call has such a CallSid.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator

from ivrkit.errors import Problem, SessionError, StoreUnavailable
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.model.attempts import Change, Counters, MemoryCounters, WrongAnswers
from ivrkit.flow.run.plugin_code import CodeRefused
from ivrkit.plugin_errors import describe_error, escape_control_characters, plugin_errors
from ivrkit.session_store import SharedStore, StoredSession
from ivrkit.sessions.circuit_breaker import CircuitBreaker
from ivrkit.sessions.manager import SessionManager

#: The start of the id of each record.
PREFIX = "attempts:"
#: How often a change is made again because another process has saved the record first.
MAX_ATTEMPTS = 50

log = logging.getLogger("ivrkit.sessions")


class CountersUnavailable(CodeRefused, StoreUnavailable):
    """The wrong answers cannot be read or stored now, so no answer is accepted. This is not an error of the state."""


class LoggedCounters(MemoryCounters):
    """Counters of one process, which log each lock."""

    def report_lock(self, name: str, sid: str, minutes: int) -> None:
        """Log that a key was locked."""
        _log_lock(name, sid, minutes)


class StoredCounters:
    """Counters in a session store.

    :param store: the session store.
    :param breaker: the circuit breaker of the store.
    :param secret: the secret of the hashes, the same in all processes.
    :param max_attempts: the number of wrong answers at which a key is locked.
    :param minutes: the number of minutes for which a wrong answer counts.
    """

    def __init__(
        self, store: SharedStore, breaker: CircuitBreaker, secret: str, max_attempts: int, minutes: int
    ) -> None:
        self.max_attempts = max_attempts
        self.minutes = minutes
        self._store = store
        self._breaker = breaker
        self._secret = hashlib.sha256(f"ivrkit attempts {secret}".encode()).digest()

    def change(self, key: tuple[str, ...], now: float, expires: float, change: Change) -> None:
        """Change the wrong answers of a key. If another process changes them at the same time, start again.

        :raises CountersUnavailable: if the store fails, or has just failed.
        """
        if self._breaker.is_open:
            raise _unavailable("it has just failed")
        try:
            self._change(self._record_id(key), now, expires, change)
        except plugin_errors() as error:  # a store of a plugin may raise anything
            self._breaker.record_failure()
            reason = describe_error(error)
            log.warning("wrong answers cannot be counted, so no answer is accepted: %s", reason)
            raise _unavailable(reason) from error

    def report_lock(self, name: str, sid: str, minutes: int) -> None:
        """Log that a key was locked."""
        _log_lock(name, sid, minutes)

    def _change(self, record_id: str, now: float, expires: float, change: Change) -> None:
        for _ in range(MAX_ATTEMPTS):
            stored = self._store.load(record_id)
            turn = stored.turn if stored else 0
            changed = change(_decode(stored.body) if stored and stored.expires > now else ())
            if changed is None:
                return
            if self._store.save(StoredSession(record_id, turn + 1, expires, json.dumps(changed)), turn):
                return
        raise SessionError(
            f"other processes have counted wrong answers first, {MAX_ATTEMPTS} times in a row",
            hint="check the session store: it does not return what is saved in it",
        )

    def _record_id(self, key: tuple[str, ...]) -> str:
        return PREFIX + hashlib.blake2b(repr(key).encode(), key=self._secret, digest_size=16).hexdigest()


def make_counters(sessions: SessionManager, secret: str, max_attempts: int, minutes: int) -> Counters:
    """Return the counters of a phone tree: in its session store, or in the memory of this process without a store.

    :param sessions: the session manager of the phone tree.
    :param secret: the secret of the hashes, the same in all processes.
    :param max_attempts: the setting ``max_attempts``.
    :param minutes: the setting ``attempt_minutes``.
    """
    if sessions.store is None:
        return LoggedCounters(max_attempts, minutes)
    return StoredCounters(sessions.store, sessions.breaker, secret, max_attempts, minutes)


def find_counter_warnings(sessions: SessionManager, flow: CallFlow) -> Iterator[Problem]:
    """Yield a warning if each process counts alone, because there is no session store, and that is hardly meant.

    :param sessions: the session manager of the phone tree.
    :param flow: the compiled phone tree.
    """
    if sessions.store is not None:
        return
    hint = "set session_url to a store, such as sqlite:///calls.sqlite3"
    if flow.config.max_calls_per_hour:
        yield Problem("max_calls_per_hour counts in each process separately, because there is no session store", hint)
    secret = [name for name, compiled in flow.states.items() if compiled.state.secret]
    if secret:
        text = f"wrong answers in {', '.join(map(repr, secret))} count in each process separately"
        yield Problem(f"{text}, because there is no session store", hint)


def _decode(body: str) -> WrongAnswers:
    """Return the wrong answers of a record.

    :raises SessionError: if another program has written to the record.
    """
    try:
        return [(float(time), str(turn)) for time, turn in json.loads(body)]
    except (ValueError, TypeError) as error:
        raise SessionError(
            f"a record of wrong answers cannot be read: {error!r}",
            hint="another program wrote to this store; give ivrkit a store of its own",
        ) from error


def _unavailable(reason: str) -> CountersUnavailable:
    return CountersUnavailable(
        f"wrong answers cannot be counted, because the session store is unavailable: {reason}",
        hint="check the session store",
    )


def _log_lock(name: str, sid: str, minutes: int) -> None:
    shown = escape_control_characters(f"{name!r} is locked for {minutes} minutes, since call {sid}")
    log.warning("too many attempts: %s", shown)
