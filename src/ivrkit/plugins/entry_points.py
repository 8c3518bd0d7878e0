"""The sources of plugins: entry points of installed distributions, and plugin objects of the host's own code."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import importlib_metadata

from ivrkit.errors import LoadError
from ivrkit.flow.model.state import CORE_PLUGIN, Owner
from ivrkit.plugins.problems import describe_error, plugin_problem

#: The entry point groups. An entry point is a state in the first group, and a plugin with hooks in the second group.
STATES_GROUP, PLUGINS_GROUP = "ivrkit.states", "ivrkit.plugins"
#: The two values of :attr:`EntryPoint.source`.
ENTRY_POINT, FILE = "entry point", "file"
#: The name of a distribution whose metadata has no name.
_UNKNOWN_NAME = "UNKNOWN"


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


def find_entry_points() -> list[EntryPoint]:
    """Return the entry points of all installed distributions, in the same order on every machine.

    The entry points of the core come first. All other entry points are sorted by name, then by distribution.

    :raises LoadError: if the entry points of a distribution cannot be read.
    """
    try:
        points = [
            EntryPoint(group, entry.name, entry.value, _owner_of(entry.dist), entry.load)
            for group in (STATES_GROUP, PLUGINS_GROUP)
            for entry in importlib_metadata.entry_points(group=group)
            if entry.dist is not None
        ]
    except Exception as error:
        # The error does not name the damaged distribution, so each distribution is read alone to find it.
        damaged = (_owner_of(dist) for dist in importlib_metadata.distributions() if not _is_readable(dist))
        owner = next(damaged, Owner(_UNKNOWN_NAME))
        message = f"its entry_points.txt cannot be read: {describe_error(error)}"
        raise LoadError([plugin_problem(owner, message, "reinstall it, or uninstall it")]) from error
    # The hooks of the plugin loaded first are called last, so every plugin comes before the core.
    return sorted(points, key=lambda point: (point.owner.plugin != CORE_PLUGIN, point.name, point.owner.plugin))


def _is_readable(dist: Any) -> bool:
    try:
        list(dist.entry_points)
    except Exception:
        return False
    return True


def _owner_of(dist: Any) -> Owner:
    """Return the name and version of a distribution. A distribution without metadata is called ``UNKNOWN``."""
    try:
        metadata = dist.metadata
    except OSError:
        return Owner(_UNKNOWN_NAME)
    return Owner(metadata.get("Name") or _UNKNOWN_NAME, metadata.get("Version") or "")


def _identity(plugin: object) -> object:
    return plugin


def extra_entry_points(extra: Mapping[str, object]) -> Iterator[EntryPoint]:
    """Yield an entry point for each plugin object of the host's own code.

    :param extra: name -> plugin object.
    """
    for name, plugin in extra.items():
        yield EntryPoint(PLUGINS_GROUP, name, "the host's own code", Owner(name), functools.partial(_identity, plugin))
