"""The results of loading: the phone tree that is served, and the list of installed plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ivrkit.errors import Problem
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.model.state import Owner, State
from ivrkit.plugins.entry_points import ENTRY_POINT
from ivrkit.plugins.hook_calls import HookImpl
from ivrkit.plugins.plugin_settings import PluginSettings
from ivrkit.plugins.state_kinds import StateKind
from ivrkit.session_store import SharedStore


@dataclass(frozen=True, slots=True)
class Plugin:
    """One plugin: an installed distribution, a file, or an object of the host's own code.

    :param owner: the name and version of the plugin.
    :param status: ``loaded``; ``blocked`` if the settings ``block`` and ``allow`` leave the plugin out; or ``faulty``
        if the plugin has problems.
    :param states: the names of the states that the plugin offers.
    :param hooks: the names of the hooks that the plugin implements.
    :param source: ``entry point`` or ``file``.
    """

    owner: Owner
    status: str
    states: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    source: str = ENTRY_POINT


@dataclass(frozen=True)
class LoadedTree:
    """A phone tree that can be served.

    :param flow: the compiled call flow.
    :param plugins: all plugins in the order of loading. Each plugin lists only those of its states that are served.
    :param problems: the problems of the plugins and states that were left out. The tuple is empty if the setting
        ``strict`` is true.
    :param observers: name of a hook that only observes calls -> implementations of the hook. Hooks without
        implementations are left out.
    :param startup_warnings: the problems that do not prevent the start.
    :param settings: the settings of the plugins.
    :param stores: URL scheme -> function that takes a URL and opens the session store.
    :param safe: whether safe mode is on, so that no plugin is loaded.
    """

    flow: CallFlow
    plugins: tuple[Plugin, ...]
    problems: tuple[Problem, ...]
    observers: Mapping[str, tuple[HookImpl, ...]]
    startup_warnings: tuple[Problem, ...]
    settings: tuple[PluginSettings, ...] = ()
    stores: Mapping[str, Callable[[str], SharedStore]] = field(default_factory=dict)
    safe: bool = False


class InstalledPlugins(NamedTuple):
    """The installed plugins, including plugins that cannot be served.

    :param settings: the settings of the plugins.
    :param state_names: the names of all states that the plugins offer, including states that cannot be made.
    :param problems: the problems of the plugins.
    :param can_start: whether the app can start with these plugins.
    :param plugins: all plugins in the order of loading. Each plugin lists all states that it offers.
    :param states: all states that can be made, without the changes that the tables ``[states.NAME]`` make.
    :param kinds: name -> state kind.
    :param stores: URL scheme -> function that takes a URL and opens the session store.
    """

    settings: tuple[PluginSettings, ...]
    state_names: tuple[str, ...]
    problems: tuple[Problem, ...]
    can_start: bool
    plugins: tuple[Plugin, ...]
    states: tuple[State, ...]
    kinds: Mapping[str, StateKind]
    stores: Mapping[str, Callable[[str], SharedStore]]
