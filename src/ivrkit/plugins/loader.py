"""One loading of everything that is installed: from the entry points and files to the compiled call flow.

The way of loading: block -> import -> stores, kinds, states -> ``[states.*]`` of the settings -> clashes -> compile.
Every problem is collected, with its plugin and its mend, before anybody decides what to do about it.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ivrkit.errors import IvrkitError, LoadError, Problem, Problems, nearest
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.compile.compiler import compile_flow
from ivrkit.flow.compile.flow_config import EngineHooks, FlowConfig
from ivrkit.flow.model.state import Owner, State
from ivrkit.flow.run.sandbox import PLUGIN_ERRORS
from ivrkit.hookspecs import OBSERVING_HOOKS
from ivrkit.plugins.entry_points import PLUGINS_GROUP, STATES_GROUP, EntryPoint, extra_entry_points, find_entry_points
from ivrkit.plugins.files import PluginFiles
from ivrkit.plugins.hook_calls import HookImpl, choose_start_by, edit_response_by, failed_by
from ivrkit.plugins.hook_registry import HookRegistry
from ivrkit.plugins.languages import faults_of_texts, languages_of, over, problems_of, startup_warnings_of
from ivrkit.plugins.loaded import InstalledPlugins, LoadedTree, Plugin
from ivrkit.plugins.plugin_settings import SettingsOfPlugins
from ivrkit.plugins.problems import describe_error, fix_or_leave_out, hint_of, plugin_problem
from ivrkit.plugins.selection import Selection
from ivrkit.plugins.state_kinds import StateKinds
from ivrkit.plugins.stores import Stores
from ivrkit.plugins.translations import TranslationFiles
from ivrkit.settings import Settings
from ivrkit.settings.names import normal_name

#: How a class or function is written that makes a plugin.
_MAKES = "its parameters are annotated with ivrkit.Settings or the plugin's own dataclass of settings"


class Loader:
    """One loading: ``problems`` and ``offers`` collect what is found on the way."""

    def __init__(self, settings: Settings, extra: Mapping[str, object]) -> None:
        self.settings = settings
        self.blocked = {normal_name(name) for name in settings.block}
        self.problems = Problems()
        self.kinds = StateKinds(self.problems)
        self.stores = Stores(self.problems)
        self.files = PluginFiles(settings, self.kinds, self.problems)
        self.points = [*find_entry_points(), *self.files.points(), *extra_entry_points(extra)]
        self.registry = HookRegistry(self.problems)
        self.packages: dict[Owner, set[str]] = {}
        for point in self.points:
            if not self._is_blocked(point):
                self.packages.setdefault(point.owner, set()).add(point.package)
        self.of_plugins = SettingsOfPlugins(settings, self.packages, self.problems)
        self.offers = Selection(settings, self.of_plugins, self.blocked, self._may_be_blocked, self.problems)

    def load(self) -> LoadedTree:
        """Go the whole way of loading."""
        for point in self.points:
            if not self._is_blocked(point):
                self._import(point)
        self.registry.remove_unknown_hooks()
        for caller in reversed(self.registry.callers("ivrkit_declare_settings")):
            self._declare_settings(caller)
        for offers in (self.stores, self.kinds):
            for caller in reversed(self.registry.callers(offers.hook)):
                self._register(offers, caller)
        for caller in reversed(self.registry.callers("ivrkit_register_states")):
            self._register_states(caller)
        faulty = {normal_name(problem.owner) for problem in self.problems}
        owners = list(self.packages)
        self.of_plugins.refuse_unread(owners, lambda name: name in self.blocked or name in faulty)
        flow = self._compile(self._edited(self.offers.chosen()))
        if flow is None or (self.problems and self.settings.strict):
            raise LoadError(self.problems)
        observers = {hook: callers for hook in OBSERVING_HOOKS.values() if (callers := self.registry.callers(hook))}
        startup_warnings = (
            *flow.startup_warnings,
            *startup_warnings_of(flow.config.languages),
            *self._unknown_blocks(),
        )
        served = [each.state for each in flow.states.values()]
        plugins = tuple(self._plugins(served))
        return LoadedTree(
            flow, plugins, tuple(self.problems), observers, startup_warnings, self.of_plugins.all(), self.stores.all()
        )

    def found(self) -> InstalledPlugins:
        """Return what there is, whether or not it can be served."""
        try:
            self.load()
        except LoadError as error:
            self.problems.add(*error.problems)
            can_start = False
        else:
            can_start = True
        states = self.offers.states()
        return InstalledPlugins(
            settings=self.of_plugins.all(),
            state_names=self.offers.names(),
            problems=tuple(self.problems),
            can_start=can_start,
            plugins=tuple(self._plugins(states)),
            states=states,
            kinds=self.kinds.all(),
            stores=self.stores.all(),
        )

    def _is_blocked(self, point: EntryPoint) -> bool:
        return normal_name(point.owner.plugin) in self.blocked

    def _may_be_blocked(self, state: str) -> bool:
        """Return whether a blocked plugin offers a state, or has a hook by which it might."""
        left_out = [point for point in self.points if self._is_blocked(point)]
        return any(point.group == PLUGINS_GROUP or point.name == state for point in left_out)

    def _import(self, point: EntryPoint) -> None:
        """Import what an entry point names, and take it in."""
        try:
            found = point.load()
        except PLUGIN_ERRORS as error:
            message = f"its {point.source} {point} can't be imported: {describe_error(error)}"
            self.problems.add(plugin_problem(point.owner, message, fix_or_leave_out(error, point.owner)))
            if point.group == STATES_GROUP:
                self.offers.miss(point.owner, point.name)
        else:
            if point.group == STATES_GROUP:
                self.offers.take(point.owner, point.name, found, f"the entry point {point.name!r}")
            else:
                self._register_hooks(point, found)

    def _register_hooks(self, point: EntryPoint, found: object) -> None:
        """Take in a plugin with hooks; a class or function makes one of the settings that it asks for."""
        try:
            if inspect.isclass(found) or inspect.isfunction(found):
                arguments = self.of_plugins.arguments(found, point.owner, _MAKES)
                if arguments is None:
                    return
                found = found(*arguments)
        except PLUGIN_ERRORS as error:
            message = f"its {point.source} {point} made no plugin: {describe_error(error)}"
            self.problems.add(plugin_problem(point.owner, message, fix_or_leave_out(error, point.owner)))
            return
        self.registry.register(point, found)

    def _declare_settings(self, caller: HookImpl) -> None:
        """Read the settings that a plugin declares by its hook."""
        try:
            self.of_plugins.declare(caller({}), caller.owner)
        except PLUGIN_ERRORS as error:
            message = f"its hook {caller.hook} failed: {describe_error(error)}"
            self.problems.add(plugin_problem(caller.owner, message, hint_of(error, caller.owner)))

    def _register(self, offers: StateKinds | Stores, caller: HookImpl) -> None:
        """Take in the kinds of states that a plugin offers for tables, or the stores for calls."""
        try:
            offers.take(caller.owner, caller({}))
        except PLUGIN_ERRORS as error:
            message = f"its hook {caller.hook} failed: {describe_error(error)}"
            self.problems.add(plugin_problem(caller.owner, message, hint_of(error, caller.owner)))

    def _register_states(self, caller: HookImpl) -> None:
        """Take in the states that a plugin offers by its hook."""
        try:
            settings = self._settings_for(caller)
            if settings is None:
                return
            found = caller({"settings": settings})
            if not isinstance(found, Mapping):
                raise IvrkitError(f"it returned {found!r}", hint="return a dict: name -> State")
            offered = list(found.items())
        except PLUGIN_ERRORS as error:
            message = f"its hook {caller.hook} failed: {describe_error(error)}"
            self.problems.add(plugin_problem(caller.owner, message, hint_of(error, caller.owner)))
        else:
            for name, each in offered:
                self.offers.take(caller.owner, str(name), each, f"{str(name)!r} of its hook {caller.hook}")

    def _settings_for(self, caller: HookImpl) -> Any:
        """Return the settings that the annotation of a hook's argument asks for, ``None`` when they have problems."""
        if "settings" not in caller.arguments:
            return self.settings
        given = self.of_plugins.arguments(caller.function, caller.owner, "annotate it with Settings, or your own")
        return given[0] if given else None

    def _edited(self, states: Iterable[State]) -> Iterator[State]:
        """Return the states as the plugins edit them; an edit that fails is left out."""
        callers = self.registry.callers("ivrkit_edit_state")
        for state in states:
            edited = state
            for caller in callers:
                try:
                    answer = caller({"state": edited})
                    if not isinstance(answer, State | None):
                        raise IvrkitError(f"it returned {answer!r}", hint="return a State, or None to leave it")
                    if answer is not None:
                        edited = replace(answer, name=state.name, owner=state.owner, parent=state.parent)
                except PLUGIN_ERRORS as error:
                    message = f"its hook {caller.hook} failed for {state.name!r}: {describe_error(error)}"
                    self.problems.add(plugin_problem(caller.owner, message, hint_of(error, caller.owner)))
            yield edited

    def _compile(self, states: Iterable[State]) -> CallFlow | None:
        """Return the call flow, ``None`` when there can be none; without ``strict``, the states with problems left out.

        With ``strict``, a state that could not be imported still counts as a target, so that one broken import is
        told once, and not again by everything that leads there.
        """
        kept = {state.name: state for state in (*(self.offers.missing if self.settings.strict else ()), *states)}
        rules = self._rules()
        hooks = EngineHooks(
            edit_response_by(self.registry.callers("ivrkit_edit_response")),
            failed_by(self.registry.callers("ivrkit_state_failed"), kept.keys()),
            choose_start_by(
                self.registry.callers("ivrkit_choose_start"),
                kept.keys(),
                rules.languages_by_tag(),
                rules.max_data_bytes,
            ),
        )
        while True:
            try:
                return compile_flow(kept.values(), rules, hooks)
            except LoadError as error:
                self.problems.add(*error.problems)
                broken = {problem.state for problem in error.problems} & kept.keys()
                if self.settings.strict or not broken:
                    return None
                for name in broken:
                    del kept[str(name)]

    def _rules(self) -> FlowConfig:
        """Return the rules of the flow, with the plugins' catalogues in every language that calls are held in."""
        decided = {name: each.texts for name, each in self.settings.states.items() if each.texts}
        own = {
            **self.files.texts,
            **{name: over(self.files.texts.get(name, {}), each) for name, each in decided.items()},
        }
        self.problems.add(*problems_of(self.settings, own), *faults_of_texts(own))
        languages = tuple(languages_of(self.settings, TranslationFiles(self.packages, self.problems), own))
        return replace(self.settings.flow_config(), languages=languages)

    def _unknown_blocks(self) -> Iterator[Problem]:
        found = {normal_name(point.owner.plugin) for point in self.points}
        for name in self.settings.block:
            if normal_name(name) not in found:
                message = f"block names {name!r}, which is not installed{nearest(name, found)}"
                yield Problem(message, level="warning")

    def _plugins(self, having: Sequence[State]) -> Iterator[Plugin]:
        """Return every plugin that was found, with those of some states that are its own."""
        for owner, source in {point.owner: point.source for point in self.points}.items():
            states = tuple(state.name for state in having if state.owner == owner)
            faulty = any(problem.owner == owner.plugin for problem in self.problems)
            status = "blocked" if normal_name(owner.plugin) in self.blocked else "faulty" if faulty else "loaded"
            yield Plugin(owner, status, states, self.registry.hooks_of(owner), source)
