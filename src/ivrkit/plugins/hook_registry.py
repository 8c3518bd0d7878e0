"""The hook registry: the registered plugins with hooks. It rejects some mistakes that pluggy would not notice."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace

import pluggy

from ivrkit import hookspecs
from ivrkit.errors import IvrkitError, Problems, nearest
from ivrkit.flow.model.state import Owner
from ivrkit.plugin_errors import describe_error, describe_value, plugin_errors
from ivrkit.plugins.entry_points import EntryPoint
from ivrkit.plugins.hook_calls import HookImpl, find_hook_impls
from ivrkit.plugins.problems import fix_or_leave_out, plugin_problem
from ivrkit.settings.names import use_one_of

#: The hook that is called after a failure of any code of a plugin in a call.
CLEAN_UP_HOOK = "ivrkit_clean_up"


#: The kinds of parameters to which pluggy passes no argument.
_UNUSABLE: Mapping[inspect._ParameterKind, str] = {
    inspect.Parameter.KEYWORD_ONLY: "is keyword-only",
    inspect.Parameter.VAR_POSITIONAL: "takes any number of arguments",
    inspect.Parameter.VAR_KEYWORD: "takes any names",
}


class HookRegistry:
    """The registered plugins with hooks, by the names of their entry points. Each app has its own registry.

    :param problems: the collection to which problems are added.
    """

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        # A rejected plugin keeps its name, so that a second plugin of that name is reported as well.
        self._points: dict[str, EntryPoint] = {}

    def hook_impls(self, hook: str) -> tuple[HookImpl, ...]:
        """Return the implementations of a hook in the order in which they are called."""
        owners = {name: point.owner for name, point in self._points.items()}
        clean_ups = find_hook_impls(self._manager, CLEAN_UP_HOOK, owners)
        found = find_hook_impls(self._manager, hook, owners)
        # If a clean-up fails itself, there is nothing that could clean up after it.
        return found if hook == CLEAN_UP_HOOK else tuple(replace(impl, clean_ups=clean_ups) for impl in found)

    def hooks_of(self, owner: Owner) -> tuple[str, ...]:
        """Return the sorted names of the hooks that a plugin implements."""
        plugins = [plugin for name, plugin in self._manager.list_name_plugin() if self._owner(name) == owner]
        return tuple(sorted({hook.name for plugin in plugins for hook in self._hookcallers(plugin)}))

    def register(self, point: EntryPoint, plugin: object) -> None:
        """Register a plugin. If a check rejects the plugin, record a problem instead.

        :param point: the entry point of the plugin.
        :param plugin: the module or object that has the hook implementations.
        """
        owner = point.owner
        other = self._points.setdefault(point.name, point)
        if other is not point:
            message = f"its {point} has the same name as an entry point of plugin {other.owner}"
            leave_one_out = f'leave one out in ivrkit.toml:  block = ["{owner.plugin}"]'
            hint = "rename one of the two" if other.owner.plugin == owner.plugin else leave_one_out
            self._problems.add(plugin_problem(owner, message, hint, point.location))
            return
        try:
            self._check_object(point.name, plugin)
            # pluggy has to parse the marks first, so the functions are checked only after the registration.
            self._manager.register(plugin, name=point.name)
            self._check_functions(plugin)
        except plugin_errors() as error:
            message = f"its {point} cannot be registered: {describe_error(error)}"
            self._problems.add(plugin_problem(owner, message, fix_or_leave_out(error, owner)))
            # pluggy 1.5 and 1.6 keep a plugin that they reject half registered.
            if self._manager.has_plugin(point.name):
                self._manager.unregister(name=point.name)

    def remove_unknown_hooks(self) -> None:
        """Remove each plugin that implements an unknown hook, and record a problem for each unknown hook.

        The method ``check_pending()`` of pluggy does the same check, but stops at the first problem.
        """
        known = [name for name in vars(hookspecs) if name.startswith("ivrkit_")]
        for name, plugin in self._manager.list_name_plugin():
            unknown = [
                hook.name
                for hook in self._hookcallers(plugin)
                # pluggy accepts an unknown hook, because its specification might be added later.
                if not hook.has_spec()
                # Plugins with the same unknown hook share one HookCaller, so its other implementations are skipped.
                and any(impl.plugin is plugin and not impl.optionalhook for impl in hook.get_hookimpls())
            ]
            for hook in unknown:
                point = self._points[name]
                message = f"its {point} implements {hook!r}, which is not a hook{nearest(hook, known)}"
                self._problems.add(plugin_problem(point.owner, message, use_one_of(known)))
            if unknown:
                self._manager.unregister(name=name)

    def _owner(self, name: str) -> Owner:
        return self._points[name].owner

    def _hookcallers(self, plugin: object) -> list[pluggy.HookCaller]:
        # pluggy returns None for a plugin that is not registered.
        return self._manager.get_hookcallers(plugin) or []

    def _check_object(self, name: str, plugin: object) -> None:
        """Reject ``None``, an empty name, and an object that is already registered.

        pluggy would accept some of these by mistake, and would reject others with an unclear message.

        :raises IvrkitError: if the object is rejected.
        """
        # pluggy ignores None without an error.
        if plugin is None:
            hint = "name a module or an object with functions marked @ivrkit.hookimpl"
            raise IvrkitError("it must be a module or an object, not None", hint=hint)
        # pluggy compares plugins with ==, so the problem of such a plugin would be reported for other plugins.
        if plugin == object():
            raise IvrkitError("it must be equal to no other object", hint="remove its method __eq__")
        # pluggy makes up a name for an empty one, and the plugin's owner could not be found by it.
        if not name:
            raise IvrkitError("it has no name", hint="name the entry point")
        # The message of pluggy would print all registered plugins.
        for other, registered in self._manager.list_name_plugin():
            if registered is plugin:
                raise IvrkitError(
                    f"the entry point {other!r} of plugin {self._owner(other)} names the same object",
                    hint="remove one of the two",
                )

    def _check_functions(self, plugin: object) -> None:
        """Reject a plugin without hook implementations, and functions that would not be called as their author expects.

        These are functions without the decorator ``@ivrkit.hookimpl``, hook wrappers, async functions, generator
        functions, and functions with parameters that get no argument.

        :raises IvrkitError: if the plugin is rejected.
        """
        marked = {hook.name for hook in self._hookcallers(plugin)}
        # pluggy skips a function without the mark, so a forgotten mark would go unnoticed.
        for name in dir(plugin):
            if name.startswith("ivrkit_") and name not in marked and callable(getattr(plugin, name)):
                raise IvrkitError(
                    f"its {name} is not marked as a hook implementation, so it is never called",
                    hint="mark it @ivrkit.hookimpl, or rename it",
                )
        for hook in self._hookcallers(plugin):
            for impl in hook.get_hookimpls():
                if impl.plugin is not plugin:
                    continue
                if impl.hookwrapper or impl.wrapper:
                    raise IvrkitError(
                        f"its {hook.name} must not be a hook wrapper, because each plugin is called alone",
                        hint="mark it @ivrkit.hookimpl, without wrapper=True or hookwrapper=True",
                    )
                _check_function(hook.name, impl.function)
        if not marked:
            raise IvrkitError(
                f"it must have a hook implementation, and {describe_value(plugin)} has none",
                hint="name a module or an object with functions marked @ivrkit.hookimpl",
            )


def _check_function(hook: str, function: Callable[..., object]) -> None:
    """Reject a function that ivrkit would call in another way than its author expects.

    :param hook: the name of the hook.
    :param function: the hook implementation.
    :raises IvrkitError: if the function is rejected.
    """
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        message = f"its {hook} must be a plain function, not an async function"
        raise IvrkitError(message, hint="write def, not async def")
    # A generator function returns at once, so its code would never run.
    if inspect.isgeneratorfunction(function):
        raise IvrkitError(f"its {hook} must be a plain function, not a generator", hint="write return, not yield")
    for parameter in inspect.signature(function).parameters.values():
        reason = _UNUSABLE.get(parameter.kind) or ("has a default" if parameter.default is not parameter.empty else "")
        if reason:
            raise IvrkitError(
                f"the parameter {parameter.name!r} of its {hook} {reason}, so it would get no argument",
                hint="name only arguments of the hook, without *, ** and defaults",
            )
