"""The menu in the next release: sales and hours have changed places, and there is no survey any more."""

from ivrkit import HOME, SAME, MenuOption, Routes, State, ask

_AGAIN = Routes({"1": SAME}, otherwise=HOME)

hours = State(ask("We are open."), _AGAIN, options=MenuOption(key="1", label="our hours"))
sales = State(ask("Here is sales."), _AGAIN, options=MenuOption(key="2", label="sales"))
