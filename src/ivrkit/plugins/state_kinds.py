"""The kinds of states that plugins offer for tables, each a function whose parameters are the keys of a table."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import EllipsisType
from typing import Any

from ivrkit.errors import IvrkitError, Problem, Problems
from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.routes import Goto
from ivrkit.flow.model.state import Owner, State
from ivrkit.plugins.problems import leave_out, plugin_problem
from ivrkit.settings.describe import in_words
from ivrkit.settings.docstrings import descriptions_of
from ivrkit.settings.setting import settings_of
from ivrkit.settings.setting_type import SINGLE_ALLOWED
from ivrkit.settings.state_settings import StateSettings
from ivrkit.settings.toml_keys import COMMON_KEYS

#: The key of what a kind is given one by one, whatever its parameter is called.
TEXT = "text"
#: How a kind is written.
HINT = "name a function with annotated parameters that returns a State"


class ParameterType(Enum):
    """The way in which the value of a key is read."""

    PROMPTS = "prompts"
    TARGET = "target"
    TARGETS = "targets"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key of a kind.

    :param key: its name in a table.
    :param name: its name in the function.
    :param type: how its value is read.
    :param annotation: the annotation of the parameter, for a type of ``VALUE``.
    :param required: whether it has to be there.
    :param default: what it is when left out.
    :param description: as the function's docstring has it.
    :param spread: whether it is given one by one.
    """

    key: str
    name: str
    type: ParameterType
    annotation: Any
    required: bool
    default: Any
    description: str
    spread: bool = False

    def in_words(self) -> str:
        """Return what it takes, for whoever writes it."""
        if self.type == ParameterType.PROMPTS:
            return "a text, { play = ... }, { pause = ... }, or a list of these"
        told = {
            ParameterType.TARGET: "the name of a state, HOME, BACK, SAME or HANG UP, or { to = ..., say = ... }",
            ParameterType.TARGETS: "a table of outcomes, each with where it leads",
        }.get(self.type) or in_words(self.annotation)
        return f"{told}, or a list of these" if self.spread else told

    def annotation_of_key(self) -> Any:
        """Return the type of the key, which may be a list of the values that are given one by one."""
        values: Any = tuple.__class_getitem__((self.annotation, ...))
        return typing.Annotated[values, SINGLE_ALLOWED] if self.spread else self.annotation


@dataclass(frozen=True, slots=True)
class StateKind:
    """One kind of states.

    :param name: what a table calls it.
    :param owner: the plugin that offers it.
    :param function: makes a state.
    :param parameters: key -> parameter.
    :param description: the first sentence of its docstring.
    """

    name: str
    owner: Owner
    function: Callable[..., State]
    parameters: Mapping[str, Parameter]
    description: str


class StateKinds:
    """The kinds that are there.

    :param problems: where problems are collected.
    """

    hook = "ivrkit_register_kinds"

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._kinds: dict[str, StateKind] = {}

    def all(self) -> Mapping[str, StateKind]:
        """Return the kinds by their names."""
        return self._kinds

    def add(self, owner: Owner, offered: Any) -> None:
        """Take in what a plugin offers.

        :raises IvrkitError: when that is no table of functions.
        """
        if not isinstance(offered, Mapping):
            raise IvrkitError(
                f"it must return a dict, not {offered!r}", hint="return a dict: kind -> function that returns a State"
            )
        for name, function in offered.items():
            if not isinstance(name, str) or not name.strip():
                problem = plugin_problem(
                    owner, f"it offers a kind called {name!r}", 'give it a name: {"opening-hours": ...}'
                )
                self._problems.add(problem)
                continue
            other = self._kinds.get(name)
            if other is not None:
                message = f"the kind {name!r} is offered by two plugins: {other.owner} and {owner}"
                self._problems.add(Problem(message, leave_out(owner), owner=owner.plugin))
                continue
            try:
                self._kinds[name] = read_kind(name, function, owner)
            except IvrkitError as error:
                self._problems.add(
                    plugin_problem(owner, f"its kind {name!r} can't be used: {error.message}", error.hint)
                )


def read_kind(name: str, function: Any, owner: Owner) -> StateKind:
    """Return what a function is as a kind.

    :raises IvrkitError: when it is none.
    """
    if not inspect.isfunction(function):
        raise IvrkitError(f"it is {function!r}", hint=HINT)
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:  # they are code, which may raise anything
        raise IvrkitError(f"its annotations can't be looked up: {error}", hint="import what they name") from error
    descriptions = descriptions_of(function)
    parameters: dict[str, Parameter] = {}
    for each in inspect.signature(function).parameters.values():
        if each.kind is each.VAR_KEYWORD:
            continue
        if each.name not in hints:
            raise IvrkitError(f"its parameter {each.name!r} has no annotation", hint=HINT)
        made = _parameter(each, hints[each.name], descriptions.get(each.name, ""))
        if made is None:
            if each.default is each.empty and each.kind is not each.VAR_POSITIONAL:
                hint = "a table has no functions: give it a default"
                raise IvrkitError(f"its parameter {each.name!r} takes a function, and has to be given", hint=hint)
            continue
        if made.key in COMMON_KEYS or made.key in settings_of(StateSettings):
            hint = "every state has that key: give the parameter another name"
            raise IvrkitError(f"its parameter {each.name!r} is none of its own", hint=hint)
        if made.key in parameters:
            names = f"{parameters[made.key].name!r} and {each.name!r}"
            raise IvrkitError(f"its parameters {names} are both the key {made.key!r}", hint="rename the first of them")
        parameters[made.key] = made
    first = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    return StateKind(name, owner, function, parameters, first)


def _parameter(parameter: inspect.Parameter, annotation: Any, description: str) -> Parameter | None:
    """Return a parameter as a key, ``None`` for one that takes a function."""
    parts = _parts_of(annotation)
    if any(_is_function(part) for part in parts):
        return None
    spread = parameter.kind is parameter.VAR_POSITIONAL
    default = parameter.default
    return Parameter(
        key=TEXT if spread else parameter.name,
        name=parameter.name,
        type=_type_of(parts),
        annotation=_without_ellipsis(parts),
        required=default is parameter.empty and not spread,
        default=None if default is parameter.empty else default,
        description=description,
        spread=spread,
    )


def _type_of(parts: tuple[Any, ...]) -> ParameterType:
    if {*parts} >= {*typing.get_args(Prompt)}:
        return ParameterType.PROMPTS
    if Goto in parts:
        return ParameterType.TARGET
    if any(Goto in _parts_of(argument) for part in parts for argument in typing.get_args(part)):
        return ParameterType.TARGETS
    return ParameterType.VALUE


def _parts_of(annotation: Any) -> tuple[Any, ...]:
    """Return what an annotation is, each part of a union by itself."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _without_ellipsis(parts: tuple[Any, ...]) -> Any:
    kept = tuple(part for part in parts if part is not EllipsisType)
    return typing.Union[kept]  # noqa: UP007  it is made of a tuple


def _is_function(part: Any) -> bool:
    return part is Callable or typing.get_origin(part) is typing.get_origin(Callable[..., Any])
