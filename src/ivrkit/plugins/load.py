"""The two functions that load plugins: :func:`load` to serve a phone tree, :func:`find_plugins` to list plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivrkit.errors import LoadError, Problem, SettingsError
from ivrkit.plugins.loaded import InstalledPlugins, LoadedTree, Plugin
from ivrkit.plugins.loader import Loader
from ivrkit.settings import Settings

__all__ = ["InstalledPlugins", "LoadedTree", "Plugin", "find_plugins", "load"]


def load(settings: Settings, extra: Mapping[str, object] | None = None, problems: Sequence[Problem] = ()) -> LoadedTree:
    """Load all installed plugins, and return the phone tree of their states.

    :param settings: the settings of the core.
    :param extra: name -> plugin object of the host's own code.
    :param problems: the problems of the core's settings, to report together with the problems of the plugins.
    :raises SettingsError: if the settings of the core have problems, and the plugins have none.
    :raises LoadError: if a plugin has a problem while the setting ``strict`` is true, or if no phone tree can be
        served.
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
    """Return all installed plugins together with their problems. A problem of a plugin does not raise an error.

    :param settings: the settings of the core.
    :param extra: name -> plugin object of the host's own code.
    """
    return Loader(settings, extra or {}).list_installed()
