"""The state kind ``message``: say something and go on."""

from __future__ import annotations

from typing import Unpack

from ivrkit.errors import FlowError
from ivrkit.flow.model.prompts import Prompt, ask
from ivrkit.flow.model.routes import HOME, Target
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts, spoken_keys
from ivrkit.states.ready.argument_errors import named_errors
from ivrkit.states.ready.common import (
    StateArguments,
    check_repeat_key,
    gather_attributes,
    repeat_routes,
)


@named_errors
def message(
    *texts: Prompt, then: Target = HOME, repeat: str | None = None, **state_arguments: Unpack[StateArguments]
) -> State:
    """Return a state that says something and goes on.

    :param texts: the prompts.
    :param then: the next target; by default the menu that the caller came from.
    :param repeat: the phone key that repeats the message, or ``None`` for no such key. With a key, the last prompt
        names the key, and any other key and silence lead to ``then``.
    :param state_arguments: ``options``, ``on_error``, ``voice`` and ``language`` of :class:`~ivrkit.State`.
    :raises FlowError: if there are no prompts, or if the key ``repeat`` is invalid.
    """
    if not texts:
        raise FlowError("message must have a text", hint="add a text, a Say, a Play or a Pause")
    if repeat is None:  # no need to wait for a key
        return State([*texts], then, **state_arguments)
    check_repeat_key("message", repeat)
    repeat_text = Text(Texts.repeat, key=spoken_keys(repeat))
    return State(ask(*texts, repeat_text, **gather_attributes(repeat)), repeat_routes(repeat, then), **state_arguments)
