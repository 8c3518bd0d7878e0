"""TOML states: states that are tables in a TOML file. The function of a state kind makes a state from each table."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from ivrkit.errors import FlowError, IvrkitError, Problems, nearest
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.state import CORE_PLUGIN, MenuOption, Owner, State
from ivrkit.flow.model.text import Text, check_placeholders, is_text, placeholders_in, spoken_keys
from ivrkit.flow.model.toml_values import read_prompts, read_target
from ivrkit.hookspecs import hookimpl
from ivrkit.plugin_errors import describe_error, describe_value, hint_of_error, plugin_errors
from ivrkit.plugins.problems import UNAVAILABLE, Unavailable
from ivrkit.plugins.state_kinds import Parameter, ParameterType, StateKind, StateKinds
from ivrkit.settings import Settings, StateSettings
from ivrkit.settings.convert import INVALID, convert
from ivrkit.settings.describe import as_toml
from ivrkit.settings.names import dotted, use_one_of
from ivrkit.settings.toml_keys import COMMON_KEYS, KIND, MENU_OPTION_KEYS, CommonStateKeys, MenuOptionKeys


class TomlStates:
    """A plugin that offers the TOML states of one file.

    :param owner: the file, as the owner of the states.
    :param tables: name of a state -> table of the state.
    :param location: a function that takes the path to a key, and returns the location of the key for messages.
    :param kinds: the collection of state kinds. It may be empty at first: it is only read when states are made.
    :param problems: the collection to which problems are added.
    :param settings: the settings of the core, for the values of placeholders.
    :param other_keys: additional keys that each table may have. This class does not read the values of these keys.
    """

    def __init__(
        self,
        owner: Owner,
        tables: Mapping[str, Mapping[str, Any]],
        location: Callable[..., str],
        kinds: StateKinds,
        problems: Problems,
        settings: Settings,
        other_keys: Collection[str] = (),
    ) -> None:
        self._settings = settings
        self._owner = owner
        self._tables = tables
        self._location = location
        self._kinds = kinds
        self._problems = problems
        self._other_keys = other_keys

    @hookimpl
    def ivrkit_register_states(self) -> Mapping[str, State | Unavailable]:
        """Return the states of all tables by their names."""
        return {name: self._make_state(name, table) for name, table in self._tables.items()}

    def _make_state(self, name: str, table: Mapping[str, Any]) -> State | Unavailable:
        maker = _StateMaker(self._owner, name, table, self._location, self._settings, self._other_keys)
        state = maker.make(self._kinds.all())
        self._problems.add(*maker.problems)
        return UNAVAILABLE if state is None else state


class _StateMaker:
    """Maker of the state that one table defines. The attribute ``problems`` has the problems of this table."""

    def __init__(
        self,
        owner: Owner,
        name: str,
        table: Mapping[str, Any],
        location: Callable[..., str],
        settings: Settings,
        other_keys: Collection[str],
    ) -> None:
        self._settings = settings
        self._owner = owner
        self._name = name
        self._table = table
        self._location = location
        self._other_keys = other_keys
        self.problems = Problems()

    def make(self, kinds: Mapping[str, StateKind]) -> State | None:
        """Return the state, or ``None`` if the table has problems."""
        name = self._table[KIND]
        kind = kinds.get(name) if isinstance(name, str) else None
        if kind is None and self._settings.safe:
            return None  # the plugin of the state kind is not loaded in safe mode
        if kind is None:
            message = f"{self._dotted(KIND)} must be a state kind, not {name!r}{nearest(str(name), kinds)}"
            self._report((KIND,), message, use_one_of(kinds))
            return None
        # These three methods run before the check for problems, so that one start reports all problems of the table.
        self._check_keys(kind)
        arguments = self._arguments(kind)
        attributes = self._common_attributes()
        if self.problems:
            return None
        try:
            state: object = kind.function(*arguments.args, **arguments.kwargs)
            if not isinstance(state, State):
                hint = "fix the function of the kind, or use another kind"
                message = f"{_described(kind)} must return a State, not {describe_value(state)}"
                self._report((), f"{self._dotted()}: {message}", hint)
                return None
            # Inside the try block, because State checks its values when it is copied.
            return replace(state, **attributes)
        except plugin_errors() as error:
            # An error of a kind of the core is about the keys of the table. Any other kind can be broken itself.
            failed = "" if kind.owner.plugin == CORE_PLUGIN else f"{_described(kind)} failed: "
            message = f"{self._dotted()}: {failed}{describe_error(error)}"
            self._report((), message, hint_of_error(error) or self._keys_hint(kind))
            return None

    def _dotted(self, *keys: str | int) -> str:
        return dotted(("states", self._name, *keys))

    def _report(self, keys: tuple[str | int, ...], message: str, hint: str) -> None:
        # The items of a list have no locations of their own.
        location = self._location("states", self._name, *(key for key in keys if isinstance(key, str)))
        self.problems.error(message, hint, location=location, owner=self._owner.plugin, state=self._name)

    def _check_keys(self, kind: StateKind) -> None:
        """Report unknown keys and missing required keys."""
        known = [*kind.parameters, *COMMON_KEYS, *self._other_keys]
        for key in self._table:
            if key not in known:
                self._report((key,), f"unknown key '{self._dotted(key)}'{nearest(key, known)}", self._keys_hint(kind))
        for key, parameter in kind.parameters.items():
            if parameter.required and key not in self._table:
                message = f"{self._dotted(key)} must be set to {parameter.in_words()}, because kind is {kind.name!r}"
                self._report((), message, _example_hint(parameter))

    def _keys_hint(self, kind: StateKind) -> str:
        """Return the hint that lists the valid keys of a table whose ``kind`` is a given state kind."""
        of_kind = ", ".join(kind.parameters)
        of_every_state = f"the keys of every state: {', '.join((*COMMON_KEYS, *self._other_keys))}"
        return f"use the keys of {kind.name!r}: {of_kind}; or {of_every_state}" if of_kind else f"use {of_every_state}"

    def _arguments(self, kind: StateKind) -> inspect.BoundArguments:
        """Return the arguments for the function of the state kind. A key that is not set has its default."""
        arguments: dict[str, Any] = {}
        values = self._placeholder_values()
        for key, parameter in kind.parameters.items():
            if key not in self._table:
                continue
            value = self._table[key]
            if parameter.type == ParameterType.VALUE:
                converted = self._convert(value, parameter.annotation_of_key(), key)
                arguments |= {} if converted is INVALID else {parameter.name: converted}
                continue
            try:
                arguments[parameter.name] = _read(parameter, value, functools.partial(self._text, (key,), values))
            except (ValueError, IvrkitError) as error:
                hint = getattr(error, "hint", "") or _example_hint(parameter)
                self._report((key,), f"{self._dotted(key)} must be {parameter.in_words()}, not {value!r}", hint)
        # Signature.bind() does not take *texts by name, and it would raise an error for a key that is already reported.
        bound = inspect.BoundArguments(inspect.signature(kind.function), arguments)
        bound.apply_defaults()
        return bound

    def _convert(self, value: Any, annotation: Any, *keys: str) -> Any:
        """Return a value of the table converted to a type. Report an invalid value and return ``INVALID``."""
        converted, problems = convert(value, annotation, ("states", self._name, *keys))
        for each in problems:
            # _report() adds the first two keys, `states` and the name.
            self._report(each.path[2:], each.message, each.hint_in_toml())
        return INVALID if problems else converted

    def _common_attributes(self) -> dict[str, Any]:
        """Return the attributes that a state of any state kind may have: menu options, voice, language and on_error.

        Report invalid values. If the table has any problem, return an empty dict.
        """
        # The keys of the first menu option are in the table itself. More options are in the list `options`.
        option_keys = {key: self._table[key] for key in MENU_OPTION_KEYS if key in self._table}
        other_keys = {key: self._table[key] for key in COMMON_KEYS if key in self._table and key not in option_keys}
        first = self._convert(option_keys, MenuOptionKeys) if option_keys else INVALID
        common = self._convert(other_keys, CommonStateKeys)
        if self.problems:
            return {}
        # Keys that are left out do not replace the values that the function of the kind has set.
        names = [name for name in ("voice", "language", "on_error") if name in other_keys]
        attributes: dict[str, Any] = {name: getattr(common, name) for name in names}
        options = (*(() if first is INVALID else (first,)), *common.options)
        if options:
            paths = [*(() if first is INVALID else ((),)), *(("options", i) for i in range(len(common.options)))]
            attributes["options"] = tuple(map(self._menu_option, options, paths))
        return attributes

    def _menu_option(self, keys: MenuOptionKeys, path: tuple[str | int, ...]) -> MenuOption:
        """Return the menu option that TOML keys describe. The texts of the option can be translated.

        :param keys: the TOML keys.
        :param path: the path to the keys in the table of the state.
        """
        values = {"company": self._settings.spoken_company}
        label = self._text((*path, "label"), values, keys.label or self._spoken_name)
        phrases = [self._text((*path, "phrases"), values, phrase) for phrase in keys.phrases]
        option = MenuOption(keys.key, label, tuple(phrases))
        if keys.menu is not None:
            option = replace(option, menu=keys.menu)
        return option if keys.sentence is None else replace(option, sentence=Text(keys.sentence))

    @property
    def _spoken_name(self) -> str:
        """The name of the state as a label. Text to speech would read - and _ aloud."""
        return self._name.replace("-", " ").replace("_", " ")

    def _placeholder_values(self) -> dict[str, object]:
        """Return the values of the placeholders in the prompts of the state.

        They are the name of the company and, if the table has a menu option, its key and label. The settings may
        override the key and the label of a flow file.
        """
        values: dict[str, object] = {"company": self._settings.spoken_company}
        overrides = self._settings.states.get(self._name, StateSettings())
        key = overrides.key or self._table.get("key")
        if is_key_sequence(key):
            written = self._table.get("label")
            label = self._text(("label",), values, str(written) if is_text(written) else self._spoken_name)
            values |= {"key": spoken_keys(str(key)), "label": Text(overrides.label) if overrides.label else label}
        return values

    def _text(self, keys: tuple[str | int, ...], values: Mapping[str, object], sentence: str) -> Text:
        """Return a sentence of the table as a ``Text`` with its placeholders. Report a placeholder without a value."""
        try:
            check_placeholders(self._dotted(*keys), sentence, [*values])
        except FlowError as error:
            self._report(keys, error.message, error.hint)
            return Text(sentence)
        used = {name: value for name, value in values.items() if name in placeholders_in(sentence)}
        return Text(sentence, **used) if used else Text(sentence.format())


def _described(kind: StateKind) -> str:
    return f"the state kind {kind.name!r} of {kind.owner}"


def _example_hint(parameter: Parameter) -> str:
    return f"write {parameter.key} = {as_toml(parameter.example())}"


def _read(parameter: Parameter, value: Any, make_text: Callable[[str], Text]) -> Any:
    """Return the prompts, the target or the targets that the value of a TOML key contains.

    :param parameter: the parameter of the state kind with this key.
    :param value: the value of the key.
    :returns: the argument for the parameter. For a parameter such as ``*texts``, it is a sequence of arguments.
    :raises ValueError: if the value is invalid and there is no special hint.
    :raises IvrkitError: if the value is invalid and there is a special hint, which the error contains.
    """
    if not parameter.is_variadic:
        return _read_one(parameter, value, make_text)
    if parameter.type == ParameterType.PROMPTS:
        return read_prompts(value, make_text)
    return tuple(_read_one(parameter, each, make_text) for each in (value if isinstance(value, list) else [value]))


def _read_one(parameter: Parameter, value: Any, make_text: Callable[[str], Text]) -> Any:
    if parameter.type == ParameterType.PROMPTS:
        return read_prompts(value, make_text)
    if parameter.type == ParameterType.TARGET:
        return read_target(value, make_text)
    if not isinstance(value, Mapping):
        raise ValueError(value)
    return {str(outcome): read_target(target, make_text) for outcome, target in value.items()}
