"""Finds the installed plugins, loads them, leaves some out, and keeps who owns what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivrkit.errors import Fault, LoadError, SettingsError
from ivrkit.loading.loaded import Found, Loaded, Plugin
from ivrkit.loading.loader import Loader
from ivrkit.settings import Settings

__all__ = ["Found", "Loaded", "Plugin", "find_plugins", "load"]


def load(settings: Settings, extra: Mapping[str, object] | None = None, faults: Sequence[Fault] = ()) -> Loaded:
    """Find, load and compile everything that is installed.

    :param settings: the core's settings.
    :param extra: plugin objects of the host's own code, each by a name, as if an entry point named them.
    :param faults: those of the core's settings, which are told with the plugins' own.
    :raises SettingsError: when there are faults of the core's settings alone.
    :raises LoadError: with every fault, when ``strict`` is on, or when what is left cannot be served.
    """
    loader = Loader(settings, extra or {})
    if not faults:
        return loader.load()
    try:
        loader.load()
    except LoadError as error:
        raise LoadError([*faults, *error.faults]) from error
    raise SettingsError.of([*faults, *loader.faults])


def find_plugins(settings: Settings, extra: Mapping[str, object] | None = None) -> Found:
    """Return what is installed.

    :param settings: the core's settings.
    :param extra: plugin objects of the host's own code, as for :func:`load`.
    """
    return Loader(settings, extra or {}).found()
