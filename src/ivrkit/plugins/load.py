"""Finds the installed plugins, loads them, leaves some out, and keeps who owns what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivrkit.errors import LoadError, Problem, SettingsError
from ivrkit.plugins.loaded import InstalledPlugins, LoadedTree, Plugin
from ivrkit.plugins.loader import Loader
from ivrkit.settings import Settings

__all__ = ["InstalledPlugins", "LoadedTree", "Plugin", "find_plugins", "load"]


def load(settings: Settings, extra: Mapping[str, object] | None = None, problems: Sequence[Problem] = ()) -> LoadedTree:
    """Find, load and compile everything that is installed.

    :param settings: the core's settings.
    :param extra: plugin objects of the host's own code, each by a name, as if an entry point named them.
    :param problems: those of the core's settings, which are told with the plugins' own.
    :raises SettingsError: when there are problems of the core's settings alone.
    :raises LoadError: with every problem, when ``strict`` is on, or when what is left cannot be served.
    """
    loader = Loader(settings, extra or {})
    if not problems:
        return loader.load()
    try:
        loader.load()
    except LoadError as error:
        raise LoadError([*problems, *error.problems]) from error
    raise SettingsError.of([*problems, *loader.problems])


def find_plugins(settings: Settings, extra: Mapping[str, object] | None = None) -> InstalledPlugins:
    """Return what is installed.

    :param settings: the core's settings.
    :param extra: plugin objects of the host's own code, as for :func:`load`.
    """
    return Loader(settings, extra or {}).found()
