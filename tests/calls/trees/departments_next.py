"""The menu after a deploy: the keys of sales and hours are exchanged, and the survey is gone."""

from ivrkit import HOME, SAME, MenuOption, Routes, State, ask

_ROUTES = Routes({"1": SAME}, otherwise=HOME)

hours = State(ask("We are open."), _ROUTES, options=MenuOption(key="1", label="our hours"))
sales = State(ask("Here is sales."), _ROUTES, options=MenuOption(key="2", label="sales"))
