"""A simulated caller of a menu who chooses sales again and again, on whichever key the menu names."""

import re

from tests.calls.servers import MENU

from ivrkit import Texts
from ivrkit.simulator import SimulatedCall, Simulator

HERE_IS_SALES, WE_ARE_OPEN, SURVEY = "Here is sales.", "We are open.", "Were you content?"
_OPTION = re.compile(r"For ([a-z ]+), press (\w+)\.")
_APOLOGY = Texts().apology
_KEYS = {"one": "1", "two": "2", "three": "3"}


def options(heard: str) -> dict[str, str]:
    """Return the menu options in a text: label -> key. Without a menu, return an empty dict."""
    return {label: _KEYS[key] for label, key in _OPTION.findall(heard)}


class MenuCaller:
    """A call to the menu.

    :param simulator: the phone number to call.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.call: SimulatedCall = simulator.call(to=MENU)
        #: The transcript of the call, once something unexpected was heard.
        self.failure = ""

    def press_next_key(self) -> None:
        """Choose sales in the menu, or go back to the menu; record a failure if neither is heard."""
        sales_key = options(self.call.heard_last).get("sales")
        self.call.press(sales_key or "9")
        heard = self.call.heard_last
        # After a lost response, the caller hears an apology and the same state again.
        is_expected = options(heard) or (HERE_IS_SALES in heard and (sales_key or _APOLOGY in heard))
        if self.call.ended or not is_expected:
            self.failure = self.call.transcript()
