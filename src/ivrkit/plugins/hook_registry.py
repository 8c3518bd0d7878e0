"""Keeps the plugins with hooks, and who owns each. What pluggy would take and mislead with is refused."""

from __future__ import annotations

import inspect

import pluggy

from ivrkit import hookspecs
from ivrkit.errors import IvrkitError, Problems, nearest
from ivrkit.flow.model.state import Owner
from ivrkit.flow.run.sandbox import PLUGIN_ERRORS
from ivrkit.plugins.entry_points import EntryPoint
from ivrkit.plugins.hook_calls import HookImpl, hook_impls_of
from ivrkit.plugins.problems import describe_error, fix_or_leave_out, plugin_problem


class HookRegistry:
    """The plugins with hooks, each by the name of its entry point. Every app has one of its own.

    :param problems: where problems are collected.
    """

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._owners: dict[str, Owner] = {}
        self._points: dict[str, EntryPoint] = {}

    def callers(self, hook: str) -> tuple[HookImpl, ...]:
        """Return the implementations of a hook in the order in which they are called."""
        return hook_impls_of(self._manager, hook, self._owners)

    def hooks_of(self, owner: Owner) -> tuple[str, ...]:
        """Return the hooks that the plugins of an owner implement."""
        mine = [plugin for name, plugin in self._manager.list_name_plugin() if self._owners.get(name) == owner]
        return tuple(sorted({hook.name for plugin in mine for hook in self._manager.get_hookcallers(plugin) or ()}))

    def register(self, point: EntryPoint, plugin: object) -> None:
        """Register a plugin, or record why not; what pluggy rejects is not left half in (1.5 and 1.6 would).

        :param point: its entry point.
        :param plugin: the module or object.
        """
        name, owner, described = point.name, point.owner, f"{point.source} {point}"
        if name in self._owners:
            same = self._owners[name].plugin == owner.plugin
            message = f"its {described} has the name of one of plugin {self._owners[name]}"
            leave_one_out = f'leave one out in ivrkit.toml:  block = ["{owner.plugin}"]'
            hint = "give one of the two another name" if same else leave_one_out
            self._problems.add(plugin_problem(owner, message, hint, point.location))
            return
        self._owners[name] = owner
        self._points[name] = point
        try:
            self._refuse_object(name, plugin)
            self._manager.register(plugin, name=name)
            self._refuse_functions(plugin)
        except PLUGIN_ERRORS as error:
            message = " ".join(describe_error(error).split())
            self._problems.add(
                plugin_problem(owner, f"its {described} is refused: {message}", fix_or_leave_out(error, owner))
            )
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)

    def _refuse_object(self, name: str, plugin: object) -> None:
        """Refuse what pluggy would take and mislead with, or refuse with words of its own insides."""
        if plugin is None:
            raise IvrkitError("it is None", hint="name a module or object with functions marked @ivrkit.hookimpl")
        if not name:
            raise IvrkitError("it has no name", hint="give the entry point a name")
        for other, known in self._manager.list_name_plugin():
            if known is plugin:
                raise IvrkitError(
                    f"it is what the entry point {other!r} of plugin {self._owners[other]} names already",
                    hint="keep one of the two",
                )

    def _refuse_functions(self, plugin: object) -> None:
        """Refuse functions that would not be called as their author means."""
        marked = {hook.name for hook in self._manager.get_hookcallers(plugin) or ()}
        for name in dir(plugin):
            if name.startswith("ivrkit_") and name not in marked and callable(getattr(plugin, name)):
                raise IvrkitError(
                    f"its {name} is not marked, so nobody would call it",
                    hint="mark it @ivrkit.hookimpl, or give it another name",
                )
        for hook in self._manager.get_hookcallers(plugin) or ():
            for each in hook.get_hookimpls():
                if each.plugin is not plugin:
                    continue
                if each.hookwrapper or each.wrapper:
                    raise IvrkitError(
                        f"its {hook.name} is a hook wrapper, and each plugin is called by itself",
                        hint="mark it @ivrkit.hookimpl, without wrapper=True or hookwrapper=True",
                    )
                if inspect.iscoroutinefunction(each.function):
                    raise IvrkitError(
                        f"its {hook.name} is an async function, and nobody would await it",
                        hint="hooks are plain functions: write def, not async def",
                    )

    def remove_unknown_hooks(self) -> None:
        """Remove every plugin with hooks that do not exist, and record them all; pluggy's check_pending() names one."""
        known = [each for each in vars(hookspecs) if each.startswith("ivrkit_")]
        for name, plugin in self._manager.list_name_plugin():
            unknown = [
                hook.name
                for hook in self._manager.get_hookcallers(plugin) or ()
                if not hook.has_spec()
                and any(each.plugin is plugin and not each.optionalhook for each in hook.get_hookimpls())
            ]
            described = f"{self._points[name].source} {self._points[name]}"
            for each in unknown:
                message = f"its {described} implements {each!r}, which is no hook{nearest(each, known)}"
                self._problems.add(plugin_problem(self._owners[name], message, f"the hooks are: {', '.join(known)}"))
            if unknown:
                self._manager.unregister(name=name)
