"""What comes of loading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ivrkit.errors import Fault
from ivrkit.flow.flow import CallFlow
from ivrkit.flow.state import Owner, State
from ivrkit.hooks import Caller
from ivrkit.loading.plugin_settings import PluginSettings
from ivrkit.loading.state_kinds import StateKind
from ivrkit.store import SharedStore


@dataclass(frozen=True, slots=True)
class Plugin:
    """One installed distribution that offers states or hooks, or an object that the host's own code gives.

    :param owner: its name and version.
    :param status: ``loaded``, ``blocked`` or ``faulty``.
    :param states: the states that are served from it.
    :param hooks: the hooks that it implements.
    :param door: by which it comes in: ``entry point``, or ``file``.
    """

    owner: Owner
    status: str
    states: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    door: str = "entry point"


@dataclass(frozen=True)
class Loaded:
    """What came of loading.

    :param flow: the compiled call flow.
    :param plugins: every plugin that was found, in the order of loading.
    :param faults: what was left out and why; always empty when ``strict`` is on.
    :param observers: hook -> its callers, for the hooks that only watch and that somebody implements.
    :param notices: what the host warns of when it starts, a sentence each.
    :param settings: the settings of the plugins.
    :param stores: scheme of a URL -> what opens the store of calls that it names.
    """

    flow: CallFlow
    plugins: tuple[Plugin, ...]
    faults: tuple[Fault, ...]
    observers: Mapping[str, tuple[Caller, ...]]
    notices: tuple[str, ...]
    settings: tuple[PluginSettings, ...] = ()
    stores: Mapping[str, Callable[[str], SharedStore]] = field(default_factory=dict)


class Found(NamedTuple):
    """What is installed, whether or not it can be served.

    :param settings: the settings of the plugins.
    :param states: the names of the states that they offer, those that can't be had included.
    :param faults: what is wrong with them.
    :param starts: whether what is there can be served.
    :param plugins: the plugins, each with all states that it offers.
    :param offered: these states, as their plugins offer them.
    :param kinds: the kinds of states that there are for tables.
    :param stores: as of :class:`Loaded`.
    """

    settings: tuple[PluginSettings, ...]
    states: tuple[str, ...]
    faults: tuple[Fault, ...]
    starts: bool
    plugins: tuple[Plugin, ...]
    offered: tuple[State, ...]
    kinds: Mapping[str, StateKind]
    stores: Mapping[str, Callable[[str], SharedStore]]
