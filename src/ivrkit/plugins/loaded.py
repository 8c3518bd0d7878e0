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

    :param owner: its name and version.
    :param status: ``loaded``, ``blocked`` or ``faulty``.
    :param states: the names of its states.
    :param hooks: the names of the hooks that it implements.
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
    :param plugins: all plugins in the order of loading, each with the states that are served.
    :param problems: the problems because of which something was left out; always empty with ``strict``.
    :param observers: observing hook -> its implementations, for the hooks that have any.
    :param startup_warnings: problems of level ``warning``: they can be served but are probably not meant.
    :param settings: the settings of the plugins.
    :param stores: scheme of a URL -> function that opens the session store of a URL.
    """

    flow: CallFlow
    plugins: tuple[Plugin, ...]
    problems: tuple[Problem, ...]
    observers: Mapping[str, tuple[HookImpl, ...]]
    startup_warnings: tuple[Problem, ...]
    settings: tuple[PluginSettings, ...] = ()
    stores: Mapping[str, Callable[[str], SharedStore]] = field(default_factory=dict)


class InstalledPlugins(NamedTuple):
    """The plugins that are installed, whether or not they can be served.

    :param settings: the settings of the plugins.
    :param state_names: the names of all states that they offer, including those that cannot be made.
    :param problems: the problems of the plugins.
    :param can_start: whether they can be served.
    :param plugins: all plugins in the order of loading, each with all states that it offers.
    :param states: the states that can be made, as their plugins offer them.
    :param kinds: name -> state kind.
    :param stores: the stores, as in :class:`LoadedTree`.
    """

    settings: tuple[PluginSettings, ...]
    state_names: tuple[str, ...]
    problems: tuple[Problem, ...]
    can_start: bool
    plugins: tuple[Plugin, ...]
    states: tuple[State, ...]
    kinds: Mapping[str, StateKind]
    stores: Mapping[str, Callable[[str], SharedStore]]
