"""The settings of plugins: each a dataclass of the plugin's own, read from ``[plugins.NAME]``."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ivrkit.errors import IvrkitError, Problems, nearest
from ivrkit.flow.model.state import Owner
from ivrkit.flow.run.sandbox import PLUGIN_ERRORS
from ivrkit.plugins.problems import describe_error, leave_out, plugin_problem
from ivrkit.settings.convert import ValueProblem, convert
from ivrkit.settings.core_settings import Settings
from ivrkit.settings.describe import as_toml
from ivrkit.settings.load import PREFIX
from ivrkit.settings.names import dotted, normal_name
from ivrkit.settings.setting import Setting, settings_of


@dataclass(frozen=True, slots=True)
class PluginSetting:
    """One setting of a plugin, with its value.

    :param setting: the setting: its name, type, default and description.
    :param value: the value; ``None`` if the setting is missing.
    :param origin: where the value comes from: ``ivrkit.toml:3``, a variable, ``argument`` or ``default``.
    """

    setting: Setting
    value: Any
    origin: str

    @property
    def name(self) -> str:
        """The name of the setting."""
        return self.setting.name

    @property
    def is_missing(self) -> bool:
        """Whether the setting is required and not set."""
        return self.setting.is_required and self.origin == "default"


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """The settings of one plugin.

    :param owner: the plugin.
    :param settings_class: the plugin's dataclass of settings.
    :param values: an instance of it, ``None`` if the settings have problems.
    :param settings: the settings, in the order of the dataclass; empty if the dataclass cannot be used.
    """

    owner: Owner
    settings_class: type
    values: Any
    settings: tuple[PluginSetting, ...]

    @property
    def key(self) -> str:
        """The name of the table of these settings."""
        return f"plugins.{normal_name(self.owner.plugin)}"


class SettingsOfPlugins:
    """Reads the settings of plugins as they are asked for, each once.

    :param settings: the core's settings, with the plugins' tables.
    :param packages: plugin -> its top-level packages, by which it is known whose dataclass is asked for.
    :param problems: where problems are collected.
    """

    def __init__(self, settings: Settings, packages: Mapping[Owner, Collection[str]], problems: Problems) -> None:
        self._settings = settings
        self._packages = packages
        self._problems = problems
        self._read: dict[Owner, PluginSettings] = {}

    def all(self) -> tuple[PluginSettings, ...]:
        """Return what was read, in the order in which it was asked for."""
        return tuple(self._read.values())

    def arguments(self, function: Callable[..., Any], owner: Owner, hint: str) -> list[Any] | None:
        """Return what a function's annotations ask for: the core's settings, and dataclasses of settings.

        :param function: the function, or class.
        :param owner: the plugin that it belongs to.
        :param hint: how such a function is written.
        :returns: the arguments; ``None`` when the plugin's settings have problems, which are recorded.
        :raises IvrkitError: for an annotation that asks for anything else.
        """
        parameters = _parameters(function)
        for each in parameters:
            if each.annotation is inspect.Parameter.empty and len(parameters) > 1:
                raise IvrkitError(
                    f"the function {function.__name__!r} takes {each.name!r} without saying what it is", hint=hint
                )
        arguments = [self._given(function, each, owner, hint) for each in parameters]
        return None if any(each is None for each in arguments) else arguments

    def declare(self, kind: Any, owner: Owner) -> None:
        """Read the settings that a plugin declares.

        :param kind: their dataclass.
        :param owner: the plugin.
        :raises IvrkitError: when it is no dataclass, or not the only one of its plugin.
        """
        if not (inspect.isclass(kind) and dataclasses.is_dataclass(kind)):
            raise IvrkitError(f"it declares {kind!r}", hint="return the dataclass of the settings: return MySettings")
        self._of(owner, kind)

    def refuse_unread(self, owners: Sequence[Owner], excused: Callable[[str], bool]) -> None:
        """Tell of every table that nobody asked for.

        :param owners: the plugins that there are.
        :param excused: whether a plugin may have a table all the same, because it was left out.
        """
        read = {normal_name(owner.plugin) for owner in self._read}
        known = {normal_name(owner.plugin): owner for owner in owners}
        for name in self._settings.plugin_settings:
            if name in read or excused(name):
                continue
            if name in known:
                message, hint = f"[plugins.{name}]: {known[name]} has no settings", "take the table out"
            else:
                message = f"[plugins.{name}] is for a plugin that is not installed{nearest(name, read)}"
                hint = f"plugins with settings: {', '.join(sorted(read)) or 'none'}"
            self._problems.error(message, hint, location=self._location_of_table(name))

    def _location_of_table(self, name: str) -> str:
        """Return where a plugin's table is, or the first of its settings that came from elsewhere."""
        keys = [(), *((key,) for key in self._settings.plugin_settings[name])]
        origins = (self._settings.origin("plugins", name, *key) for key in keys)
        return next((origin for origin in origins if origin not in ("default", "argument")), "")

    def _given(self, function: Callable[..., Any], parameter: inspect.Parameter, owner: Owner, hint: str) -> Any:
        asked = parameter.annotation
        if _asks_for_core(asked):
            return self._settings
        if inspect.isclass(asked) and dataclasses.is_dataclass(asked):
            return self._of(self._owner_of(asked, owner), asked).values
        named = getattr(asked, "__name__", str(asked))
        raise IvrkitError(
            f"the function {function.__name__!r} asks for {named}, which is no dataclass of settings", hint=hint
        )

    def _owner_of(self, kind: type, asking: Owner) -> Owner:
        """Return the plugin whose package has a dataclass; that is usually the one that asks for it."""
        package = kind.__module__.partition(".")[0]
        owners = [owner for owner, packages in self._packages.items() if package in packages]
        return asking if asking in owners or not owners else owners[0]

    def _of(self, owner: Owner, settings_class: type) -> PluginSettings:
        known = self._read.get(owner)
        if known is None:
            self._read[owner] = known = self._read_settings(owner, settings_class)
        if known.settings_class is not settings_class:
            names = f"{known.settings_class.__name__!r} and {settings_class.__name__!r}"
            raise IvrkitError(
                f"it has two dataclasses of settings, {names}",
                hint="put the settings into one dataclass: a plugin has one table of settings",
            )
        return known

    def _read_settings(self, owner: Owner, settings_class: type) -> PluginSettings:
        """Read the settings of a plugin, and collect their problems."""
        keys = ("plugins", normal_name(owner.plugin))
        table = self._settings.plugin_settings.get(keys[1], {})
        try:
            values, problems = convert(table, settings_class, keys)
            settings = tuple(
                self._with_value(each, (*keys, name), table, None if problems else values)
                for name, each in settings_of(settings_class).items()
            )
        except PLUGIN_ERRORS as error:
            message = f"its settings {settings_class.__name__!r} can't be used: {describe_error(error)}"
            self._problems.add(plugin_problem(owner, message, leave_out(owner)))
            return PluginSettings(owner, settings_class, None, ())
        for each in problems:
            location = "" if each.is_missing else self._settings.location(*each.path)
            self._problems.error(each.message, self._hint(each, owner), location=location, owner=owner.plugin)
        return PluginSettings(owner, settings_class, None if problems else values, settings)

    def _hint(self, problem: ValueProblem, owner: Owner) -> str:
        """Return the hint: for a variable or a missing secret, the environment; for others, the file."""
        table, key = f"[{dotted(problem.path[:-1])}]", problem.path[-1]
        if problem.keys == ("plugins", normal_name(owner.plugin)):  # the dataclass refuses its values
            return problem.hint or f"change it in ivrkit.toml:  [{dotted(problem.keys)}]"
        variable = "__".join(each.upper().replace("-", "_").replace(".", "_") for each in problem.path)
        is_variable = self._settings.origin(*problem.path).startswith(PREFIX)
        if is_variable or (problem.is_missing and problem.is_secret):
            return problem.hint_in_environment(f"{PREFIX}{variable}")
        if problem.is_missing:
            return f"write it in ivrkit.toml:  {table}  {key} = {as_toml(problem.example)}"
        return problem.hint_in_toml()

    def _with_value(
        self, setting: Setting, keys: tuple[str, ...], table: Mapping[str, Any], values: Any
    ) -> PluginSetting:
        """Return a setting with its value: that of the dataclass, or that in the table if there is no dataclass."""
        value = getattr(values, setting.name) if values is not None else table.get(setting.name, setting.default)
        if values is None and isinstance(value, dict | list):
            value = "..."  # parts of it may be secret
        return PluginSetting(setting, value, self._settings.origin(*keys))


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return a function's parameters, their annotations looked up where that can be done."""
    try:
        found = inspect.signature(function, eval_str=True)
    except PLUGIN_ERRORS:  # a name that is imported for the type checker alone
        found = inspect.signature(function)
    return list(found.parameters.values())


def _asks_for_core(asked: Any) -> bool:
    """Return whether an annotation is the core's settings; one that could not be looked up goes by its name."""
    if isinstance(asked, str):
        return asked.strip("'\"").rpartition(".")[2] == Settings.__name__
    return asked in (inspect.Parameter.empty, Settings)
