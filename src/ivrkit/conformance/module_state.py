"""The rule that global variables keep no data of a call. The data of a call belongs in ``call.data``."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError
from ivrkit.conformance.failures import refuse_failures
from ivrkit.conformance.isolated_calls import call_scripts

_PLAIN_TYPES = (bool, bytes, float, int, str, type(None))
_CONTAINER_TYPES = (bytearray, deque, list, set, tuple, frozenset, Mapping)


def calls_do_not_change_modules(plugin: CheckedPlugin) -> None:
    """Check that calls do not change the global variables in the plugin's modules."""
    before = _module_variables(plugin)
    for start in plugin.starts():
        scripts = call_scripts(plugin, start)
        with plugin.phone(start) as phone, refuse_failures(plugin, plugin.where(start)):
            for number, script in enumerate(scripts):
                phone.call(script, from_=f"+1555020{number:04}")
        for name, value in _module_variables(plugin).items():
            if before.get(name, value) != value:
                raise ConformanceError(
                    f"{plugin.where(start)}: calls changed {name} from {before[name]} to {value}",
                    hint="keep the data of a call in call.data: the next webhook may reach another process",
                )


def _module_variables(plugin: CheckedPlugin) -> dict[str, str]:
    return {
        f"{module.__name__}.{name}": repr(value)
        for module in plugin.modules()
        for name, value in vars(module).items()
        if not name.startswith("__") and isinstance(value, (*_PLAIN_TYPES, *_CONTAINER_TYPES))
    }
