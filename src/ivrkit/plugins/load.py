"""The two functions that load plugins: :func:`load` to serve them, :func:`find_plugins` to list them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivrkit.errors import LoadError, Problem, SettingsError
from ivrkit.plugins.loaded import InstalledPlugins, LoadedTree, Plugin
from ivrkit.plugins.loader import Loader
from ivrkit.settings import Settings

__all__ = ["InstalledPlugins", "LoadedTree", "Plugin", "find_plugins", "load"]


def load(settings: Settings, extra: Mapping[str, object] | None = None, problems: Sequence[Problem] = ()) -> LoadedTree:
    """Find, load and compile all installed plugins.

    :param settings: the settings of the core.
    :param extra: plugin objects of the host's own code by their names.
    :param problems: the problems of the core's settings, which are reported together with the problems of the plugins.
    :raises SettingsError: if only the settings of the core have problems.
    :raises LoadError: with all problems, if ``strict`` is on or nothing can be served.
    """
    loader = Loader(settings, extra or {})
    if not problems:
        return loader.load()
    try:
        loader.load()
    except LoadError as error:
        raise LoadError([*problems, *error.problems]) from error
    raise SettingsError.of([*problems, *loader.problems.errors])


def find_plugins(settings: Settings, extra: Mapping[str, object] | None = None) -> InstalledPlugins:
    """Return all installed plugins together with their problems. No error is raised for a problem of a plugin.

    :param settings: the settings of the core.
    :param extra: plugin objects of the host's own code by their names.
    """
    return Loader(settings, extra or {}).list_installed()
