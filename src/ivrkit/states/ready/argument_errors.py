"""Errors for wrong arguments of state kinds in code. They name the state kind and its parameters."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

from ivrkit.errors import FlowError, nearest
from ivrkit.flow.model.state import State
from ivrkit.plugins.state_kinds import Parameter, ParameterType, make_parameters
from ivrkit.settings.convert import convert
from ivrkit.states.ready.common import StateArguments

P = ParamSpec("P")


def named_errors(kind: Callable[P, State]) -> Callable[P, State]:
    """Make a state kind raise a :class:`~ivrkit.FlowError` for a wrong argument, in place of Python's ``TypeError``.

    The arguments are examined only after a failure, so that a correct call costs nothing.
    """

    @functools.wraps(kind)
    def make(*args: P.args, **kwargs: P.kwargs) -> State:
        try:
            return kind(*args, **kwargs)
        except (TypeError, AttributeError) as error:
            raise _explained(kind, args, kwargs, error) from error

    return make
