"""What comes of loading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ivrkit.errors import Problem
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.model.state import Owner, State
from ivrkit.plugins.hook_calls import HookImpl
from ivrkit.plugins.plugin_settings import PluginSettings
from ivrkit.plugins.state_kinds import StateKind
from ivrkit.session_store import SharedStore


@dataclass(frozen=True, slots=True)
class Plugin:
    """One installed distribution that offers states or hooks, or an object that the host's own code gives.

    :param owner: its name and version.
    :param status: ``loaded``, ``blocked`` or ``faulty``.
    :param states: the states that are served from it.
    :param hooks: the hooks that it implements.
    :param source: by which it comes in: ``entry point``, or ``file``.
    """

    owner: Owner
    status: str
    states: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    source: str = "entry point"


@dataclass(frozen=True)
class LoadedTree:
    """What came of loading.

    :param flow: the compiled call flow.
    :param plugins: every plugin that was found, in the order of loading.
    :param problems: what was left out and why; always empty when ``strict`` is on.
    :param observers: hook -> its callers, for the hooks that only watch and that somebody implements.
    :param startup_warnings: problems of level ``warning``: they can be served but are probably not meant.
    :param settings: the settings of the plugins.
    :param stores: scheme of a URL -> what opens the store of calls that it names.
    """

    flow: CallFlow
    plugins: tuple[Plugin, ...]
    problems: tuple[Problem, ...]
    observers: Mapping[str, tuple[HookImpl, ...]]
    startup_warnings: tuple[Problem, ...]
    settings: tuple[PluginSettings, ...] = ()
    stores: Mapping[str, Callable[[str], SharedStore]] = field(default_factory=dict)


class InstalledPlugins(NamedTuple):
    """What is installed, whether or not it can be served.

    :param settings: the settings of the plugins.
    :param state_names: the names of all states that they offer, including those that cannot be made.
    :param problems: what is wrong with them.
    :param can_start: whether they can be served.
    :param plugins: the plugins, each with all states that it offers.
    :param states: the states that can be made, as their plugins offer them.
    :param kinds: the kinds of states that there are for tables.
    :param stores: as of :class:`LoadedTree`.
    """

    settings: tuple[PluginSettings, ...]
    state_names: tuple[str, ...]
    problems: tuple[Problem, ...]
    can_start: bool
    plugins: tuple[Plugin, ...]
    states: tuple[State, ...]
    kinds: Mapping[str, StateKind]
    stores: Mapping[str, Callable[[str], SharedStore]]
