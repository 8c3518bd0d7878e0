"""A menu as it is in one release: sales at 1, hours at 2, and a survey at 3."""

from ivrkit import HOME, SAME, MenuOption, Routes, State, ask

_AGAIN = Routes({"1": SAME}, otherwise=HOME)

sales = State(ask("Here is sales."), _AGAIN, options=MenuOption(key="1", label="sales"))
hours = State(ask("We are open."), _AGAIN, options=MenuOption(key="2", label="our hours"))
survey = State(ask("Were you content?"), _AGAIN, options=MenuOption(key="3", label="a survey"))
