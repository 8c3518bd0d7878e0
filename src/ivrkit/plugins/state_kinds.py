"""The state kinds that plugins offer for TOML states.

A state kind is a function that makes a state. The parameters of the function are the keys of a TOML table.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import EllipsisType
from typing import Any

from ivrkit.errors import IvrkitError, Problems
from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.routes import Goto
from ivrkit.flow.model.state import Owner, State
from ivrkit.plugin_errors import describe_error, describe_value, plugin_errors
from ivrkit.plugins.problems import leave_out, plugin_problem
from ivrkit.settings.describe import example_of, in_words
from ivrkit.settings.docstrings import descriptions_of
from ivrkit.settings.setting import settings_of
from ivrkit.settings.setting_type import SINGLE_ALLOWED
from ivrkit.settings.state_settings import StateSettings
from ivrkit.settings.toml_keys import COMMON_KEYS

#: The key of a variadic parameter such as ``*texts``.
TEXT_KEY = "text"
_FUNCTION_HINT = "write a function with annotated parameters that returns a State"


class ParameterType(Enum):
    """The four types of parameters of a state kind. The type decides how a value is read from TOML."""

    PROMPTS = "prompts"
    TARGET = "target"
    TARGETS = "targets"
    VALUE = "value"


_DESCRIPTIONS = {
    ParameterType.TARGET: "the name of a state, HOME, BACK, SAME or HANG UP, or { to = ..., say = ... }",
    ParameterType.TARGETS: "a table of outcomes and their targets",
}
_EXAMPLES: Mapping[ParameterType, Any] = {
    ParameterType.PROMPTS: "Hello.",
    ParameterType.TARGET: "HOME",
    ParameterType.TARGETS: {"1": "HOME"},
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a state kind, which is a key of a TOML table.

    :param key: the key in a TOML table.
    :param name: the name of the parameter in the function.
    :param type: the parameter type, which decides how a value is read from TOML.
    :param annotation: the annotation of the parameter. If ``type`` is ``VALUE``, values are converted to this
        annotation.
    :param required: whether the TOML table must have the key.
    :param default: the default, or ``None`` if the parameter has no default.
    :param description: the description of the parameter, from the docstring of the function.
    :param is_variadic: whether the parameter takes any number of values, such as ``*texts``.
    """

    key: str
    name: str
    type: ParameterType
    annotation: Any
    required: bool
    default: Any
    description: str
    is_variadic: bool = False

    def in_words(self) -> str:
        """Return a description of the valid values, in a form that can follow "must be" in a message."""
        if self.type == ParameterType.PROMPTS:
            return "a text, { play = ... }, { pause = ... }, or a list of these"
        words = _DESCRIPTIONS.get(self.type) or in_words(self.annotation)
        return f"{words}, or a list of these" if self.is_variadic else words

    def example(self) -> Any:
        """Return a valid value for a TOML file."""
        return _EXAMPLES[self.type] if self.type in _EXAMPLES else example_of(self.annotation_of_key())

    def annotation_of_key(self) -> Any:
        """Return the type that a value of the TOML key must have.

        For a parameter such as ``*texts``, the value may be a list or a single value.
        """
        values: Any = tuple.__class_getitem__((self.annotation, ...))
        return typing.Annotated[values, SINGLE_ALLOWED] if self.is_variadic else self.annotation


@dataclass(frozen=True, slots=True)
class StateKind:
    """One state kind, such as ``message``.

    :param name: the name of the state kind. The key ``kind`` of a TOML table has this name as its value.
    :param owner: the plugin that offers the state kind.
    :param function: the function that makes a state of this kind.
    :param parameters: TOML key -> parameter of the function.
    :param description: the first paragraph of the function's docstring.
    """

    name: str
    owner: Owner
    function: Callable[..., State]
    parameters: Mapping[str, Parameter]
    description: str


class StateKinds:
    """The state kinds of all plugins.

    :param problems: the collection to which problems are added.
    """

    hook = "ivrkit_register_kinds"

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._kinds: dict[str, StateKind] = {}

    def all(self) -> Mapping[str, StateKind]:
        """Return all state kinds as a mapping: name -> state kind."""
        return self._kinds

    def add(self, owner: Owner, offered: Any) -> None:
        """Add the state kinds that a plugin offers. Record a problem for each invalid kind.

        :param owner: the plugin.
        :param offered: the return value of the plugin's hook ``ivrkit_register_kinds``.
        :raises IvrkitError: if the return value is not a dict.
        """
        if not isinstance(offered, Mapping):
            hint = "return a dict: kind -> function that returns a State"
            raise IvrkitError(f"it must return a dict, not {describe_value(offered)}", hint=hint)
        for name, function in offered.items():
            if not isinstance(name, str) or not name.strip():
                message = f"the name of its state kind must be a text, not {describe_value(name)}"
                self._problems.add(plugin_problem(owner, message, 'name the kind: {"opening-hours": ...}'))
            # The core is loaded first, so a plugin cannot replace a kind of the core.
            elif name in self._kinds:
                message = f"the state kind {name!r} is offered by two plugins: {self._kinds[name].owner} and {owner}"
                self._problems.error(message, leave_out(owner), owner=owner.plugin)
            else:
                try:
                    self._kinds[name] = make_state_kind(name, function, owner)
                except IvrkitError as error:
                    message = f"its state kind {name!r} cannot be used: {describe_error(error)}"
                    self._problems.add(plugin_problem(owner, message, error.hint))


