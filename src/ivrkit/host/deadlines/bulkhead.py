"""The bulkhead: bounds of the calls that are in the code of one state, of one plugin, and of all plugins.

Without bounds, the calls in one state that hangs would take all threads of the process, and nobody else would be
answered.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode
from ivrkit.host.deadlines.attempt import clock

#: The number of threads that are never in the code of plugins, so that they are free for the states of the core.
THREADS_WITHOUT_CODE = 8
#: Code hangs if it is full and no call has entered it for this time, in seconds. Then no other call waits for it.
PATIENCE = 0.5
#: How long a call waits for room in code that does not hang, in seconds.
MAX_WAIT = 2.0


@dataclass(slots=True)
class _Compartment:
    """The calls that are in the code of one state or plugin.

    :param title: the state or the plugin, for messages.
    :param bound: the largest number of calls.
    :param entered: thread -> the time at which the thread entered the code. The latest entry is the last.
    """

    title: str
    bound: int
    entered: dict[int, float] = field(default_factory=dict)

    def wait_until(self, arrived: float) -> float:
        """Return the time until which a call may wait for room.

        :param arrived: the time at which the call arrived.
        """
        return min(arrived + MAX_WAIT, next(reversed(self.entered.values())) + PATIENCE)


class Bulkhead:
    """A gate that bounds the number of calls in the code of each state, of each plugin, and of all plugins together.

    If there is no room, a call waits until a call leaves the code, but at most :data:`MAX_WAIT` seconds. If the code
    hangs, the call does not wait. The code of the core has no bounds.

    :param per_state: the largest number of calls in the functions of one state.
    :param per_plugin: the largest number of calls in the code of one plugin.
    :param total: the largest number of calls in the code of all plugins.
    """

    def __init__(self, per_state: int, per_plugin: int, total: int) -> None:
        self._per_state = per_state
        self._per_plugin = per_plugin
        self._total = _Compartment("all plugins", total)
        self._by_plugin: dict[str, _Compartment] = {}
        self._by_code: dict[tuple[str, str], tuple[_Compartment, ...]] = {}
        self._changed = threading.Condition(threading.Lock())

    def enter(self, code: PluginCode, sid: str) -> None:
        """Enter the code of a plugin.

        :raises CodeRefused: if there is no room in time.
        """
        if code.owner.plugin == CORE_PLUGIN:
            return
        arrived, thread = clock(), threading.get_ident()
        with self._changed:
            compartments = self._of(code)
            while full := next((each for each in compartments if len(each.entered) >= each.bound), None):
                left = full.wait_until(arrived) - clock()
                if left <= 0:
                    raise CodeRefused(f"{len(full.entered)} calls are in the code of {full.title} already")
                self._changed.wait(left)
            now = clock()
            for each in compartments:
                each.entered[thread] = now

    def leave(self, code: PluginCode, sid: str, error: BaseException | None) -> None:
        """Leave the code of a plugin."""
        if code.owner.plugin == CORE_PLUGIN:
            return
        thread = threading.get_ident()
        with self._changed:
            for each in self._of(code):
                each.entered.pop(thread, None)
            self._changed.notify_all()

    def _of(self, code: PluginCode) -> tuple[_Compartment, ...]:
        """Return the compartments of code: the state, if there is one, the plugin, and all plugins."""
        state = code.state.name if code.state is not None else ""
        key = (code.owner.plugin, state)
        found = self._by_code.get(key)
        if found is None:
            found = self._by_code[key] = self._make(code, state)
        return found

    def _make(self, code: PluginCode, state: str) -> tuple[_Compartment, ...]:
        """Return new compartments of code. The compartment of the plugin is shared by all its code."""
        plugin = self._by_plugin.setdefault(code.owner.plugin, _Compartment(str(code.owner), self._per_plugin))
        if not state:
            return plugin, self._total
        return _Compartment(f"state {state!r}", self._per_state), plugin, self._total
