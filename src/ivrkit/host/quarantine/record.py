"""The record of the quarantine: which states are in quarantine, and which states have failed lately.

All processes share one record. Each change of the record is a function that takes a record and returns the changed
record, because a change is made again if another process has saved the record first. These are the rules:

1. A state is put in quarantine after :attr:`Rules.failures` failures in :attr:`Rules.seconds`. It is tried again after
   :attr:`Rules.retry`. A state that a person has put in quarantine, or that has killed workers, is not tried again.
2. While a state is tried again, one call at a time may enter the state. This is the trial call.
3. If the function that failed before succeeds in the trial call, the state is released. If any function of the state
   fails in the trial call, the state is tried again after :attr:`Rules.retry`.
4. If the trial call leaves the state without a result, or does not come back, another call may try.
5. An automatic quarantine is only for the version of the plugin that failed. After a deploy of another version the
   state is served again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar

from ivrkit.errors import SessionError
from ivrkit.flow.model.state import State
from ivrkit.flow.run.plugin_code import EXIT

#: The function of an entry that no function of the state has caused.
ANY_FUNCTION = ""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of the quarantine.

    :param failures: the number of failures after which a state is put in quarantine, or 0 for no automatic quarantine.
    :param seconds: the time in which these failures must happen, in seconds.
    :param retry: the time after which a state in quarantine is tried again, in seconds.
    """

    failures: int = 5
    seconds: float = 60.0
    retry: float = 60.0


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure of a state.

    :param time: when the state failed, in seconds since 1970.
    :param missed: whether the state missed its deadline. Otherwise its code raised an error.
    """

    time: float
    missed: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One state in quarantine.

    :param reason: why the state is in quarantine, as a text for people.
    :param since: when the state was put in quarantine, in seconds since 1970.
    :param retry_at: when the state is tried again, in seconds since 1970, or ``None`` if it is not tried again.
    :param owner: the plugin of the state with its version, or ``""`` if the entry is for all versions.
    :param function: the function that failed: ``enter``, ``exit`` or :data:`ANY_FUNCTION`.
    :param trial_sid: the CallSid of the trial call, or ``""`` without a trial call.
    :param trial_until: when another call may try the state, in seconds since 1970.
    """

    reason: str
    since: float
    retry_at: float | None = None
    owner: str = ""
    function: str = ANY_FUNCTION
    trial_sid: str = ""
    trial_until: float = 0.0

    def is_closed(self, sid: str, now: float) -> bool:
        """Return whether a call must not enter the state.

        :param sid: the CallSid of the call.
        :param now: the time in seconds since 1970.
        """
        if self.retry_at is None or now < self.retry_at:
            return True
        return self.is_on_trial(now) and self.trial_sid != sid

    def is_on_trial(self, now: float) -> bool:
        """Return whether a trial call is in the state.

        :param now: the time in seconds since 1970.
        """
        return self.trial_sid != "" and now < self.trial_until


@dataclass(frozen=True, slots=True)
class Record:
    """The record of the quarantine.

    :param entries: name of a state -> its entry, for the states in quarantine.
    :param failures: name of a state -> its latest failures, for the other states.
    :param cleared: name of a state -> when a person released it. Earlier deaths of workers no longer count.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    failures: Mapping[str, tuple[Failure, ...]] = field(default_factory=dict)
    cleared: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the record as one line of JSON in ASCII."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Return the record from the JSON that :meth:`to_json` returned.

        Another version of ivrkit may have saved the record. Fields that this version does not know are ignored.

        :raises SessionError: if the text is not the JSON of a record.
        """
        try:
            values = json.loads(text)
            return cls(
                {name: Entry(**_known(Entry, each)) for name, each in values["entries"].items()},
                {
                    name: tuple(Failure(**_known(Failure, each)) for each in found)
                    for name, found in values["failures"].items()
                },
                dict(values["cleared"]),
            )
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise SessionError(
                f"the record of the quarantine cannot be read: {error!r}",
                hint="another program wrote to this store; give ivrkit a store of its own",
            ) from error


