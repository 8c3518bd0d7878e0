"""The state kind ``menu``: a submenu."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import Unpack

from ivrkit.flow.model.prompts import Menu, Prompt
from ivrkit.flow.model.routes import Routes, Target
from ivrkit.flow.model.state import State
from ivrkit.states.ready.argument_errors import named_errors
from ivrkit.states.ready.common import StateArguments


@named_errors
def menu(
    *texts: Prompt,
    repeat: str | None = "9",
    routes: Mapping[str, Target] | None = None,
    otherwise: Target | EllipsisType = ...,
    tries: int | None = None,
    give_up: Target = None,
    **state_arguments: Unpack[StateArguments],
) -> State:
    """Return a submenu. Its options are the states with a ``MenuOption`` that names the submenu.

    :param texts: the prompts before the options.
    :param repeat: the key that repeats the menu, or ``None`` for no such key.
    :param routes: key or outcome -> target, for more keys and outcomes. The menu does not say these keys.
    :param otherwise: the target for any other key and for silence.
    :param tries: the number of silences, or of invalid keys, at which the call goes to ``give_up``; by default the
        setting ``tries``.
    :param give_up: the target for a caller who has used up the tries; by default the operator.
    :param state_arguments: ``options``, ``on_error``, ``voice`` and ``language`` of :class:`~ivrkit.State`.
    """
    return State(Menu(*texts, repeat=repeat), Routes(routes or {}, otherwise, tries, give_up), **state_arguments)
