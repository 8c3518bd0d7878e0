"""A plugin that behaves well. It leads each call to the evil state that the called number names."""

from tests.attack.cells import cell_of

from ivrkit import HOME, MenuOption, Routes, State, ask, hookimpl

fine = State(ask("Fine."), Routes({"1": HOME}), options=MenuOption("2", "fine"))


@hookimpl
def ivrkit_choose_start(call):
    """Begin the call in the state for the place that the called number names."""
    place, _ = cell_of(call.to)
    return f"bad-{place}".replace(" ", "-") if place and place != "choose_start" else None
