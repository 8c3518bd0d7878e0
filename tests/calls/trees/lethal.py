"""A phone tree of 600 states, which takes a while to load, and of states that end the process of their worker."""

import os
from collections.abc import Mapping

from ivrkit import HOME, Call, Settings, State, hookimpl

#: The beginning of the numbers of the lethal states. The number of the state follows, with three digits.
LETHAL = "+15005551"
#: The words of the fatal signal and of the exit codes of gunicorn itself, in turn.
_ENDS = (os.abort, lambda: os._exit(3), lambda: os._exit(4))
_STATES = 600


def _lethal(number: int) -> State:
    def enter(call: Call) -> str:
        _ENDS[number % len(_ENDS)]()
        return "Nobody hears this."

    return State(enter)


@hookimpl
def ivrkit_register_states(settings: Settings) -> Mapping[str, State]:
    """Register all states."""
    lethal = {f"lethal-{number:03}": _lethal(number) for number in range(_STATES // 6)}
    return lethal | {f"news-{number}": State(f"News number {number}.", HOME) for number in range(_STATES - len(lethal))}


@hookimpl
def ivrkit_choose_start(call: Call) -> str | None:
    """Start the calls to the numbers of lethal states there."""
    return f"lethal-{call.to.removeprefix(LETHAL)}" if call.to.startswith(LETHAL) else None
