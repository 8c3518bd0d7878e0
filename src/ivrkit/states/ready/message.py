"""A message: something is said, and the call goes on."""

from __future__ import annotations

from typing import Unpack

from ivrkit.errors import FlowError
from ivrkit.flow.model.prompts import Prompt, ask
from ivrkit.flow.model.routes import HOME, Target
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.states.ready.common import Common, check_repeat, heard_again, key_in_words, pressed


def message(*texts: Prompt, then: Target = HOME, repeat: str | None = None, **common: Unpack[Common]) -> State:
    """Return a state that says something, and goes on.

    :param texts: what is said.
    :param then: where the call goes on; the menu that the caller came from when left out.
    :param repeat: the key that lets it be heard again, which the caller is then told; any other key, or none, goes on.
    :param common: ``options``, ``on_error``, ``voice`` and ``language`` of the state.
    :raises FlowError: for no words, and for a key that no telephone has.
    """
    if not texts:
        raise FlowError("message says nothing", hint="give it words: a text, a Say, a Play or a Pause")
    if repeat is None:
        return State([*texts], then, **common)
    check_repeat("message", repeat)
    again = Text(Texts.repeat, key=key_in_words(repeat))
    return State(ask(*texts, again, **pressed(repeat)), heard_again(repeat, then), **common)
