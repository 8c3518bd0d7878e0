"""A message: something is said, and the call goes on."""

from __future__ import annotations

from typing import Unpack

from ivrkit.flow.exits import Exits
from ivrkit.flow.recipes import Words, ask
from ivrkit.flow.state import State
from ivrkit.flow.targets import HOME, SAME, Target
from ivrkit.flow.text import Text, Texts
from ivrkit.states.ready.common import Common, key_in_words


def message(*texts: Words, then: Target = HOME, repeat: str | None = None, **common: Unpack[Common]) -> State:
    """Return a state that says something, and goes on.

    :param texts: what is said.
    :param then: where the call goes on; the menu that the caller came from when left out.
    :param repeat: the key that lets it be heard again, which the caller is then told; any other key, or none, goes on.
    :param common: ``options``, ``fallback``, ``voice`` and ``language`` of the state.
    """
    if repeat is None:
        return State([*texts], then, **common)
    again = Text(Texts.repeat, key=key_in_words(repeat))
    return State(ask(*texts, again), Exits({repeat: SAME}, otherwise=then), **common)
