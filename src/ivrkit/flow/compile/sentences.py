"""What the rules of the flow themselves say to a caller, in the core's own sentences."""

from __future__ import annotations

from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.routes import BACK, HOME, SAME, Goto
from ivrkit.flow.model.state import Owner, State
from ivrkit.flow.model.text import Text, Texts

#: A wrong key, where no state ``error`` is installed; and where that state itself failed.
WRONG_HERE = Goto(SAME, say=Text(Texts.wrong_choice))
WRONG_BEFORE = Goto(BACK, say=Text(Texts.wrong_choice))
#: A dial or a queue that came to nothing, and that the state has no row for.
NOT_CONNECTED = Goto(HOME, say=Text(Texts.not_connected))
#: The exits with words that the rules themselves make.
BY_RULE = (WRONG_HERE, WRONG_BEFORE, NOT_CONNECTED)
#: The sentences that stand by themselves, by their names in :class:`Texts`.
SPOKEN_BY_ENGINE = {"apology": Text(Texts.apology), "goodbye": Text(Texts.goodbye)}
#: Whose texts these are: no state's.
ENGINE = State(Menu(), owner=Owner("ivrkit"))
