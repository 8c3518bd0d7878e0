"""The selection of states: if several plugins offer a state of the same name, the settings choose the plugin."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import FunctionType
from typing import NamedTuple

from ivrkit.errors import IvrkitError, Problems, nearest, toml_key
from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.state import CORE_PLUGIN, Owner, State
from ivrkit.flow.model.substates import expand_substates, substate_names
from ivrkit.plugin_errors import describe_value, plugin_errors
from ivrkit.plugins.overrides import outdated_sentence, override
from ivrkit.plugins.plugin_settings import PluginSettingsReader
from ivrkit.plugins.problems import UNAVAILABLE, Unavailable, describe_with_location, hint_of, plugin_problem
from ivrkit.settings import Settings, StateSettings
from ivrkit.settings.names import normal_name, use_one_of

_STATE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_STATE_HINT = "name a State, or a function (settings: Settings) -> State; Settings may be the plugin's own dataclass"


class OfferedState(NamedTuple):
    """A state that a plugin offers.

    :param state: the state, with its name and the plugin.
    :param source: a description of the entry point or hook that offers the state, for messages.
    """

    state: State
    source: str


class Selection:
    """The states that the plugins offer. :meth:`select` chooses one state for each name.

    :param settings: the settings of the core, with the tables ``[states.NAME]``.
    :param plugin_settings: the reader of the plugins' settings, which are arguments of functions that make a state.
    :param blocked: the normalized names of the plugins that the settings ``block`` and ``allow`` leave out.
    :param may_be_of_blocked_plugin: a function that takes the name of a state and returns whether a blocked plugin may
        offer a state of this name.
    :param problems: the collection to which problems are added.
    """

    def __init__(
        self,
        settings: Settings,
        plugin_settings: PluginSettingsReader,
        blocked: Collection[str],
        may_be_of_blocked_plugin: Callable[[str], bool],
        problems: Problems,
    ) -> None:
        self._settings = settings
        self._plugin_settings = plugin_settings
        self._blocked = blocked
        self._may_be_of_blocked_plugin = may_be_of_blocked_plugin
        self._problems = problems
        self._offered: list[OfferedState] = []
        #: The states that menu options name as their menus.
        self._menus: set[str] = set()
        #: Placeholders for states that cannot be made.
        self.missing: list[State] = []

    def add(self, owner: Owner, name: str, offered: object, source: str) -> None:
        """Add a state that a plugin offers. If the state is invalid, record a problem.

        :param owner: the plugin.
        :param name: the name of the state.
        :param offered: the state; a function that makes the state; or ``UNAVAILABLE`` for a state that cannot be made.
        :param source: a description of the entry point or hook that offers the state, for messages.
        """
        if not _STATE_NAME.fullmatch(name):
            message = f"{source} is not a valid name of a state"
            self._problems.add(plugin_problem(owner, message, "use letters, digits, - _ and ."))
            return
        try:
            if not isinstance(offered, State | Unavailable):
                offered = make_state(offered, owner, self._plugin_settings)
            if isinstance(offered, State):
                # A copy, because one State object may be offered under two names.
                state = replace(offered, name=name, owner=owner, parent="")
                self._offered.append(OfferedState(state, source))
                return
        except plugin_errors() as error:
            package = offered.__module__.partition(".")[0] if type(offered) is FunctionType else ""
            message = f"{source} cannot be made into a state: {describe_with_location(error, package)}"
            self._problems.add(plugin_problem(owner, message, hint_of(error, owner)))
        # The problem is recorded. Without the placeholder, the unknown name would be reported as a second problem.
        self.add_missing(owner, name)

    def add_missing(self, owner: Owner, name: str) -> None:
        """Add a placeholder for a state that cannot be made.

        The placeholder is a menu, because menu options of other states may belong to this menu.
        """
        self.missing.append(State(Menu(repeat=None), name=name, owner=owner))

    def offered_states(self) -> tuple[State, ...]:
        """Return all states that the plugins offer, without the changes that the settings make.

        The substates of a state follow their parent state.
        """
        return tuple(state for offered in self._offered for state in expand_substates(offered.state))

    def state_names(self) -> tuple[str, ...]:
        """Return the names of all states that the plugins offer, including states that cannot be made."""
        states = [*(offered.state for offered in self._offered), *self.missing]
        return tuple(dict.fromkeys(name for state in states for name in (state.name, *substate_names(state))))

    def select(self) -> list[State]:
        """Return one state for each name, with the changes that the tables ``[states.NAME]`` make.

        The substates of a state follow their parent state. Disabled states are left out.
        """
        by_name: dict[str, list[OfferedState]] = {}
        for offered in self._offered:
            by_name.setdefault(offered.state.name, []).append(offered)
        self._check_tables()
        self._menus = {option.menu for state in self.offered_states() for option in state.menu_options}
        selected: list[State] = []
        for name, candidates in by_name.items():
            # The choice comes before the substates, so that the substates of other candidates are never selected.
            state = self._with_table(name, candidates)
            if state is None:
                continue
            for each in expand_substates(state):
                substate = self._substate(each, by_name) if each.parent else each
                if substate is not None:
                    selected.append(substate)
        return selected

    def _check_tables(self) -> None:
        """Report each table ``[states.NAME]`` whose name is not the name of a state that a plugin offers."""
        names = self.state_names()
        missing = {state.name for state in self.missing}
        for name, table in self._settings.states.items():
            # A table with a kind is itself a state. Its problems and a missing parent state are already recorded.
            is_known = table.table or name in names or name.rpartition(".")[0] in missing
            if not is_known and not self._may_be_of_blocked_plugin(name):
                self._problems.error(
                    f"[states.{name}] names a state that no plugin offers{nearest(name, names)}",
                    use_one_of(sorted(names)),
                    location=self._settings.location("states", name),
                )

    def _substate(self, state: State, by_name: Mapping[str, list[OfferedState]]) -> State | None:
        """Return a substate with the changes that its table ``[states.NAME]`` makes.

        :param state: the substate.
        :param by_name: name -> states with this name that are not substates.
        :returns: the changed substate, or ``None`` if the table disables the substate. If another state has the same
            name, a problem is recorded, and the result is ``None``, too.
        """
        if state.name in by_name:
            other = by_name[state.name][0].state.owner
            self._problems.error(
                f"state {state.name!r} of {other} has the same name as a substate of {state.parent!r} of {state.owner}",
                "rename one of the two",
                owner=other.plugin,
            )
            return None
        return self._with_table(state.name, [OfferedState(state, f"a substate of {state.parent!r}")])

    def _with_table(self, name: str, candidates: list[OfferedState]) -> State | None:
        """Return the chosen state for a name, with the changes that the table ``[states.NAME]`` makes.

        :param name: the name.
        :param candidates: all states with this name.
        :returns: the changed state, or ``None`` if the table disables the state.
        """
        table = self._settings.states.get(name)
        if table is None:
            return self._choose(name, candidates, None)
        # A disabled state needs no choice, so two plugins that offer it are not a problem.
        if not table.enabled:
            return None
        state = self._choose(name, candidates, table.plugin)
        self._warn_of_outdated_sentence(state, table)
        try:
            return override(state, table, is_menu=isinstance(state.enter, Menu) or name in self._menus)
        except IvrkitError as error:
            location = self._settings.location("states", name)
            message = f"[states.{name}] {error.message}"
            self._problems.error(message, error.hint, location=location, owner=state.owner.plugin)
            # The state is kept without its table, so that the states that lead to it are not reported as well.
            return state

    def _warn_of_outdated_sentence(self, state: State, table: StateSettings) -> None:
        """Record a startup warning if the core's sentence replaces the sentence of a menu option."""
        sentence = outdated_sentence(state, table)
        if sentence is not None:
            self._problems.warn(
                f"[states.{state.name}] the sentence {str(sentence)!r} of {state.owner} would not change with the "
                "table, so the core's sentence is said instead",
                f'write your own in ivrkit.toml:  [states.{toml_key(state.name)}]  sentence = "For {{label}}, press '
                '{key}."',
                location=self._settings.location("states", state.name),
                owner=state.owner.plugin,
            )

    def _choose(self, name: str, candidates: list[OfferedState], plugin: str | None) -> State:
        """Return the state of the chosen plugin. If several plugins are possible, report this and use the first plugin.

        :param name: the name.
        :param candidates: all states with this name.
        :param plugin: the plugin that the settings choose, or ``None`` if the settings choose no plugin.
        """
        # If the chosen plugin is blocked, the choice is ignored, so that it may stay in the settings.
        if plugin is not None and normal_name(plugin) not in self._blocked:
            chosen = [each for each in candidates if normal_name(each.state.owner.plugin) == normal_name(plugin)]
            if not chosen:
                self._report_choice(name, plugin, [each.state.owner for each in candidates])
                return candidates[0].state
            # The chosen plugin may still offer the state twice, which is checked below.
            candidates = chosen
        elif plugin is None:
            candidates = _without_replaced_core(candidates)
        first, *others = candidates
        for other in others:
            if other.state.owner == first.state.owner:
                message = f"it offers the state {name!r} twice: as {first.source}, and as {other.source}"
                self._problems.add(plugin_problem(first.state.owner, message, "remove one of the two"))
            else:
                self._problems.error(
                    f"state {name!r} is offered by two plugins: {first.state.owner} and {other.state.owner}",
                    f'choose one in ivrkit.toml:  [states.{toml_key(name)}]  plugin = "{first.state.owner.plugin}"',
                    owner=other.state.owner.plugin,
                )
        return first.state

    def _report_choice(self, name: str, plugin: str, owners: list[Owner]) -> None:
        """Report that the plugin in the table ``[states.NAME]`` does not offer the state.

        If the plugin offers the state, but the state cannot be made, report nothing.

        :param name: the name of the state.
        :param plugin: the plugin in the table.
        :param owners: the plugins that offer the state.
        """
        # The problem of a missing state is already recorded, and the choice of the plugin is right.
        if any(state.name == name and normal_name(state.owner.plugin) == normal_name(plugin) for state in self.missing):
            return
        near = nearest(plugin, [owner.plugin for owner in owners])
        self._problems.error(
            f"[states.{name}] plugin must be a plugin that offers the state {name!r}, not {plugin!r}{near}",
            use_one_of(map(str, owners)),
            location=self._settings.location("states", name, "plugin"),
        )


