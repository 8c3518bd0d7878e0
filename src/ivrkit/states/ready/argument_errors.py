"""The errors for wrong arguments when code calls a state kind. Each error names the state kind and its parameters."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec

from ivrkit.errors import FlowError, nearest
from ivrkit.flow.model.state import State
from ivrkit.settings.convert import convert
from ivrkit.states.ready.common import StateArguments

P = ParamSpec("P")
#: The annotations whose values can be checked.
_PLAIN = (int, str, bool, str | None, int | None, str | Sequence[str], Mapping[str, str])


def named_errors(kind: Callable[P, State]) -> Callable[P, State]:
    """Decorate the function of a state kind. A wrong argument then raises a ``FlowError``, not a ``TypeError``.

    :param kind: the function, such as ``voicemail``.
    """

    @functools.wraps(kind)
    def make(*args: P.args, **kwargs: P.kwargs) -> State:
        try:
            return kind(*args, **kwargs)
        except (TypeError, AttributeError) as error:
            raise _explained(kind, args, kwargs, error) from error

    return make


def _explained(
    kind: Callable[..., State], args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception
) -> FlowError:
    """Return a ``FlowError`` that names the first wrong argument of a call.

    :param kind: the function of the state kind that was called.
    :param args: the positional arguments of the call.
    :param kwargs: the keyword arguments of the call.
    :param error: the error of the call. If no argument is wrong, the ``FlowError`` has the message of this error.
    """
    name, signature = kind.__name__, inspect.signature(kind)
    known = [each.name for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
    known += StateArguments.__annotations__
    hint = f"the parameters of {name} are: {', '.join(known)}"
    for each in kwargs:
        if each not in known:
            return FlowError(f"{name} has no parameter {each!r}{nearest(each, known)}", hint=hint)
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError as mismatch:
        return FlowError(f"{name}: {mismatch}", hint=hint)
    annotations = typing.get_type_hints(kind, include_extras=True)
    for each, value in given.items():
        if annotations[each] in _PLAIN:
            if callable(value):
                own_state = "for a value that depends on the call, write a State whose enter is a function"
                return FlowError(f"{name}: {each} must not be a function", hint=own_state)
            for problem in convert(value, annotations[each], (each,))[1]:
                return FlowError(f"{name}: {problem.message}", hint=problem.hint_in_code())
    return FlowError(f"{name}: {error}", hint=hint)
