"""The menu before a deploy: sales on key 1, hours on 2, a survey on 3."""

from ivrkit import HOME, SAME, MenuOption, Routes, State, ask

_ROUTES = Routes({"1": SAME}, otherwise=HOME)

sales = State(ask("Here is sales."), _ROUTES, options=MenuOption(key="1", label="sales"))
hours = State(ask("We are open."), _ROUTES, options=MenuOption(key="2", label="our hours"))
survey = State(ask("Were you content?"), _ROUTES, options=MenuOption(key="3", label="a survey"))