def make_state_kind(name: str, function: Any, owner: Owner) -> StateKind:
    """Return the state kind of a function.

    :param name: the name of the state kind.
    :param function: the function that makes a state of this kind.
    :param owner: the plugin that offers the state kind.
    :raises IvrkitError: if a parameter of the function cannot be a key of a TOML table, or if ``function`` is not a
        function.
    """
    if not inspect.isfunction(function):
        raise IvrkitError(f"it must be a function, not {describe_value(function)}", hint=_FUNCTION_HINT)
    try:
        # The extras are the constraints in Annotated, which are checked when a TOML file is read.
        annotations = typing.get_type_hints(function, include_extras=True)
    except plugin_errors() as error:  # Annotations are code, which may raise anything.
        raise IvrkitError(
            f"its annotations cannot be resolved: {describe_error(error)}", hint="import the names in them"
        ) from error
    descriptions = descriptions_of(function)
    parameters: dict[str, Parameter] = {}
    for each in inspect.signature(function).parameters.values():
        # The names of **kwargs are unknown, and a table that takes any key would hide misspelled ones.
        if each.kind is each.VAR_KEYWORD:
            continue
        if each.name not in annotations:
            raise IvrkitError(f"its parameter {each.name!r} must have an annotation", hint=_FUNCTION_HINT)
        parameter = _make_parameter(each, annotations[each.name], descriptions.get(each.name, ""))
        if parameter is None:
            if each.default is each.empty and each.kind is not each.VAR_POSITIONAL:
                raise IvrkitError(
                    f"its parameter {each.name!r} must have a default, because a TOML file cannot hold a function",
                    hint="give it a default",
                )
            continue
        # Otherwise the value would be read twice: as an argument of the function, and as an attribute of the state.
        if parameter.key in COMMON_KEYS or parameter.key in settings_of(StateSettings):
            message = f"its parameter {each.name!r} has the name of a key that every state has"
            raise IvrkitError(message, hint="rename the parameter")
        if parameter.key in parameters:
            names = f"{parameters[parameter.key].name!r} and {each.name!r}"
            message = f"its parameters {names} have the same key, {parameter.key!r}"
            raise IvrkitError(message, hint="rename the first of them")
        parameters[parameter.key] = parameter
    summary = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    return StateKind(name, owner, function, parameters, summary)


def _make_parameter(parameter: inspect.Parameter, annotation: Any, description: str) -> Parameter | None:
    """Return a parameter of a state kind, or ``None`` if the parameter takes a function.

    :param parameter: the parameter in the signature of the state kind's function.
    :param annotation: the evaluated annotation of the parameter.
    :param description: the description of the parameter, from the docstring of the function.
    """
    members = _union_members(annotation)
    if any(_is_function(member) for member in members):
        return None
    is_variadic = parameter.kind is parameter.VAR_POSITIONAL
    has_default = parameter.default is not parameter.empty
    return Parameter(
        key=TEXT_KEY if is_variadic else parameter.name,
        name=parameter.name,
        type=_type_of(members),
        annotation=_without_ellipsis(members),
        required=not has_default and not is_variadic,
        default=parameter.default if has_default else None,
        description=description,
        is_variadic=is_variadic,
    )


def _type_of(members: tuple[Any, ...]) -> ParameterType:
    """Return the parameter type for an annotation. It is ``VALUE`` for anything except prompts and targets.

    :param members: the members of an annotation that is a union. For any other annotation, a tuple with the annotation.
    """
    if {*members} >= {*typing.get_args(Prompt)}:
        return ParameterType.PROMPTS
    if Goto in members:
        return ParameterType.TARGET
    # Targets by outcome are a Mapping[str, Target], whose second argument is a union with Goto.
    if any(Goto in _union_members(argument) for member in members for argument in typing.get_args(member)):
        return ParameterType.TARGETS
    return ParameterType.VALUE


def _union_members(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union. For any other annotation, return a tuple that contains only this annotation."""
    # Optional[X] is a typing.Union, and X | None is a types.UnionType before Python 3.14.
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _without_ellipsis(members: tuple[Any, ...]) -> Any:
    """Return the union of the given types. The type of ``...`` is left out, because TOML has no such value."""
    kept = tuple(member for member in members if member is not EllipsisType)
    return typing.Union[kept]  # noqa: UP007  the members are a tuple


def _is_function(annotation: Any) -> bool:
    # A Callable without arguments has no origin, so it is compared with Callable directly.
    return annotation is Callable or typing.get_origin(annotation) is typing.get_origin(Callable[..., Any])
