"""A menu: a sub-menu of the states whose options hang in it."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import Unpack

from ivrkit.flow.exits import Exits
from ivrkit.flow.recipes import Menu, Words
from ivrkit.flow.state import State
from ivrkit.flow.targets import Target
from ivrkit.states.ready.common import Common


def menu(
    *texts: Words,
    repeat: str | None = "9",
    exits: Mapping[str, Target] | None = None,
    otherwise: Target | EllipsisType = ...,
    tries: int | None = None,
    give_up: Target = None,
    **common: Unpack[Common],
) -> State:
    """Return a menu; a state is in it whose ``MenuOption`` names it.

    :param texts: what is said before the options.
    :param repeat: the key that reads the menu again, ``None`` for no such key.
    :param exits: more keys and outcomes, and where they lead; nothing is said of them.
    :param otherwise: where every other key, and silence, leads.
    :param tries: how many silences, or wrong keys, it takes; the setting ``tries`` when left out.
    :param give_up: where the call goes after them; the way out when left out.
    :param common: ``options``, ``fallback``, ``voice`` and ``language`` of the state.
    """
    return State(Menu(*texts, repeat=repeat), Exits(exits or {}, otherwise, tries, give_up), **common)