def _without_replaced_core(candidates: list[OfferedState]) -> list[OfferedState]:
    """Return the states of one name without the core's state if a TOML file defines a state of this name.

    A TOML state may replace a state of the core. An installed package or a Python file must not replace such a state.

    :param candidates: all states of the name.
    """
    if any(each.state.owner.plugin.endswith(".toml") for each in candidates):
        return [each for each in candidates if each.state.owner.plugin != CORE_PLUGIN]
    return candidates


def make_state(function: object, owner: Owner, settings: PluginSettingsReader) -> State | Unavailable:
    """Call a function of a plugin that makes a state, and return the state.

    :param function: the function. Its parameters are annotated with dataclasses of settings.
    :param owner: the plugin.
    :param settings: the reader of the plugins' settings.
    :returns: the state. If the settings have problems, the problems are recorded, and the result is ``UNAVAILABLE``.
    :raises IvrkitError: if ``function`` is not a function, has parameters that are not annotated with a dataclass of
        settings, or does not return a ``State``.
    """
    if not inspect.isfunction(function):
        raise IvrkitError(
            f"it must be a State or a function that returns one, not {describe_value(function)}", hint=_STATE_HINT
        )
    arguments = settings.arguments(function, owner, _STATE_HINT)
    if arguments is None:
        return UNAVAILABLE
    state = function(*arguments)
    if not isinstance(state, State):
        raise IvrkitError(
            f"the function {function.__name__!r} must return a State, not {describe_value(state)}", hint=_STATE_HINT
        )
    return state
