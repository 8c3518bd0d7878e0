"""The quarantine: a gate that counts the failures of states, and refuses the code of states in quarantine."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ivrkit.flow.model.state import State
from ivrkit.flow.run.plugin_code import ENTER, EXIT, CodeRefused, PluginCode
from ivrkit.host.quarantine.record import (
    Entry,
    Failure,
    Record,
    Rules,
    add_entry,
    add_failure,
    claim_trial,
    close_failing,
    end_trial,
    valid_entries,
)
from ivrkit.host.quarantine.reports import QuarantineEvent, log_changes
from ivrkit.host.quarantine.shared_record import Change, Exchange, SharedRecord
from ivrkit.host.workers.deaths import Deaths, FatalCode

#: The states that are closed if no state is in quarantine.
NONE_CLOSED: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Runs:
    """How often a function of a state has failed and succeeded in this process since a first failure.

    :param start: when the first of these failures happened, in seconds since 1970.
    """

    start: float
    failed: int = 0
    succeeded: int = 0


class Quarantine:
    """Counts the failures of states, and closes states that fail too often. Threads share one object.

    :param states: name -> state, for all states of the phone tree.
    :param shared: the record that all processes share.
    :param rules: the settings of the quarantine.
    :param clock: a function that returns the time in seconds since 1970, the same on all hosts.
    :param deaths: the deaths of workers of this server, or ``None`` if they are not known.
    """

    def __init__(
        self,
        states: Mapping[str, State],
        shared: SharedRecord,
        rules: Rules,
        clock: Callable[[], float] = time.time,
        deaths: Deaths | None = None,
    ) -> None:
        self._states = states
        self._shared = shared
        self._rules = rules
        self._clock = clock
        self._deaths = deaths
        # Held while the store is read and written, so a call whose states do not fail must never wait for it.
        self._lock = threading.Lock()
        #: Name of a state -> its entry, for the states in quarantine. Replaced as a whole, so it is read without lock.
        self.entries: Mapping[str, Entry] = {}
        self._runs: dict[tuple[str, str], _Runs] = {}
        #: The code that still runs although it has missed its deadline: CallSid, state and function.
        self._overdue: set[tuple[str, str, str]] = set()
        self._events: list[QuarantineEvent] = []
        #: Name of a state -> the time of its last release that this process knows.
        self._cleared: dict[str, float] = {}

    def closed(self, sid: str) -> frozenset[str]:
        """Return the names of the states that a call must not enter.

        :param sid: the CallSid of the call. The trial call of a state may enter the state.
        """
        self.read()
        if not self.entries:
            return NONE_CLOSED
        now = self._clock()
        return frozenset(name for name, entry in self.entries.items() if entry.is_closed(sid, now))

    def read(self) -> None:
        """Read the shared record, unless it was read less than a second ago or another thread is reading it."""
        if self._shared.is_old() and self._lock.acquire(blocking=False):
            try:
                self._exchange(None)
                if self._deaths is not None:
                    self._add_deadly_states(self._deaths)
            finally:
                self._lock.release()

    def enter(self, code: PluginCode, sid: str) -> None:
        """Refuse the code of a state in quarantine. If the state is tried again, make this call the trial call.

        :raises CodeRefused: if the call must not enter the state.
        """
        if not self.entries:  # nearly always
            return
        name = state_name(code)
        entry = self.entries.get(name)
        now = self._clock()
        if entry is not None and entry.trial_sid != sid and not entry.is_closed(sid, now):
            self._change(partial(claim_trial, state=name, sid=sid, now=now, rules=self._rules))
            # Another call may be the trial call by now, or may have released the state.
            entry = self.entries.get(name)
        if entry is not None and entry.is_closed(sid, now):
            raise CodeRefused(f"the state is in quarantine: {entry.reason}")

    def leave(self, code: PluginCode, sid: str, error: BaseException | None) -> None:
        """Count a success or a failure of the code of a state."""
        name = state_name(code)
        overdue = (sid, name, code.function)
        if overdue in self._overdue:  # its failure was counted when the deadline passed
            self._overdue.discard(overdue)
        elif name and error is None:
            self._succeed(name, code.function, sid)
        elif name and not isinstance(error, CodeRefused):
            self._fail(name, code.function, sid, missed=False)

    def missed(self, code: PluginCode, sid: str) -> None:
        """Count a missed deadline. The code may still run, but its result no longer counts."""
        name = state_name(code)
        if name:
            self._overdue.add((sid, name, code.function))
            self._fail(name, code.function, sid, missed=True)

    def take_events(self) -> Sequence[QuarantineEvent]:
        """Return the changes that this process has made since the last call, in order."""
        if not self._events:
            return ()
        with self._lock:
            taken, self._events = self._events, []
        return taken

    def _succeed(self, name: str, function: str, sid: str) -> None:
        runs = self._runs.get((name, function))
        if runs is not None:
            runs.succeeded += 1  # without the lock: two threads may count one success, which does no harm
        entry = self.entries.get(name)
        if entry is not None and entry.trial_sid == sid:
            self._end_trial(name, function, sid, failed=False)

    def _fail(self, name: str, function: str, sid: str, *, missed: bool) -> None:
        now = self._clock()
        if name in self.entries:
            self._end_trial(name, function, sid, failed=True)
        elif self._rules.failures:
            failure, closes = Failure(now, missed), self._count_failure(name, function, now)
            owner = str(self._states[name].owner)

            def change(record: Record) -> Record:
                counted = add_failure(record, name, failure, self._rules)
                return close_failing(counted, name, owner, function, now, self._rules) if closes else counted

            self._change(change)

    def _count_failure(self, name: str, function: str, now: float) -> bool:
        """Count a failure, and return whether at least half of the runs have failed since the first failure.

        A state that works for most callers must stay open: one caller could close it otherwise.
        """
        runs = self._runs.get((name, function))
        if runs is None or now - runs.start >= self._rules.seconds:
            runs = self._runs[name, function] = _Runs(now)
        runs.failed += 1
        return runs.failed >= runs.succeeded

    def _end_trial(self, name: str, function: str, sid: str, *, failed: bool) -> None:
        now, rules = self._clock(), self._rules
        self._change(partial(end_trial, state=name, sid=sid, function=function, now=now, failed=failed, rules=rules))

    def _change(self, change: Change) -> Exchange:
        with self._lock:
            return self._exchange(change)

    def _exchange(self, change: Change | None) -> Exchange:
        """Read, change and save the shared record. Log the changes of other processes and of this process.

        The lock must be held.
        """
        exchange = self._shared.exchange(change)
        known, found, changed = (valid_entries(record, self._states) for record in exchange)
        log_changes(self._states, known, found, level=logging.INFO)
        self._events += log_changes(self._states, found, changed, level=logging.ERROR)
        self.entries = changed
        if self._deaths is not None:
            self._forgive_deaths(self._deaths, exchange.changed)
        return exchange

    def _add_deadly_states(self, deaths: Deaths) -> None:
        """Put the states that have killed several workers in quarantine. The lock must be held."""
        for code, count in deaths.fatal_code().items():
            state, entry = self._states.get(code.state), self.entries.get(code.state)
            is_known = entry is not None and entry.retry_at is None
            if state is not None and state.owner.plugin == code.plugin and not is_known:
                deadly = Entry(f"{count} workers died in it", self._clock(), owner=str(state.owner))
                self._exchange(partial(add_entry, state=state.name, entry=deadly))

    def _forgive_deaths(self, deaths: Deaths, record: Record) -> None:
        """Forget the deaths in states that a person has released. The lock must be held."""
        for name, cleared in record.cleared.items():
            if name in self._states and self._cleared.get(name) != cleared:
                self._cleared[name] = cleared
                deaths.forgive(FatalCode(self._states[name].owner.plugin, name, ""), cleared)


def state_name(code: PluginCode) -> str:
    """Return the name of the state whose function a piece of code is, or ``""`` for any other code."""
    return code.state.name if code.state is not None and code.function in (ENTER, EXIT) else ""
