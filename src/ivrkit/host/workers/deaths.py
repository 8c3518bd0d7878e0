"""The deaths of workers: the code of plugins that was running when a worker process died is not run again.

The process that starts the workers leaves a death record for each worker that died (``host/workers/reports.py``). These
rules say which code is blamed:

1. Each thread of the dead worker that ran the code of a plugin was in a call. The code that this call started last is
   refused for this call: by itself, the call would run it again and kill the next worker.
2. Code that was running in :data:`FATAL_DEATHS` deaths is refused for all calls, until the server starts again, or
   until a person releases the state from quarantine.
3. A dead worker may have run the code of several calls, of which only one has killed it. So the code that explains the
   most deaths is blamed first, and its deaths do not count for other code.
"""

from __future__ import annotations

import functools
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode
from ivrkit.host.workers.reports import DEATH_PREFIX, WORKER_DIR, RunningCode, read_death

#: The number of deaths after which code is refused for all calls.
FATAL_DEATHS = 2
#: A folder that was changed less than this time before it was read may have changed again since, in nanoseconds: its
#: time of change has the resolution of the kernel's clock.
_TIME_RESOLUTION = 50_000_000


class FatalCode(NamedTuple):
    """The code of a plugin that kills workers: all functions of one state, or one hook implementation.

    :param plugin: the name of the plugin.
    :param state: the name of the state, or ``""`` for a hook.
    :param hook: the name of the hook, or ``""`` for a state.
    """

    plugin: str
    state: str
    hook: str


class _Known(NamedTuple):
    """The death records that were read.

    :param changed: the time of change of the folder when it was read.
    :param is_final: whether a later change of the folder has a later time for certain.
    :param records: name of a death record -> the code that was running.
    :param died: name of a death record -> the time of the death, in seconds since 1970.
    :param in_calls: the code that is refused for one call, each with its CallSid.
    :param fatal: the code that is refused for all calls -> the number of its deaths.
    """

    changed: int
    is_final: bool
    records: dict[str, tuple[RunningCode, ...]]
    died: dict[str, float]
    in_calls: frozenset[tuple[FatalCode, str]]
    fatal: dict[FatalCode, int]


_NOTHING = _Known(-1, False, {}, {}, frozenset(), {})


class Deaths:
    """A gate that refuses the code of plugins that was running when a worker died.

    :param folder: the folder with the death records.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._known = _NOTHING
        self._forgiven: dict[FatalCode, float] = {}

    def enter(self, code: PluginCode, sid: str) -> None:
        """Refuse code that was running in a death.

        :param code: the function of the plugin.
        :param sid: the CallSid of the call.
        :raises CodeRefused: if a worker died in this code in this call, or if several workers died in this code.
        """
        known = self._read()
        if not known.records:
            return
        state = code.state.name if code.state is not None else ""
        fatal = FatalCode(code.owner.plugin, state, "" if state else code.function)
        if fatal in known.fatal:
            raise CodeRefused(f"{known.fatal[fatal]} workers died in it")
        if (fatal, sid) in known.in_calls:
            raise CodeRefused("a worker died in it in this call")

    def leave(self, code: PluginCode, sid: str, error: BaseException | None) -> None:
        """Do nothing. Code that has returned has not killed the worker."""

    def fatal_code(self) -> dict[FatalCode, int]:
        """Return the code that is refused for all calls, with the number of workers that died in it."""
        return dict(self._read().fatal)

    def forgive(self, code: FatalCode, until: float) -> None:
        """Let all calls but those in which workers died run code again, until more workers die in it.

        :param code: the code.
        :param until: a time in seconds since 1970. Earlier deaths no longer count.
        """
        self._forgiven[code] = until
        self._known = _NOTHING

    def _read(self) -> _Known:
        """Return what is known of the deaths. The folder is read only if it has changed."""
        known = self._known
        try:
            changed = os.stat(self._folder).st_mtime_ns
            if changed == known.changed and known.is_final:
                return known
            is_final = time.time_ns() - changed > _TIME_RESOLUTION
            names = {each for each in os.listdir(self._folder) if each.startswith(DEATH_PREFIX)}
        except OSError:  # the server has removed the folder, because it ends
            return known
        if names == known.records.keys():
            self._known = known._replace(changed=changed, is_final=is_final)
        else:
            records = {name: known.records.get(name) or read_death(self._folder / name) for name in names}
            died = {name: known.died.get(name) or self._time_of(name) for name in names}
            deaths = {name: {(_fatal_code(each), each.sid) for each in _suspects(records[name])} for name in names}
            fatal = _blame([{code for code, _ in deaths[name] if self._counts(code, died[name])} for name in names])
            in_calls = frozenset().union(*deaths.values())
            self._known = _Known(changed, is_final, records, died, in_calls, fatal)
        return self._known

    def _counts(self, code: FatalCode, died: float) -> bool:
        """Return whether a death counts for code that was running."""
        return died > self._forgiven.get(code, 0.0)

    def _time_of(self, name: str) -> float:
        """Return when a worker died, in seconds since 1970: the time at which its death record was written.

        If somebody has removed the record, return 0.
        """
        try:
            return (self._folder / name).stat().st_mtime
        except OSError:
            return 0.0


def _suspects(record: Iterable[RunningCode]) -> Iterable[RunningCode]:
    """Return the code that each call started last (rule 1)."""
    return {each.sid: each for each in record}.values()


def _fatal_code(code: RunningCode) -> FatalCode:
    return FatalCode(code.plugin, code.state, "" if code.state else code.function)


def _blame(deaths: Sequence[set[FatalCode]]) -> dict[FatalCode, int]:
    """Return the code that is refused for all calls, with the number of its deaths (rules 2 and 3).

    :param deaths: the code that was running in each death, each code once.
    """
    unexplained = deaths
    found: dict[FatalCode, int] = {}
    while True:
        counts = Counter(code for death in unexplained for code in death)
        most = max(counts.values(), default=0)
        if most < FATAL_DEATHS:
            return found
        blamed = {code for code in counts if counts[code] == most}
        found |= dict.fromkeys(blamed, most)
        unexplained = [death for death in unexplained if not death & blamed]


def process_deaths() -> Deaths | None:
    """Return the deaths of this process's server, or ``None`` without the variable ``IVRKIT_WORKER_DIR``."""
    folder = os.environ.get(WORKER_DIR)
    return _deaths_in(folder) if folder else None


@functools.cache
def _deaths_in(folder: str) -> Deaths:
    """Return the deaths in a folder, the same object for all phone trees."""
    return Deaths(folder)
