"""States that are written without code: each a table with a ``kind``, made by that kind's function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ivrkit.errors import Fault, IvrkitError, nearest
from ivrkit.flow.state import MenuOption, Owner, State
from ivrkit.flow.text import Text
from ivrkit.flow.written import read_target, read_words
from ivrkit.hookspecs import hookimpl
from ivrkit.loading.convert import converted
from ivrkit.loading.faults import CAUGHT, told
from ivrkit.loading.plugin_settings import AlreadyTold
from ivrkit.loading.state_kinds import (
    OF_EVERY_STATE,
    TARGET,
    TARGETS,
    WORDS,
    Parameter,
    StateKind,
    StateKinds,
)
from ivrkit.settings import KIND, STATE_KINDS

#: The keys of a menu option.
_OPTION = ("key", "label", "line", "phrases", "menu")
#: The keys of a table that are looked at elsewhere: what a team decides about any state.
DECIDED = tuple(key for key in STATE_KINDS if key not in OF_EVERY_STATE)


class TablesOfStates:
    """A plugin whose states are tables of a file.

    :param owner: the file.
    :param tables: name -> table.
    :param place: tells where a key of a table stands, as an error begins with it.
    :param kinds: the kinds that there are, once the states are asked for.
    :param faults: where faults are collected.
    :param decided: the keys of a table that are looked at elsewhere.
    """

    def __init__(
        self,
        owner: Owner,
        tables: Mapping[str, Mapping[str, Any]],
        place: Callable[..., str],
        kinds: StateKinds,
        faults: list[Fault],
        decided: Collection[str] = (),
    ) -> None:
        self._owner = owner
        self._tables = tables
        self._place = place
        self._kinds = kinds
        self._faults = faults
        self._decided = decided

    @hookimpl
    def ivrkit_register_states(self) -> Mapping[str, Callable[[], State]]:
        """Offer a state for each table."""
        return {name: self._maker(name, table) for name, table in self._tables.items()}

    def _maker(self, name: str, table: Mapping[str, Any]) -> Callable[[], State]:
        def make() -> State:
            making = _Making(self._owner, name, table, self._place, self._decided)
            state = making.state(self._kinds.all())
            self._faults.extend(making.faults)
            if state is None:
                raise AlreadyTold
            return state

        return make


class _Making:
    """One table on its way to a state: ``faults`` collects what is wrong with it."""

    def __init__(
        self,
        owner: Owner,
        name: str,
        table: Mapping[str, Any],
        place: Callable[..., str],
        decided: Collection[str],
    ) -> None:
        self._owner = owner
        self._name = name
        self._table = table
        self._place = place
        self._decided = decided
        self.faults: list[Fault] = []

    def state(self, kinds: Mapping[str, StateKind]) -> State | None:
        """Return the state, ``None`` where something is wrong."""
        kind = kinds.get(self._table[KIND]) if isinstance(self._table[KIND], str) else None
        if kind is None:
            wrong = self._table[KIND]
            near = nearest(str(wrong), kinds)
            self._refuse((KIND,), f"states.{self._name}.kind is {wrong!r}{near}", f"there are: {', '.join(kinds)}")
            return None
        self._refuse_unknown(kind)
        positional, named = self._arguments(kind)
        common = dict(self._common())
        if self.faults:
            return None
        try:
            return replace(kind.function(*positional, **named), **common)
        except CAUGHT as error:
            self._refuse((), f"states.{self._name}: {told(error)}", getattr(error, "hint", "") or self._takes(kind))
            return None

    def _refuse(self, keys: tuple[str, ...], message: str, hint: str) -> None:
        where = self._place("states", self._name, *keys)
        self.faults.append(Fault(f"{where}{message}", hint, self._owner.plugin, self._name))

    def _takes(self, kind: StateKind) -> str:
        own = ", ".join(kind.parameters) or "nothing of its own"
        return f"the kind {kind.name!r} takes: {own}; and every state: {', '.join(OF_EVERY_STATE)}"

    def _refuse_unknown(self, kind: StateKind) -> None:
        known = [*kind.parameters, *OF_EVERY_STATE, *self._decided]
        for key in self._table:
            if key not in known:
                self._refuse((key,), f"unknown key 'states.{self._name}.{key}'{nearest(key, known)}", self._takes(kind))
        for key, parameter in kind.parameters.items():
            if parameter.required and key not in self._table:
                hint = f"write it: {key} = ...; it takes {parameter.in_words()}"
                self._refuse((), f"states.{self._name} has no {key!r}, which the kind {kind.name!r} needs", hint)

    def _arguments(self, kind: StateKind) -> tuple[list[Any], dict[str, Any]]:
        """Return what the kind's function is given; parameters before ``*texts`` go by their places."""
        named: dict[str, Any] = {}
        spread: list[Any] = []
        for key, parameter in kind.parameters.items():
            if key not in self._table:
                continue
            try:
                value = _read(parameter, self._table[key])
            except (ValueError, TypeError, IvrkitError) as error:
                hint = getattr(error, "hint", "") or f"it takes {parameter.in_words()}"
                self._refuse((key,), f"states.{self._name}.{key} is {self._table[key]!r}", hint)
                continue
            if parameter.spread:
                spread = list(value)
            else:
                named[key] = value
        leading = [] if not spread else list(_before_spread(kind))
        return [*(named.pop(key, kind.parameters[key].default) for key in leading), *spread], named

    def _common(self) -> Iterator[tuple[str, Any]]:
        """Return what every state has: its options, voice, language and fallback."""
        for name in ("voice", "language", "fallback"):
            if name in self._table:
                yield name, self._plain(name, str)
        tables = [{key: self._table[key] for key in _OPTION if key in self._table}]
        more = self._table.get("options", [])
        if not isinstance(more, list) or not all(isinstance(each, Mapping) for each in more):
            self._refuse(("options",), f"states.{self._name}.options is {more!r}", "it takes a list of tables")
            return
        options = [self._option(table) for table in (*tables, *more) if table]
        if options:
            yield "options", tuple(each for each in options if each is not None)

    def _plain(self, key: str, kind: Any) -> Any:
        value = self._table[key]
        if not isinstance(value, kind):
            self._refuse((key,), f"states.{self._name}.{key} is {value!r}", "it takes a text")
        return value

    def _option(self, table: Mapping[str, Any]) -> MenuOption | None:
        """Return a menu option; its words are texts that can be translated."""
        given = {"label": self._name.replace("-", " ").replace("_", " "), **table}
        unknown = [key for key in table if key not in _OPTION]
        try:
            if unknown:
                raise IvrkitError(f"it has {unknown[0]!r}{nearest(unknown[0], _OPTION)}", hint="")
            if "key" not in table:
                raise IvrkitError("it has no key", hint='write it: key = "4"')
            phrases = converted(given.pop("phrases", []), list[str] | str)
            given |= {name: Text(given[name]) for name in ("label", "line") if isinstance(given.get(name), str)}
            spoken = (phrases,) if isinstance(phrases, str) else phrases
            return MenuOption(**given, phrases=tuple(map(Text, spoken)))
        except (ValueError, TypeError, IvrkitError) as error:
            hint = getattr(error, "hint", "") or f"an option has: {', '.join(_OPTION)}"
            self._refuse((), f"states.{self._name}, its menu option: {told(error)}", hint)
            return None


def _before_spread(kind: StateKind) -> Iterator[str]:
    """Return the parameters that stand before ``*texts``."""
    for key, parameter in kind.parameters.items():
        if parameter.spread:
            return
        yield key


def _read(parameter: Parameter, value: Any) -> Any:
    """Return a value of a table as a kind's function takes it.

    :raises ValueError: for what it does not take.
    :raises IvrkitError: the same, with a mend of its own.
    """
    if parameter.takes == WORDS:
        return read_words(value)
    if parameter.takes == TARGET:
        return read_target(value)
    if parameter.takes == TARGETS:
        if not isinstance(value, Mapping):
            raise ValueError(value)
        return {str(outcome): read_target(target) for outcome, target in value.items()}
    return converted(value, parameter.annotation)
