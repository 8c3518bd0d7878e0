"""The settings of plugins. A plugin declares its settings as a dataclass. Users write a table ``[plugins.NAME]``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ivrkit.errors import IvrkitError, Problems, nearest
from ivrkit.flow.model.state import Owner
from ivrkit.plugin_errors import describe_error, describe_value, plugin_errors
from ivrkit.plugins.problems import leave_out, plugin_problem
from ivrkit.settings.convert import convert
from ivrkit.settings.core_settings import Settings
from ivrkit.settings.describe import as_toml
from ivrkit.settings.load import PREFIX
from ivrkit.settings.names import dotted, normal_name, use_one_of
from ivrkit.settings.redaction import has_secret
from ivrkit.settings.setting import Setting, settings_of
from ivrkit.settings.type_structure import is_dataclass_type
from ivrkit.settings.value_problem import ValueProblem


@dataclass(frozen=True, slots=True)
class PluginSetting:
    """One setting of a plugin, with its value.

    :param setting: the name, type, default and description of the setting.
    :param value: the value, or ``None`` if a required setting is not set.
    :param origin: the origin of the value: a location such as ``ivrkit.toml:3``, an environment variable, ``argument``
        or ``default``.
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
        """Whether the setting has no default and is not set."""
        return self.setting.is_required and self.origin == "default"


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """The settings of one plugin.

    :param owner: the plugin.
    :param settings_class: the plugin's dataclass of settings.
    :param values: an instance of the dataclass with the values, or ``None`` if the settings have problems.
    :param settings: the settings, in the order of the fields. The tuple is empty if the dataclass cannot be used.
    """

    owner: Owner
    settings_class: type
    values: Any
    settings: tuple[PluginSetting, ...]

    @property
    def key(self) -> str:
        """The dotted key of the TOML table with these settings, such as ``plugins.acme-states``."""
        return f"plugins.{normal_name(self.owner.plugin)}"


