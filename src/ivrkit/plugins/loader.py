"""The loader: it loads the entry points and files of plugins, and compiles the call flow.

All problems are collected, each with its plugin and a hint. At the end of loading, one error reports all problems.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ivrkit.errors import IvrkitError, LoadError, Problems
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.compile.compiler import compile_flow
from ivrkit.flow.compile.flow_config import EngineHooks, FlowConfig
from ivrkit.flow.model.state import CORE_PLUGIN, Owner, State
from ivrkit.hookspecs import OBSERVING_HOOKS
from ivrkit.plugin_errors import describe_error, describe_value, plugin_errors
from ivrkit.plugins.blocked import blocked_plugins, warn_of_unknown_blocks
from ivrkit.plugins.distributions import PLUGINS_GROUP, STATES_GROUP
from ivrkit.plugins.entry_points import EntryPoint, extra_entry_points, find_entry_points
from ivrkit.plugins.files import PluginFiles
from ivrkit.plugins.hook_calls import HookImpl, make_choose_start, make_edit_response, make_state_failed
from ivrkit.plugins.hook_registry import CLEAN_UP_HOOK, HookRegistry
from ivrkit.plugins.languages import (
    check_languages,
    check_state_texts,
    make_languages,
    merge_text_overrides,
    untranslated_core_texts,
)
from ivrkit.plugins.loaded import InstalledPlugins, LoadedTree, Plugin
from ivrkit.plugins.loading_watch import LoadingWatch
from ivrkit.plugins.plugin_settings import PluginSettingsReader
from ivrkit.plugins.problems import describe_with_location, fix_or_leave_out, hint_of, plugin_problem
from ivrkit.plugins.safe_mode import SafeFlowMaker, is_safe, safe_settings
from ivrkit.plugins.selection import Selection
from ivrkit.plugins.state_kinds import StateKinds
from ivrkit.plugins.stores import Stores
from ivrkit.plugins.trace import enable_trace
from ivrkit.plugins.translations import PluginTranslations
from ivrkit.settings import Settings
from ivrkit.settings.names import normal_name

_PLUGIN_CLASS_HINT = "annotate its parameters with ivrkit.Settings or the plugin's own dataclass of settings"
_SETTINGS_ARGUMENT_HINT = "annotate it with ivrkit.Settings or the plugin's own dataclass of settings"


class Loader:
    """One run of loading. It collects the problems of all plugins in the attribute ``problems``.

    :meth:`load` has these steps. Each step needs the results of the steps before it:

    1. Import the entry points and files of all plugins that are not blocked. Register the plugins with hooks.
    2. Remove plugins that implement unknown hooks.
    3. Read the settings that plugins declare by ``ivrkit_declare_settings``.
    4. Collect the stores and the state kinds. Then collect the states, because state kinds make the TOML states.
    5. Report the tables ``[plugins.NAME]`` that no plugin has read.
    6. Select one state for each name, and apply the tables ``[states.NAME]``.
    7. Let plugins edit the states by ``ivrkit_edit_state``.
    8. Compile the states. If the setting ``strict`` is false, leave out the states with problems and compile again.

    :param settings: the settings of the core.
    :param extra: name -> plugin object of the host's own code.
    """

    def __init__(self, settings: Settings, extra: Mapping[str, object]) -> None:
        if settings.trace:
            enable_trace()
        self.watch = LoadingWatch()
        self.given_settings = settings
        self.settings = settings = safe_settings(settings) if settings.safe else settings
        self.problems = Problems()
        self.kinds = StateKinds(self.problems)
        self.stores = Stores(self.problems)
        # The state kinds are still empty here. The files keep the collection and read it in step 4.
        self.files = PluginFiles(settings, self.kinds, self.problems)
        damage = Problems()
        installed = find_entry_points(damage)
        self.distributions = {*(point.owner.plugin for point in installed), *(problem.owner for problem in damage)}
        self.blocked = blocked_plugins(settings, self.distributions, self.problems)
        # A damaged distribution that is blocked needs no fix.
        if not settings.safe:
            self.problems.add(*(problem for problem in damage if normal_name(problem.owner) not in self.blocked))
        self.points = [*installed, *self.files.entry_points(), *extra_entry_points(extra)]
        self.registry = HookRegistry(self.problems)
        # Blocked plugins are left out, so that neither their translations nor their settings are read.
        self.packages: dict[Owner, set[str]] = {}
        for point in self.points:
            if not self._is_blocked(point):
                self.packages.setdefault(point.owner, set()).add(point.package)
        self.plugin_settings = PluginSettingsReader(settings, self.packages, self.problems)
        self.selection = Selection(
            settings, self.plugin_settings, self.blocked, self._may_be_of_blocked_plugin, self.problems
        )

    def load(self) -> LoadedTree:
        """Load all plugins, and return the phone tree.

        :raises LoadError: if a plugin has a problem while the setting ``strict`` is true, or if no phone tree can be
            served.
        """
        with self.watch.watching():
            return self._load()

    def _load(self) -> LoadedTree:
        # 1. A failed import is recorded, so that one start reports the problems of all plugins.
        for point in self.points:
            if not self._is_blocked(point):
                with self.watch.step(point.owner, f"importing its {point}"):
                    self._import(point)
        # 2. This comes before any hook call, because a plugin with a misspelled hook must not run with its other hooks.
        self.registry.remove_unknown_hooks()
        # 3. This hook is for plugins without a function that takes settings. Their settings are not read anywhere else.
        for impl in self._in_loading_order("ivrkit_declare_settings"):
            with self._recording_failure(impl):
                self.plugin_settings.declare(impl({}), impl.owner)
        # 4. Before the states, because a TOML file may use a state kind of a plugin that is loaded later.
        for collection in (self.stores, self.kinds):
            for impl in self._in_loading_order(collection.hook):
                with self._recording_failure(impl):
                    collection.add(impl.owner, impl({}))
        for impl in self._in_loading_order("ivrkit_register_states"):
            self._register_states(impl)
        # 5. After the states, because the function of a state may be the first to ask for the settings of its plugin.
        # A plugin with a problem may have failed before it asked for its settings.
        excused = {*self.blocked, *(normal_name(problem.owner) for problem in self.problems)}
        self.plugin_settings.report_unused_tables(list(self.packages), lambda name: name in excused)
        # 6. to 8. Plugins edit the selected states only, with the tables of the settings already applied.
        states = self._edit(self.selection.select())
        flow = self._compile_safe_flow(states) if self.settings.safe else self._compile(states)
        if flow is None or (self.problems.errors and self.settings.strict):
            raise LoadError(self.problems.errors)
        self.problems.add(*flow.startup_warnings, *untranslated_core_texts(flow.config.languages))
        plugins = {*self.distributions, *(point.owner.plugin for point in self.points)}
        warn_of_unknown_blocks(self.settings, plugins, self.problems)
        return LoadedTree(
            flow=flow,
            plugins=self._plugins([compiled.state for compiled in flow.states.values()]),
            problems=self.problems.errors,
            observers={hook: impls for hook in OBSERVING_HOOKS.values() if (impls := self.registry.hook_impls(hook))},
            startup_warnings=self.problems.warnings,
            settings=self.plugin_settings.all(),
            stores=self.stores.all(),
            safe=self.settings.safe,
        )

    def list_installed(self) -> InstalledPlugins:
        """Return all installed plugins and states, including plugins and states that cannot be served."""
        try:
            self.load()
        except LoadError:
            can_start = False
        else:
            can_start = True
        states = self.selection.offered_states()
        return InstalledPlugins(
            settings=self.plugin_settings.all(),
            state_names=self.selection.state_names(),
            problems=self.problems.errors,
            can_start=can_start,
            plugins=self._plugins(states),
            states=states,
            kinds=self.kinds.all(),
            stores=self.stores.all(),
        )

    def _is_blocked(self, point: EntryPoint) -> bool:
        return normal_name(point.owner.plugin) in self.blocked or (self.settings.safe and not is_safe(point))

    def _may_be_of_blocked_plugin(self, state: str) -> bool:
        """Return whether a plugin that the settings ``block`` and ``allow`` leave out may offer a state.

        The hooks of such a plugin are not called, so a blocked plugin with hooks may offer a state of any name.

        :param state: the name of the state.
        """
        blocked = [point for point in self.points if self._is_blocked(point)]
        return any(point.group == PLUGINS_GROUP or point.name == state for point in blocked)

    def _in_loading_order(self, hook: str) -> Iterator[HookImpl]:
        """Return the implementations of a hook, in the order in which their plugins were loaded.

        pluggy itself calls the implementations in the reverse order.
        """
        return reversed(self.registry.hook_impls(hook))

    @contextmanager
    def _recording_failure(self, impl: HookImpl, where: str = "") -> Iterator[None]:
        """Record an error that the ``with`` block raises as a problem of a plugin. The error is not raised again.

        :param impl: the hook implementation that the ``with`` block calls.
        :param where: more words for the message, such as ``" for 'menu'"``.
        """
        try:
            with self.watch.step(impl.owner, f"running its hook {impl.hook}{where}"):
                yield
        except plugin_errors() as error:
            message = f"its hook {impl.hook} failed{where}: {describe_error(error)}"
            self.problems.add(plugin_problem(impl.owner, message, hint_of(error, impl.owner)))

    def _import(self, point: EntryPoint) -> None:
        """Import the object that an entry point names. Add the object as a state, or register it as a plugin."""
        try:
            found = point.load()
        except plugin_errors() as error:
            message = f"its {point} cannot be imported: {describe_with_location(error, point.package)}"
            self.problems.add(plugin_problem(point.owner, message, fix_or_leave_out(error, point.owner)))
            if point.group == STATES_GROUP:
                self.selection.add_missing(point.owner, point.name)
            return
        if point.group == STATES_GROUP:
            self.selection.add(point.owner, point.name, found, f"the entry point {point.name!r}")
        else:
            self._register_plugin(point, found)

    def _register_plugin(self, point: EntryPoint, found: object) -> None:
        """Register an imported object as a plugin with hooks.

        If the object is a class or a function, it is called first, and its result is registered.
        """
        try:
            # Any other object is a plugin already, even if it can be called.
            if inspect.isclass(found) or inspect.isfunction(found):
                arguments = self.plugin_settings.arguments(found, point.owner, _PLUGIN_CLASS_HINT)
                if arguments is None:
                    return
                found = found(*arguments)
        except plugin_errors() as error:
            message = f"its {point} cannot make a plugin: {describe_error(error)}"
            self.problems.add(plugin_problem(point.owner, message, fix_or_leave_out(error, point.owner)))
            return
        self.registry.register(point, found)

    def _register_states(self, impl: HookImpl) -> None:
        """Add the states that a plugin offers by ``ivrkit_register_states``."""
        offered: list[tuple[Any, Any]] = []
        with self._recording_failure(impl):
            settings = self._settings_for(impl)
            if settings is None:
                return
            states = impl({"settings": settings})
            if not isinstance(states, Mapping):
                raise IvrkitError(
                    f"it must return a dict, not {describe_value(states)}", hint="return a dict: name -> State"
                )
            # A plugin's own Mapping may fail here. The states are added below, where each problem names its state.
            offered.extend(states.items())
        with self.watch.step(impl.owner, "making its states"):
            for name, state in offered:
                self.selection.add(impl.owner, str(name), state, f"{str(name)!r} of its hook {impl.hook}")

    def _settings_for(self, impl: HookImpl) -> Any:
        """Return the argument ``settings`` for a hook implementation, or ``None`` if the settings have problems."""
        # The function does not take the argument, so any value except None is right.
        if "settings" not in impl.arguments:
            return self.settings
        arguments = self.plugin_settings.arguments(impl.function, impl.owner, _SETTINGS_ARGUMENT_HINT)
        return arguments[0] if arguments else None

    def _edit(self, states: Iterable[State]) -> list[State]:
        """Return all states after the plugins have edited them by ``ivrkit_edit_state``.

        If a hook implementation fails for a state, the state stays as it was before this implementation.
        """
        impls = self.registry.hook_impls("ivrkit_edit_state")
        edited_states = []
        for state in states:
            edited = state
            for impl in impls:
                with self._recording_failure(impl, f" for {state.name!r}"):
                    answer = impl({"state": edited})
                    if not isinstance(answer, State | None):
                        hint = "return the edited State, or None to keep it"
                        raise IvrkitError(f"it must return a State or None, not {describe_value(answer)}", hint=hint)
                    if answer is not None:
                        # The next plugin edits this result. Name and owner stay, because they are selected already.
                        edited = replace(answer, name=state.name, owner=state.owner, parent=state.parent)
            edited_states.append(edited)
        return edited_states

    def _compile(self, states: Iterable[State]) -> CallFlow | None:
        """Return the call flow of the states, or ``None`` if the states cannot be compiled.

        If the setting ``strict`` is false, states with problems are left out. If ``strict`` is true, a state that could
        not be imported is still a valid target, so that no further problems are reported for the states that lead to
        this state.
        """
        missing = self.selection.missing if self.settings.strict else ()
        # The missing states come first, so that a state of another plugin with the same name replaces the placeholder.
        kept = {state.name: state for state in (*missing, *states)}
        config = self._flow_config()
        # The hooks look up names in the view `kept.keys()`, so they never send a caller to a state that was left out.
        hooks = EngineHooks(
            make_edit_response(self.registry.hook_impls("ivrkit_edit_response")),
            make_state_failed(
                self.registry.hook_impls("ivrkit_state_failed"), kept.keys(), self.registry.hook_impls(CLEAN_UP_HOOK)
            ),
            make_choose_start(
                self.registry.hook_impls("ivrkit_choose_start"),
                kept.keys(),
                config.languages_by_tag(),
                config.max_data_bytes,
            ),
        )
        while True:
            try:
                return compile_flow(kept.values(), config, hooks)
            except LoadError as error:
                self.problems.add(*error.problems)
                broken = {problem.state for problem in error.problems} & kept.keys()
                if self.settings.strict or not broken:
                    return None
                # Removing these breaks the states that lead to them, so compiling is repeated until no problem is left.
                for name in broken:
                    del kept[str(name)]

    def _compile_safe_flow(self, states: Iterable[State]) -> CallFlow | None:
        """Return the call flow of safe mode, or ``None`` if not even the core's states can be compiled."""
        core = next(point.owner for point in self.points if point.owner.plugin == CORE_PLUGIN)
        maker = SafeFlowMaker(self.given_settings, self._flow_config(), self.kinds.all(), core, self.problems)
        return maker.make(states)

    def _flow_config(self) -> FlowConfig:
        """Return the settings of the call flow, including the languages of calls and the plugins' translations."""
        text_overrides = dict(self.files.text_overrides)
        for name, table in self.settings.states.items():
            if table.texts:
                text_overrides[name] = merge_text_overrides(text_overrides.get(name, {}), table.texts)
                self.problems.add(*check_state_texts(name, table.texts, self.settings.location))
        self.problems.add(*check_languages(self.settings))
        translations = PluginTranslations(self.packages, self.problems)
        languages = make_languages(self.settings, translations, text_overrides)
        return replace(self.settings.flow_config(), languages=tuple(languages))

    def _plugins(self, states: Sequence[State]) -> tuple[Plugin, ...]:
        """Return all plugins with their status, states and hooks.

        :param states: the states to list, of all plugins.
        """
        faulty = {problem.owner for problem in self.problems.errors}
        plugins = []
        # A plugin may have several entry points, and is still listed once.
        for owner, point in {point.owner: point for point in self.points}.items():
            blocked = self._is_blocked(point)
            plugins.append(
                Plugin(
                    owner,
                    status="blocked" if blocked else "faulty" if owner.plugin in faulty else "loaded",
                    states=tuple(state.name for state in states if state.owner == owner),
                    hooks=self.registry.hooks_of(owner),
                    source=point.source,
                )
            )
        return tuple(plugins)
