"""A tree of states made by kinds, and the engine's caller to it."""

from dataclasses import replace

import pytest
from tests.flow.conftest import call, tree  # noqa: F401  fixtures are found by their names

from ivrkit import Menu, MenuOption, State


@pytest.fixture
def at(call):  # noqa: F811  the fixture itself
    """Return a function that brings a caller to a state ``it`` by a menu, or to where the call begins instead."""

    def make(state, *, start="menu", states=None, **rules):
        state = replace(state, options=MenuOption("7", "it"))
        known = {"menu": State(Menu("Menu.", repeat=None)), "it": state, "there": State("There.")}
        caller = call({**known, **(states or {})}, start=start, **rules)
        return caller.press("7") if start == "menu" else caller

    return make
