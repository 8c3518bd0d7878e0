"""The state kind ``goodbye``: say goodbye and hang up."""

from __future__ import annotations

from typing import Unpack

from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.states.ready.argument_errors import named_errors
from ivrkit.states.ready.common import StateArguments


@named_errors
def goodbye(*texts: Prompt, **state_arguments: Unpack[StateArguments]) -> State:
    """Return a state that says goodbye and hangs up.

    :param texts: the last prompts of the call; by default the core's text ``goodbye``.
    :param state_arguments: ``options``, ``on_error``, ``voice`` and ``language`` of :class:`~ivrkit.State`.
    """
    return State([*texts] or Text(Texts.goodbye), **state_arguments)
