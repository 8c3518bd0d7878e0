"""The cells of the matrix: a place in a plugin's code, and a fate. The number that a call calls names its cell."""

from tests.attack import lethal_fates
from tests.plugins.fates import FATES

#: The places in a call where the plugin ``trees/evil.py`` misbehaves: in a handler of a state, or in a hook.
PLACES = [
    "enter",
    "exit",
    "automatic exit",
    "prompts of an exit",
    "choose_start",
    "edit_response",
    "state_failed",
    "clean_up",
    "call_started",
    "state_entered",
    "state_left",
    "recorded",
    "call_ended",
]
#: All fates: the errors and values that harm nobody, and those that end or stop a process.
ALL_FATES = [*FATES, *lethal_fates.FATES]
#: The places that are hooks.
HOOKS = PLACES[4:]


def number_of(place: str, fate: str) -> str:
    """Return the phone number that leads to a cell."""
    return f"+1555{PLACES.index(place):03}{ALL_FATES.index(fate):04}"


def cell_of(number: str) -> tuple[str, str]:
    """Return the place and the fate that a phone number names; two empty texts for any other number."""
    digits = number.removeprefix("+1555")
    if len(digits) != 7 or not digits.isdecimal() or int(digits[:3]) >= len(PLACES):
        return "", ""
    return PLACES[int(digits[:3])], ALL_FATES[int(digits[3:])]
