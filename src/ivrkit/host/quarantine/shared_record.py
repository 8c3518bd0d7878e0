"""The record of the quarantine in the session store, so that all processes share it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from ivrkit.errors import SessionError
from ivrkit.host.quarantine.record import Record
from ivrkit.plugin_errors import describe_error, plugin_errors
from ivrkit.session_store import SharedStore, StoredSession
from ivrkit.sessions.circuit_breaker import CircuitBreaker

#: How long the copy of this process is used before the record is read again, in seconds.
READ_EVERY = 1.0
#: How long the store gets no request of the quarantine after a failure, in seconds.
LEAVE_ALONE = 10.0
#: How often a change is made again because another process has saved the record first.
MAX_ATTEMPTS = 20
#: How long a store keeps the record after its last change, in seconds: ten years.
LIFETIME = 10 * 365 * 86_400.0

#: A function that returns the changed record. It is called again if another process has saved the record first.
Change = Callable[[Record], Record]

log = logging.getLogger("ivrkit.plugins")


class Exchange(NamedTuple):
    """The record before and after it was read and changed.

    :param copy: the copy of this process before.
    :param found: the record with the changes of other processes.
    :param changed: the record with the change of this process.
    """

    copy: Record
    found: Record
    changed: Record


def record_id(tree: str) -> str:
    """Return the id under which a session store keeps the record of a phone tree. No call has such a CallSid.

    :param tree: the name of the phone tree.
    """
    return f"quarantine:{tree}"


class SharedRecord:
    """The record of the quarantine. While the store fails, this process goes on with its copy of the record.

    The changes of this time are made in the store as soon as the store works again. Only one thread at a time may use
    the object.

    :param store: the session store, or ``None`` for a record of this process alone.
    :param breaker: the circuit breaker of the store.
    :param key: the id of the record, see :func:`record_id`.
    :param clock: a function that returns the time in seconds since 1970.
    """

    def __init__(
        self, store: SharedStore | None, breaker: CircuitBreaker, key: str, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._breaker = breaker
        self._key = key
        self._clock = clock
        self._read_at: float | None = None
        self._leave_alone_until = 0.0
        self._missed_changes: list[Change] = []
        self._has_failed = False
        self._unreadable_turn = 0
        #: The copy of this process.
        self.record = Record()

    def is_old(self) -> bool:
        """Return whether the copy of this process is so old that the record should be read again."""
        # A clock that was set back must not stop the reading.
        return self._read_at is None or not 0 <= self._clock() - self._read_at < READ_EVERY

    def exchange(self, change: Change | None = None) -> Exchange:
        """Read the record from the store, change it and save it. If the store fails, change the copy only.

        :param change: the change, or ``None`` to read only.
        """
        copy = self.record
        found, changed = self._exchange_with_store(change) or self._change_copy(change)
        self.record = changed
        self._read_at = self._clock()
        return Exchange(copy, found, changed)

    def _change_copy(self, change: Change | None) -> tuple[Record, Record]:
        """Change the copy of this process, and keep the change for the store."""
        changed = change(self.record) if change else self.record
        if change and self._store and changed != self.record:
            self._missed_changes.append(change)
        return self.record, changed

    def _exchange_with_store(self, change: Change | None) -> tuple[Record, Record] | None:
        """Return the record of the store before and after a change, or ``None`` if the store cannot be used."""
        if self._store is None or self._breaker.is_open or self._clock() < self._leave_alone_until:
            return None
        try:
            exchanged = self.change_in_store(self._store, change)
        except plugin_errors() as error:
            self._record_failure(error)
            return None
        if self._has_failed:
            self._has_failed = False
            log.info("the quarantine is shared with the other processes again")
        return exchanged

    def change_in_store(self, store: SharedStore, change: Change | None = None) -> tuple[Record, Record]:
        """Read the record, change it and save it, again and again until no other process has saved it in between.

        :param store: the session store.
        :param change: the change, or ``None`` to read only.
        :returns: the record before and after the change.
        :raises SessionError: if the store fails.
        """
        for _ in range(MAX_ATTEMPTS):
            stored = store.load(self._key)
            turn, loaded = (stored.turn, self._decode(stored)) if stored else (0, Record())
            found = loaded
            for missed in self._missed_changes:
                found = missed(found)
            changed = change(found) if change else found
            if changed == loaded or store.save(self._encode(changed, turn + 1), turn):
                self._missed_changes.clear()
                return found, changed
        raise SessionError(
            f"other processes have saved the record of the quarantine first, {MAX_ATTEMPTS} times in a row",
            hint="check the session store: it does not return what is saved in it",
        )

    def _encode(self, record: Record, turn: int) -> StoredSession:
        return StoredSession(self._key, turn, self._clock() + LIFETIME, record.to_json())

    def _decode(self, stored: StoredSession) -> Record:
        """Return a stored record. A record that cannot be read is replaced at the next change."""
        try:
            return Record.from_json(stored.body)
        except SessionError as error:
            if stored.turn != self._unreadable_turn:  # logged once, not each second
                self._unreadable_turn = stored.turn
                log.error("%s", error)
            return Record()

    def _record_failure(self, error: BaseException) -> None:
        """Leave the store alone for a while. Log the failure if the store worked before."""
        self._breaker.record_failure()
        self._leave_alone_until = self._clock() + LEAVE_ALONE
        if not self._has_failed:
            self._has_failed = True
            reason = describe_error(error)
            log.warning("the quarantine is not shared with other processes, because the store fails: %s", reason)
