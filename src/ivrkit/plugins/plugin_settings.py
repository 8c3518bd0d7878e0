"""The settings of plugins: each a dataclass of the plugin's own, read from ``[plugins.NAME]``."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass
from typing import Any

from ivrkit.errors import IvrkitError, Problems, nearest
from ivrkit.flow.model.state import Owner
from ivrkit.flow.run.sandbox import PLUGIN_ERRORS
from ivrkit.plugins.problems import describe_error, leave_out, plugin_problem
from ivrkit.settings.convert import converted
from ivrkit.settings.core import Settings
from ivrkit.settings.describe import in_words
from ivrkit.settings.types import normal_name

HIDDEN = "a value that is kept secret"


@dataclass(frozen=True, slots=True)
class PluginSetting:
    """One setting of a plugin.

    :param name: its name.
    :param takes: its type, in words.
    :param required: whether it has no default.
    :param default: its default, ``None`` where it has none.
    :param value: what the plugin is given; ``None`` where it is missing.
    :param origin: where it comes from: ``ivrkit.toml:3``, a variable, ``argument`` or ``default``.
    :param secret: whether it is never shown: its field has ``repr=False``.
    :param description: as the dataclass's docstring has it.
    """

    name: str
    takes: str
    required: bool
    default: Any
    value: Any
    origin: str
    secret: bool
    description: str

    @property
    def is_missing(self) -> bool:
        """Whether it has to be set and is not."""
        return self.required and self.origin == "default"


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """The settings of one plugin.

    :param owner: the plugin.
    :param kind: its dataclass.
    :param values: what the plugin is given, ``None`` where they have problems.
    :param settings: each of them, in the order of the dataclass.
    """

    owner: Owner
    kind: type
    values: Any
    settings: tuple[PluginSetting, ...]

    @property
    def key(self) -> str:
        """The name of its table."""
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

    def _of(self, owner: Owner, kind: type) -> PluginSettings:
        known = self._read.get(owner)
        if known is None:
            self._read[owner] = known = self._reading(owner, kind)
        if known.kind is not kind:
            raise IvrkitError(
                f"it has two dataclasses of settings, {known.kind.__name__!r} and {kind.__name__!r}",
                hint="put them into one: a plugin has one table of settings",
            )
        return known

    def _reading(self, owner: Owner, kind: type) -> PluginSettings:
        """Read the settings of a plugin; its problems are told here."""
        name = normal_name(owner.plugin)
        reading = _Reading(owner, f"plugins.{name}", self._settings)
        table = self._settings.plugin_settings.get(name, {})
        try:
            values, settings = reading.read(kind, table)
        except PLUGIN_ERRORS as error:
            message = f"its settings {kind.__name__!r} can't be used: {describe_error(error)}"
            self._problems.add(plugin_problem(owner, message, leave_out(owner)))
            return PluginSettings(owner, kind, None, ())
        self._problems.add(*reading.problems)
        return PluginSettings(owner, kind, None if reading.problems else values, settings)


class _Reading:
    """One reading of a plugin's table: ``problems`` collects what is wrong with it."""

    def __init__(self, owner: Owner, key: str, settings: Settings) -> None:
        self.owner = owner
        self.key = key
        self.settings = settings
        self.problems = Problems()

    def read(self, kind: type, table: Mapping[str, Any]) -> tuple[Any, tuple[PluginSetting, ...]]:
        """Return the dataclass made of a table, and what is to be told of each field."""
        hints = typing.get_type_hints(kind, include_extras=True)
        fields = [each for each in dataclasses.fields(kind) if each.init]
        names = [each.name for each in fields]
        for name in table:
            if name not in names:
                known = f"{self.owner} has: {', '.join(names) or 'no settings'}"
                self._refuse(name, f"unknown key '{self.key}.{name}'{nearest(name, names)}", known)
        descriptions = descriptions_of(kind)
        given: dict[str, Any] = {}
        for each in fields:
            if each.name in table:
                self._take(given, each, hints[each.name], table[each.name])
            elif _is_required(each):
                self.problems.add(
                    plugin_problem(
                        self.owner,
                        f"it needs the setting {each.name!r}: {in_words(hints[each.name])}",
                        self._how_to_set(each),
                    )
                )
        values = None if self.problems else self._made(kind, given)
        return values, tuple(self._told(each, hints, descriptions, table, values) for each in fields)

    def _how_to_set(self, field: dataclasses.Field[Any]) -> str:
        """Return the mend for a setting that is missing; a secret does not belong into a file."""
        if field.repr:
            return f"write it in ivrkit.toml:  [{self.key}]  {field.name} = ..."
        plugin = normal_name(self.owner.plugin).replace("-", "_")
        return f"set it in the environment: IVRKIT_PLUGINS__{plugin.upper()}__{field.name.upper()}=..."

    def _take(self, given: dict[str, Any], field: dataclasses.Field[Any], annotation: Any, value: Any) -> None:
        try:
            given[field.name] = converted(value, annotation)
        except (ValueError, TypeError):
            shown = repr(value) if field.repr and not isinstance(value, dict | list) else HIDDEN
            hint = f"{self.owner} takes {in_words(annotation)}"
            self._refuse(field.name, f"{self.key}.{field.name} is {shown}", hint)

    def _made(self, kind: type, given: Mapping[str, Any]) -> Any:
        try:
            return kind(**given)
        except PLUGIN_ERRORS as error:
            what = str(error) if isinstance(error, ValueError) else describe_error(error)
            hint = getattr(error, "hint", "") or self._places(given)
            self.problems.add(plugin_problem(self.owner, f"its settings are refused: {what}", hint))
            return None

    def _places(self, given: Mapping[str, Any]) -> str:
        """Return where the settings are that were given."""
        places = [self.settings.origin(*self.key.split("."), name) for name in given]
        told = ", ".join(dict.fromkeys(place for place in places if place not in ("default", "argument")))
        return f"change it: {told}" if told else f"change it in ivrkit.toml:  [{self.key}]"

    def _refuse(self, name: str, message: str, hint: str) -> None:
        location = self.settings.location(*self.key.split("."), name)
        self.problems.error(message, hint, location=location, owner=self.owner.plugin)

    def _told(
        self,
        field: dataclasses.Field[Any],
        hints: Mapping[str, Any],
        descriptions: Mapping[str, str],
        table: Mapping[str, Any],
        values: Any,
    ) -> PluginSetting:
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        default = None if default is MISSING else default
        return PluginSetting(
            name=field.name,
            takes=in_words(hints[field.name]),
            required=_is_required(field),
            default=default,
            value=_shown(table.get(field.name, default)) if values is None else getattr(values, field.name),
            origin=self.settings.origin(*self.key.split("."), field.name),
            secret=not field.repr,
            description=descriptions.get(field.name, ""),
        )


def _shown(value: Any) -> Any:
    """Return a value that was not read: of a table or a list it is not known what in it is secret."""
    return "..." if isinstance(value, dict | list) else value


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


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


def descriptions_of(kind: object) -> dict[str, str]:
    """Return what a docstring says of each parameter: its ``:param name:`` lines."""
    found = re.findall(r"^:param (\w+):\s*(.+?)(?=^:|^\s*$|\Z)", inspect.getdoc(kind) or "", re.MULTILINE | re.DOTALL)
    return {name: " ".join(text.split()) for name, text in found}