class PluginSettingsReader:
    """Reader of the settings of plugins. The settings of each plugin are read once, when they are first needed.

    :param settings: the settings of the core, with the tables ``[plugins.NAME]``.
    :param packages: plugin -> top-level packages of the plugin. A dataclass belongs to the plugin of its package.
    :param problems: the collection to which problems are added.
    """

    def __init__(self, settings: Settings, packages: Mapping[Owner, Collection[str]], problems: Problems) -> None:
        self._settings = settings
        self._packages = packages
        self._problems = problems
        # The settings of a plugin cannot be read before its code is imported: only an annotation or a hook names the
        # dataclass. They are kept even if they have problems, so that each problem is reported once.
        self._read: dict[Owner, PluginSettings] = {}

    def all(self) -> tuple[PluginSettings, ...]:
        """Return the settings that were read so far, one object for each plugin, in the order of reading."""
        return tuple(self._read.values())

    def arguments(self, function: Callable[..., Any], owner: Owner, hint: str) -> list[Any] | None:
        """Return the arguments for a function or class whose parameters are annotated with dataclasses of settings.

        :param function: the function or class.
        :param owner: the plugin of the function.
        :param hint: the hint of the error below. It describes how to write the function.
        :returns: one settings object for each parameter. If any of these settings has problems, the problems are
            recorded, and the result is ``None``.
        :raises IvrkitError: if a parameter is not annotated with a dataclass of settings.
        """
        parameters = _parameters(function)
        for each in parameters:
            # A single parameter without annotation takes the core's settings. Among several it would be a guess.
            if each.annotation is inspect.Parameter.empty and len(parameters) > 1:
                raise IvrkitError(f"{_parameter_must_be(function, each)}, and it is not annotated", hint=hint)
        # All arguments are read before the check for None, so that the problems of all dataclasses are recorded.
        arguments = [self._argument(function, each, owner, hint) for each in parameters]
        return None if any(each is None for each in arguments) else arguments

    def declare(self, settings_class: Any, owner: Owner) -> None:
        """Read the settings that a plugin declares by ``ivrkit_declare_settings``.

        :param settings_class: the plugin's dataclass of settings.
        :param owner: the plugin.
        :raises IvrkitError: if ``settings_class`` is not a dataclass, or if the plugin has a second dataclass.
        """
        if not is_dataclass_type(settings_class):
            raise IvrkitError(
                f"it must return a dataclass of settings, not {describe_value(settings_class)}",
                hint="return the class: MySettings",
            )
        self._settings_for(owner, settings_class)

    def report_unused_tables(self, owners: Sequence[Owner], is_excused: Callable[[str], bool]) -> None:
        """Report each table ``[plugins.NAME]`` that no plugin has used.

        :param owners: the installed plugins that are not blocked.
        :param is_excused: a function that takes the normalized name of a plugin and returns whether to ignore an unused
            table of this plugin, because the plugin is blocked or has problems.
        """
        read = {normal_name(owner.plugin) for owner in self._read}
        installed = {normal_name(owner.plugin): owner for owner in owners}
        for name in self._settings.plugin_settings:
            if name in read or is_excused(name):
                continue
            if name in installed:
                message, hint = f"[plugins.{name}] has no effect: {installed[name]} has no settings", "remove the table"
            else:
                message = f"[plugins.{name}] is for a plugin that is not installed{nearest(name, read)}"
                hint = use_one_of(sorted(read)) if read else "remove the table"
            self._problems.error(message, hint, location=self._location_of_table(name))

    def _location_of_table(self, name: str) -> str:
        """Return the location of the table ``[plugins.NAME]``, or ``""`` if only code sets the plugin's settings.

        If the settings are set in the environment, the result names the first environment variable.
        """
        keys = [(), *((key,) for key in self._settings.plugin_settings[name])]
        origins = (self._settings.origin("plugins", name, *key) for key in keys)
        return next((origin for origin in origins if origin not in ("default", "argument")), "")

    def _argument(self, function: Callable[..., Any], parameter: inspect.Parameter, owner: Owner, hint: str) -> Any:
        annotation = parameter.annotation
        if _is_core_settings(annotation):
            return self._settings
        if is_dataclass_type(annotation):
            return self._settings_for(self._owner_of(annotation, owner), annotation).values
        name = getattr(annotation, "__name__", str(annotation))
        raise IvrkitError(f"{_parameter_must_be(function, parameter)}, not with {name}", hint=hint)

    def _owner_of(self, settings_class: type, asking: Owner) -> Owner:
        """Return the plugin whose package defines a dataclass of settings.

        :param settings_class: the dataclass.
        :param asking: the plugin whose code uses the dataclass. Usually, this plugin is the result.
        """
        package = settings_class.__module__.partition(".")[0]
        owners = [owner for owner, packages in self._packages.items() if package in packages]
        # A namespace package may have several distributions. If the asking plugin is one of them, it is the owner.
        return asking if asking in owners or not owners else owners[0]

    def _settings_for(self, owner: Owner, settings_class: type) -> PluginSettings:
        known = self._read.get(owner)
        if known is None:
            self._read[owner] = known = self._read_settings(owner, settings_class)
        if known.settings_class is not settings_class:
            names = f"{known.settings_class.__name__!r} and {settings_class.__name__!r}"
            raise IvrkitError(
                f"a plugin must have one dataclass of settings, not two: {names}", hint="put the settings into one"
            )
        return known

    def _read_settings(self, owner: Owner, settings_class: type) -> PluginSettings:
        """Return the settings of a plugin, and record the problems of these settings."""
        keys = ("plugins", normal_name(owner.plugin))
        table = self._settings.plugin_settings.get(keys[1], {})
        try:
            # The dataclass is code of the plugin: its annotations and defaults may raise any error.
            values, problems = convert(table, settings_class, keys)
            settings = tuple(
                self._with_value(each, (*keys, name), table, None if problems else values)
                for name, each in settings_of(settings_class).items()
            )
        except plugin_errors() as error:
            message = f"its settings {settings_class.__name__!r} can't be used: {describe_error(error)}"
            self._problems.add(plugin_problem(owner, message, leave_out(owner)))
            return PluginSettings(owner, settings_class, None, ())
        for each in problems:
            # A missing setting is written nowhere, so there is no line to point at.
            location = "" if each.is_missing else self._settings.location(*each.path)
            self._problems.error(each.message, self._hint(each, owner), location=location, owner=owner.plugin)
        return PluginSettings(owner, settings_class, None if problems else values, settings)

    def _hint(self, problem: ValueProblem, owner: Owner) -> str:
        """Return the hint of a problem in the settings of a plugin.

        The hint names an environment variable if the value is from the environment, or if a secret setting is not set.
        All other hints show how to write the settings file.
        """
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
        """Return a setting with its value, to show to the user.

        :param setting: the setting.
        :param keys: the path to the setting.
        :param table: the table ``[plugins.NAME]``, which has the value if ``values`` is ``None``.
        :param values: an instance of the dataclass, or ``None`` if the settings have problems.
        """
        value = getattr(values, setting.name) if values is not None else table.get(setting.name, setting.default)
        if values is None and (isinstance(value, dict | list) or has_secret(setting.annotation)):
            value = "..."  # the value may contain secrets
        return PluginSetting(setting, value, self._settings.origin(*keys))


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function. Annotations are evaluated, unless a name in them cannot be resolved."""
    try:
        found = inspect.signature(function, eval_str=True)
    except plugin_errors():  # for example a name that is imported for the type checker only
        found = inspect.signature(function)
    return list(found.parameters.values())


def _parameter_must_be(function: Callable[..., Any], parameter: inspect.Parameter) -> str:
    return f"the parameter {parameter.name!r} of {function.__name__!r} must be annotated with a dataclass of settings"


def _is_core_settings(annotation: Any) -> bool:
    """Return whether a parameter takes the core's settings.

    :param annotation: the annotation of the parameter: the class ``Settings``, its name in a string, or the mark of
        ``inspect`` for no annotation.
    """
    if isinstance(annotation, str):
        return annotation.strip("'\"").rpartition(".")[2] == Settings.__name__
    return annotation in (inspect.Parameter.empty, Settings)
