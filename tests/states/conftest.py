"""A phone tree with a state of a ready-made state kind, and a caller that the engine answers."""

from dataclasses import replace

import pytest
from tests.flow.conftest import call, tree  # noqa: F401  fixtures are found by their names

from ivrkit import Menu, MenuOption, State


@pytest.fixture
def at(call):  # noqa: F811  the fixture itself
    """Return a function that makes a caller and brings them to the state ``it`` through the menu.

    With ``start`` the call begins in another state, and the caller presses nothing.
    """

    def make(state, *, start="menu", states=None, **rules):
        state = replace(state, options=MenuOption("7", "it"))
        known = {"menu": State(Menu("Menu.", repeat=None)), "it": state, "there": State("There.")}
        caller = call({**known, **(states or {})}, start=start, **rules)
        return caller.press("7") if start == "menu" else caller

    return make
