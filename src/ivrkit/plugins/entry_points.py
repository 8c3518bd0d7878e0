"""The sources of plugins: entry points of installed distributions, and plugin objects of the host's own code."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import importlib_metadata

from ivrkit.errors import IvrkitError, Problems
from ivrkit.flow.model.state import CORE_PLUGIN, Owner
from ivrkit.plugins.distributions import PLUGINS_GROUP, STATES_GROUP, find_distributions

#: The two values of :attr:`EntryPoint.source`.
ENTRY_POINT, FILE = "entry point", "file"


class EntryPoint(NamedTuple):
    """An entry point of a plugin. A plugin that is a file or an object of the host's own code has an entry point, too.

    :param group: ``ivrkit.states`` or ``ivrkit.plugins``.
    :param name: the name of the entry point. In the group ``ivrkit.states``, this is the name of the state.
    :param value: the module and the object that the entry point names, such as ``acme_states.sales:sales``.
    :param owner: the plugin.
    :param load: a function without arguments that imports and returns the named object.
    :param source: ``file`` for a plugin that is a file, otherwise ``entry point``.
    :param location: the path of the file, or ``""`` if the plugin is not a file.
    """

    group: str
    name: str
    value: str
    owner: Owner
    load: Callable[[], Any]
    source: str = ENTRY_POINT
    location: str = ""

    @property
    def package(self) -> str:
        """The top-level package of the named object, such as ``acme_states``."""
        return self.value.partition(":")[0].partition(".")[0].strip()

    def __str__(self) -> str:
        """Return a text for messages: ``entry point sales = 'acme:sales' in 'ivrkit.states'``, or ``file x.py``."""
        entry = self.name if self.source == FILE else f"{self.name} = {self.value!r} in {self.group!r}"
        return f"{self.source} {entry}"


def find_entry_points(problems: Problems) -> list[EntryPoint]:
    """Return the entry points of all installed distributions, in the same order on every machine.

    The entry points of the core come first. All other entry points are sorted by name, then by distribution.

    :param problems: the collection to which the problems of damaged distributions are added. These distributions are
        left out.
    :raises LoadError: if the metadata of ivrkit itself is not installed.
    """
    points = [
        EntryPoint(entry.group, entry.name, entry.value, dist.owner, functools.partial(_load, entry))
        for dist in find_distributions(problems)
        for entry in dist.entry_points
    ]
    # The hooks of the plugin loaded first are called last, so every plugin comes before the core.
    return sorted(points, key=lambda point: (point.owner.plugin != CORE_PLUGIN, point.name, point.owner.plugin))


def _load(entry: importlib_metadata.EntryPoint) -> Any:
    """Import and return the object that an entry point names.

    :raises IvrkitError: if the entry point does not name a module or an object of a module.
    """
    if not entry.pattern.match(entry.value) or (entry.group == STATES_GROUP and ":" not in entry.value):
        form = (
            "'package.module:object'" if entry.group == STATES_GROUP else "'package.module' or 'package.module:object'"
        )
        raise IvrkitError(
            f"its value must be {form}, not {entry.value!r}",
            hint="fix the entry point in the plugin's pyproject.toml, and install the plugin again",
        )
    return entry.load()


def _identity(plugin: object) -> object:
    return plugin


def extra_entry_points(extra: Mapping[str, object]) -> Iterator[EntryPoint]:
    """Yield an entry point for each plugin object of the host's own code.

    :param extra: name -> plugin object.
    """
    for name, plugin in extra.items():
        yield EntryPoint(PLUGINS_GROUP, name, "the host's own code", Owner(name), functools.partial(_identity, plugin))
