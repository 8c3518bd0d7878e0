"""What the people in a call do: the caller, whoever is dialled, and whoever takes a call out of a queue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ivrkit.errors import IvrkitError

CALLER, CALLEE, AGENT, TWILIO = "caller", "callee", "agent", "Twilio"
#: How long somebody takes to press or to speak, and between two keys, in seconds.
A_MOMENT = 0.5
#: How long a telephone rings before it is picked up, in seconds.
A_RING = 3.0

#: What can come of a telephone that rings, besides that it is picked up: Twilio's ``DialCallStatus``.
REFUSALS = ("busy", "no-answer", "failed", "canceled")


class SimulatorError(IvrkitError):
    """The simulator is asked for what can't be done: nobody is rung, or the call is over."""


def _check_time(action: object, **seconds: float | None) -> None:
    for name, value in seconds.items():
        if value is not None and not value >= 0:
            what = f"{type(action).__name__}({name}={value})"
            raise SimulatorError(f"{what} is before now", hint="give seconds from 0")


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys, one after the other, and wait.

    :param keys: of ``0-9 * #``.
    :param after: seconds after the verb that listens began, its prompt included: less than the prompt takes, and the
        caller barges in. Left out: a moment after the prompt was heard.
    :param every: seconds between two keys.
    :param who: ``caller`` or ``callee``.
    :raises SimulatorError: for anything that no telephone has.
    """

    keys: str
    after: float | None = None
    every: float = A_MOMENT
    who: str = CALLER

    def __post_init__(self) -> None:
        """Refuse what is no key."""
        if not re.fullmatch(r"[0-9*#]+", self.keys):
            raise SimulatorError(f"{self.keys!r} can't be pressed", hint="the keys of a telephone are 0-9, * and #")
        _check_time(self, after=self.after, every=self.every)

    def __str__(self) -> str:
        """Return it as a transcript has it."""
        return f"presses {self.keys}"


@dataclass(frozen=True, slots=True)
class Speak:
    """Say something.

    :param text: the words, as they are recognised.
    :param confidence: of the recognition, 0.0 to 1.0; ``None`` sends none.
    :param after: as with :class:`Press`.
    :param who: ``caller`` or ``callee``.
    """

    text: str
    confidence: float | None = 0.9
    after: float | None = None
    who: str = CALLER

    def __post_init__(self) -> None:
        """Refuse what is no confidence."""
        _check_time(self, after=self.after)
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            what = f"Speak(confidence={self.confidence})"
            raise SimulatorError(f"{what} is no confidence", hint="give 0.0 to 1.0, or None")

    def __str__(self) -> str:
        """Return it as a transcript has it."""
        return f'says "{self.text}"'


@dataclass(frozen=True, slots=True)
class Silence:
    """Do nothing until what waits gives up, or for some seconds.

    :param seconds: how long; left out: until the verb's own time is over.
    :param who: ``caller`` or ``callee``.
    """

    seconds: float | None = None
    who: str = CALLER

    def __post_init__(self) -> None:
        """Refuse what is no time."""
        _check_time(self, seconds=self.seconds)

    def __str__(self) -> str:
        """Return it as a transcript has it."""
        return "stays silent" if self.seconds is None else f"stays silent for {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class HangUp:
    """Put the telephone down.

    :param after: seconds from now; the caller stays silent until then, wherever the call is by that time.
    :param who: ``caller``, ``callee`` or ``agent``.
    """

    after: float = 0.0
    who: str = CALLER

    def __post_init__(self) -> None:
        """Refuse what is no time."""
        _check_time(self, after=self.after)

    def __str__(self) -> str:
        """Return it as a transcript has it."""
        return "hangs up"


@dataclass(frozen=True, slots=True)
class PickUp:
    """Take the call: a telephone that rings, or the next call of a queue.

    :param number: which of several that ring; left out: the first.
    :param after: seconds from now.
    :param who: ``callee``, or ``agent`` for a queue.
    """

    number: str | None = None
    after: float = A_RING
    who: str = CALLEE

    def __post_init__(self) -> None:
        """Refuse what is no time."""
        _check_time(self, after=self.after)

    def __str__(self) -> str:
        """Return it as a transcript has it."""
        return "picks up"


@dataclass(frozen=True, slots=True)
class Refuse:
    """Let a telephone that rings come to nothing.

    :param result: ``busy``, ``no-answer``, ``failed`` or ``canceled``, as ``DialCallStatus`` has it.
    :param number: which of several that ring; left out: all of them.
    :param after: seconds from now; ``no-answer`` takes as long as the telephone rings.
    :raises SimulatorError: for another result.
    """

    result: str
    number: str | None = None
    after: float = A_MOMENT
    who: str = CALLEE

    def __post_init__(self) -> None:
        """Refuse what Twilio has no word for."""
        if self.result not in REFUSALS:
            raise SimulatorError(f"no call comes to {self.result!r}", hint=f"one of {', '.join(REFUSALS)}")
        _check_time(self, after=self.after)

    def __str__(self) -> str:
        """Return it as a transcript has it."""
        return {"busy": "is busy", "no-answer": "does not answer", "failed": "can't be reached"}.get(
            self.result, "is no longer rung"
        )


@dataclass(frozen=True, slots=True)
class EndVerb:
    """Let the verb that waits come to what nobody in the call can cause: a queue's ``redirected``, over REST.

    :param params: what its action gets, besides the usual parameters.
    """

    params: Mapping[str, str]
    who: str = TWILIO

    def __str__(self) -> str:
        """Return it as a transcript has it."""
        return "says that it came to " + " ".join(f"{name}={value}" for name, value in self.params.items())


Action = Press | Speak | Silence | HangUp | PickUp | Refuse | EndVerb
