"""The doors by which plugins come in: the entry points of what is installed, and what the host's own code gives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import importlib_metadata

from ivrkit.errors import LoadError
from ivrkit.flow.model.state import CORE_PLUGIN, Owner
from ivrkit.plugins.problems import describe_error, plugin_problem

#: The entry point groups: a state each, and plugins with hooks.
STATES_GROUP, PLUGINS_GROUP = "ivrkit.states", "ivrkit.plugins"
#: What a plugin is that is no package.
FILE = "file"
#: What a distribution is called whose metadata lacks a name.
NAMELESS = "UNKNOWN"


class EntryPoint(NamedTuple):
    """Where a plugin comes in, with its owner: an entry point, or a file."""

    group: str
    name: str
    value: str
    owner: Owner
    load: Callable[[], Any]
    source: str = "entry point"
    location: str = ""

    @property
    def package(self) -> str:
        """The top-level package of what it names."""
        return self.value.partition(":")[0].partition(".")[0].strip()

    def __str__(self) -> str:
        """Return it as its package wrote it; of a file, its name."""
        return self.name if self.source == FILE else f"{self.name} = {self.value!r} in {self.group!r}"


def find_entry_points() -> list[EntryPoint]:
    """Return the entry points of all installed distributions, in one order on every machine.

    ivrkit's own come first, then by entry name and distribution.

    :raises LoadError: when those of some distribution can't be read.
    """
    try:
        points = [
            EntryPoint(group, entry.name, entry.value, _owner_of(entry.dist), entry.load)
            for group in (STATES_GROUP, PLUGINS_GROUP)
            for entry in importlib_metadata.entry_points(group=group)
            if entry.dist is not None
        ]
    except Exception as error:
        damaged = (_owner_of(dist) for dist in importlib_metadata.distributions() if not _is_readable(dist))
        message = f"its entry_points.txt can't be read: {describe_error(error)}"
        raise LoadError(
            [plugin_problem(next(damaged, Owner(NAMELESS)), message, "reinstall it, or uninstall it")]
        ) from error
    return sorted(points, key=lambda point: (point.owner.plugin != CORE_PLUGIN, point.name, point.owner.plugin))


def _is_readable(dist: Any) -> bool:
    try:
        list(dist.entry_points)
    except Exception:
        return False
    return True


def _owner_of(dist: Any) -> Owner:
    """Return the name and version of a distribution; what is left of one that was half removed has neither."""
    try:
        found = dist.metadata
    except OSError:
        return Owner(NAMELESS)
    return Owner(found.get("Name") or NAMELESS, found.get("Version") or "")


def _itself(plugin: object) -> object:
    return plugin


def extra_entry_points(extra: Mapping[str, object]) -> Iterator[EntryPoint]:
    """Return plugin objects of the host's own code as if entry points named them."""
    for name, plugin in extra.items():
        yield EntryPoint(PLUGINS_GROUP, name, "the host's own code", Owner(name), functools.partial(_itself, plugin))