def valid_entries(record: Record, states: Mapping[str, State]) -> Mapping[str, Entry]:
    """Return the entries for the states of a phone tree, in the versions of the phone tree (rule 5).

    :param record: the record, which may have entries of other deploys.
    :param states: name -> state, for all states of the phone tree.
    """
    return {
        name: entry
        for name, entry in record.entries.items()
        if name in states and entry.owner in ("", str(states[name].owner))
    }


def add_entry(record: Record, state: str, entry: Entry) -> Record:
    """Return the record with a state in quarantine, and without the earlier failures of the state."""
    return replace(record, entries={**record.entries, state: entry}, failures=_without(record.failures, state))


def release(record: Record, state: str) -> Record:
    """Return the record without the entry and the failures of a state."""
    return replace(record, entries=_without(record.entries, state), failures=_without(record.failures, state))


def clear(record: Record, state: str, now: float) -> Record:
    """Return the record after a person has released a state."""
    return replace(release(record, state), cleared={**record.cleared, state: now})


def add_failure(record: Record, state: str, failure: Failure, rules: Rules) -> Record:
    """Return the record with one more failure of a state, and without the failures that no longer count."""
    start = failure.time - rules.seconds
    latest = (*(each for each in record.failures.get(state, ()) if each.time > start), failure)
    # Older failures are of no use. Without this, a state that fails now and then would have a long list.
    kept = latest[-max(rules.failures, 1) :]
    others = {name: found for name, found in record.failures.items() if found[-1].time > start}
    return replace(record, failures={**others, state: kept})


def close_failing(record: Record, state: str, owner: str, function: str, now: float, rules: Rules) -> Record:
    """Return the record with a state in quarantine if the state has failed often enough (rule 1)."""
    found = record.failures.get(state, ())
    if not rules.failures or len(found) < rules.failures:
        return record
    reason = _describe_failures(found, rules.seconds)
    return add_entry(record, state, Entry(reason, now, now + rules.retry, owner, function))


def claim_trial(record: Record, state: str, sid: str, now: float, rules: Rules) -> Record:
    """Return the record with a call as the trial call of a state, unless the call must not enter the state (rule 2)."""
    entry = record.entries.get(state)
    if entry is None or entry.is_closed(sid, now):
        return record
    return _change_entry(record, state, replace(entry, trial_sid=sid, trial_until=now + rules.retry))


def end_trial(record: Record, state: str, sid: str, function: str, now: float, *, failed: bool, rules: Rules) -> Record:
    """Return the record after a function of a state has run in a call (rules 3 and 4).

    :param state: the name of the state.
    :param sid: the CallSid of the call. If it is not the trial call of the state, the record is not changed.
    :param function: the function that has run.
    :param now: the time in seconds since 1970.
    :param failed: whether the function failed or missed its deadline.
    """
    entry = record.entries.get(state)
    if entry is None or entry.trial_sid != sid:
        return record
    if failed:
        return _change_entry(record, state, replace(entry, retry_at=now + rules.retry, trial_sid="", function=function))
    if function == entry.function:
        return release(record, state)
    # The call has left the state, and the function that failed before has not run.
    return _change_entry(record, state, replace(entry, trial_sid="")) if function == EXIT else record


def _known(cls: type[Entry | Failure], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the fields that a class has."""
    return {each.name: values[each.name] for each in fields(cls) if each.name in values}


def _change_entry(record: Record, state: str, entry: Entry) -> Record:
    return replace(record, entries={**record.entries, state: entry})


def _without(mapping: Mapping[str, Value], name: str) -> dict[str, Value]:
    return {key: value for key, value in mapping.items() if key != name}


def _describe_failures(failures: tuple[Failure, ...], seconds: float) -> str:
    """Return failures in words, such as ``3 failures and 2 missed deadlines in 60 s``."""
    missed = sum(each.missed for each in failures)
    failed = len(failures) - missed
    found = [_count(failed, "failure"), _count(missed, "missed deadline")]
    return f"{' and '.join(filter(None, found))} in {seconds:g} s"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number > 1)}" if number else ""
