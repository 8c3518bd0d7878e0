"""A goodbye: the last words, and the call ends."""

from __future__ import annotations

from typing import Unpack

from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.states.ready.common import Common


def goodbye(*texts: Prompt, **common: Unpack[Common]) -> State:
    """Return a state that says the last words, and hangs up.

    :param texts: what is said; the core's goodbye when left out.
    :param common: ``options``, ``on_error``, ``voice`` and ``language`` of the state.
    """
    return State([*texts] or Text(Texts.goodbye), **common)
