"""A menu: a sub-menu of the states whose options hang in it."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import Unpack

from ivrkit.flow.model.prompts import Menu, Prompt
from ivrkit.flow.model.routes import Routes, Target
from ivrkit.flow.model.state import State
from ivrkit.states.ready.common import Common


def menu(
    *texts: Prompt,
    repeat: str | None = "9",
    routes: Mapping[str, Target] | None = None,
    otherwise: Target | EllipsisType = ...,
    tries: int | None = None,
    give_up: Target = None,
    **common: Unpack[Common],
) -> State:
    """Return a menu; a state is in it whose ``MenuOption`` names it.

    :param texts: what is said before the options.
    :param repeat: the key that reads the menu again, ``None`` for no such key.
    :param routes: more keys and outcomes, and where they lead; nothing is said of them.
    :param otherwise: where every other key, and silence, leads.
    :param tries: how many silences, or wrong keys, it takes; the setting ``tries`` when left out.
    :param give_up: where the call goes after them; the operator when left out.
    :param common: ``options``, ``on_error``, ``voice`` and ``language`` of the state.
    """
    return State(Menu(*texts, repeat=repeat), Routes(routes or {}, otherwise, tries, give_up), **common)
