"""States that are written without code: each a table with a ``kind``, made by that kind's function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ivrkit.errors import IvrkitError, Problems, nearest
from ivrkit.flow.model.state import MenuOption, Owner, State
from ivrkit.flow.model.text import Text
from ivrkit.flow.model.toml_values import read_prompts, read_target
from ivrkit.flow.run.sandbox import PLUGIN_ERRORS
from ivrkit.hookspecs import hookimpl
from ivrkit.plugins.problems import UNAVAILABLE, Unavailable, describe_error
from ivrkit.plugins.state_kinds import Parameter, ParameterType, StateKind, StateKinds
from ivrkit.settings.convert import INVALID, convert
from ivrkit.settings.toml_keys import COMMON_KEYS, KIND, MENU_OPTION_KEYS, CommonStateKeys, MenuOptionKeys


class TomlStates:
    """A plugin whose states are tables of a file.

    :param owner: the file.
    :param tables: name -> table.
    :param location: given a key of a table, returns the location of a problem with it.
    :param kinds: the kinds that there are, once the states are asked for.
    :param problems: where problems are collected.
    :param decided: the keys of a table that are looked at elsewhere.
    """

    def __init__(
        self,
        owner: Owner,
        tables: Mapping[str, Mapping[str, Any]],
        location: Callable[..., str],
        kinds: StateKinds,
        problems: Problems,
        decided: Collection[str] = (),
    ) -> None:
        self._owner = owner
        self._tables = tables
        self._location = location
        self._kinds = kinds
        self._problems = problems
        self._decided = decided

    @hookimpl
    def ivrkit_register_states(self) -> Mapping[str, State | Unavailable]:
        """Offer a state for each table."""
        return {name: self._state(name, table) for name, table in self._tables.items()}

    def _state(self, name: str, table: Mapping[str, Any]) -> State | Unavailable:
        making = _Making(self._owner, name, table, self._location, self._decided)
        state = making.state(self._kinds.all())
        self._problems.add(*making.problems)
        return UNAVAILABLE if state is None else state


class _Making:
    """One table on its way to a state: ``problems`` collects what is wrong with it."""

    def __init__(
        self,
        owner: Owner,
        name: str,
        table: Mapping[str, Any],
        location: Callable[..., str],
        decided: Collection[str],
    ) -> None:
        self._owner = owner
        self._name = name
        self._table = table
        self._location = location
        self._decided = decided
        self.problems = Problems()

    def state(self, kinds: Mapping[str, StateKind]) -> State | None:
        """Return the state, ``None`` where something is wrong."""
        kind = kinds.get(self._table[KIND]) if isinstance(self._table[KIND], str) else None
        if kind is None:
            wrong = self._table[KIND]
            near = nearest(str(wrong), kinds)
            self._refuse((KIND,), f"states.{self._name}.kind is {wrong!r}{near}", f"there are: {', '.join(kinds)}")
            return None
        self._refuse_unknown(kind)
        bound = self._arguments(kind)
        common = dict(self._common())
        if self.problems:
            return None
        try:
            made = kind.function(*bound.args, **bound.kwargs)
            if not isinstance(made, State):
                raise IvrkitError(f"the kind {kind.name!r} of {kind.owner} made {made!r}", hint="it has to be a State")
            return replace(made, **common)
        except PLUGIN_ERRORS as error:
            self._refuse(
                (), f"states.{self._name}: {describe_error(error)}", getattr(error, "hint", "") or self._takes(kind)
            )
            return None

    def _refuse(self, keys: tuple[str, ...], message: str, hint: str) -> None:
        location = self._location("states", self._name, *keys)
        self.problems.error(message, hint, location=location, owner=self._owner.plugin, state=self._name)

    def _takes(self, kind: StateKind) -> str:
        own = ", ".join(kind.parameters) or "nothing of its own"
        return f"the kind {kind.name!r} takes: {own}; and every state: {', '.join(COMMON_KEYS)}"

    def _refuse_unknown(self, kind: StateKind) -> None:
        known = [*kind.parameters, *COMMON_KEYS, *self._decided]
        for key in self._table:
            if key not in known:
                self._refuse((key,), f"unknown key 'states.{self._name}.{key}'{nearest(key, known)}", self._takes(kind))
        for key, parameter in kind.parameters.items():
            if parameter.required and key not in self._table:
                hint = f"write it: {key} = ...; it takes {parameter.in_words()}"
                self._refuse((), f"states.{self._name} has no {key!r}, which the kind {kind.name!r} needs", hint)

    def _arguments(self, kind: StateKind) -> inspect.BoundArguments:
        """Return what the kind's function is given, each by its parameter; what is left out has its default."""
        given: dict[str, Any] = {}
        for key, parameter in kind.parameters.items():
            if key not in self._table:
                continue
            if parameter.type == ParameterType.VALUE:
                value = self._convert(self._table[key], parameter.annotation_of_key(), key)
                given |= {} if value is INVALID else {parameter.name: value}
                continue
            try:
                given[parameter.name] = _read(parameter, self._table[key])
            except (ValueError, IvrkitError) as error:
                hint = getattr(error, "hint", "") or f"it takes {parameter.in_words()}"
                self._refuse((key,), f"states.{self._name}.{key} is {self._table[key]!r}", hint)
        bound = inspect.BoundArguments(inspect.signature(kind.function), given)
        bound.apply_defaults()
        return bound

    def _convert(self, value: Any, annotation: Any, *keys: str) -> Any:
        """Convert a value of the table to a type. Return ``INVALID`` after a problem."""
        converted, problems = convert(value, annotation, ("states", self._name, *keys))
        for each in problems:
            self._refuse(each.path[2:], each.message, each.hint_in_toml())
        return INVALID if problems else converted

    def _common(self) -> Iterator[tuple[str, Any]]:
        """Return the attributes that every state may have: its menu options, voice, language and error state."""
        own = {key: self._table[key] for key in MENU_OPTION_KEYS if key in self._table}
        common = {key: self._table[key] for key in COMMON_KEYS if key in self._table and key not in own}
        first = self._convert(own, MenuOptionKeys) if own else INVALID
        keys = self._convert(common, CommonStateKeys)
        if self.problems:
            return
        yield from ((name, getattr(keys, name)) for name in ("voice", "language", "on_error") if name in common)
        options = (*(() if first is INVALID else (first,)), *keys.options)
        if options:
            yield "options", tuple(map(self._option, options))

    def _option(self, keys: MenuOptionKeys) -> MenuOption:
        """Return a menu option. Its words are texts that can be translated."""
        label = keys.label or self._name.replace("-", " ").replace("_", " ")
        option = MenuOption(keys.key, Text(label), tuple(map(Text, keys.phrases)))
        if keys.menu is not None:
            option = replace(option, menu=keys.menu)
        return option if keys.sentence is None else replace(option, sentence=Text(keys.sentence))


def _read(parameter: Parameter, value: Any) -> Any:
    """Return a value of a table as a kind's function takes it; of what is given one by one, each.

    :raises ValueError: for what it does not take.
    :raises IvrkitError: the same, with a mend of its own.
    """
    if not parameter.spread:
        return _read_one(parameter, value)
    if parameter.type == ParameterType.PROMPTS:
        return read_prompts(value)
    return tuple(_read_one(parameter, each) for each in (value if isinstance(value, list) else [value]))


def _read_one(parameter: Parameter, value: Any) -> Any:
    if parameter.type == ParameterType.PROMPTS:
        return read_prompts(value)
    if parameter.type == ParameterType.TARGET:
        return read_target(value)
    if not isinstance(value, Mapping):
        raise ValueError(value)
    return {str(outcome): read_target(target) for outcome, target in value.items()}
