"""Somebody who calls a menu and wants sales, whatever key it has at the moment."""

import re

from tests.calls.servers import MENU

from ivrkit import Texts
from ivrkit.simulator import SimulatedCall, Simulator

HERE_IS_SALES, WE_ARE_OPEN, SURVEY = "Here is sales.", "We are open.", "Were you content?"
_OPTION = re.compile(r"For ([a-z ]+), press (\w+)\.")
_APOLOGY = Texts().apology
_KEYS = {"one": "1", "two": "2", "three": "3"}


def options(heard: str) -> dict[str, str]:
    """Return the options of the menu that was heard, label -> key; none of whatever is no menu."""
    return {label: _KEYS[key] for label, key in _OPTION.findall(heard)}


class Shopper:
    """A call to the menu.

    :param number: what is called.
    """

    def __init__(self, number: Simulator) -> None:
        self.call: SimulatedCall = number.call(to=MENU)
        #: What went wrong, ``""`` for nothing.
        self.wrong = ""

    def goes_on(self) -> None:
        """Choose sales in the menu, or go back to it; complain of whatever is neither."""
        wanted = options(self.call.heard_last).get("sales")
        self.call.press(wanted or "9")
        heard = self.call.heard_last
        # Whoever is cut off hears an apology, and again the state where they were.
        at_home = options(heard) or (HERE_IS_SALES in heard and (wanted or _APOLOGY in heard))
        if self.call.ended or not at_home:
            self.wrong = self.call.transcript()
