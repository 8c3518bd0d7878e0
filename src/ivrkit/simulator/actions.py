"""Actions of the people in a call: the caller, the callee of a ``Dial``, and the agent of a queue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ivrkit.errors import IvrkitError

CALLER, CALLEE, AGENT, TWILIO = "caller", "callee", "agent", "Twilio"
#: Default seconds before a person presses a key or speaks, and between two keys.
REACTION_SECONDS = 0.5
#: Default seconds that a phone rings before it is picked up.
RING_SECONDS = 3.0

#: Values of Twilio's ``DialCallStatus`` for a phone that is not picked up.
UNANSWERED_STATUSES = ("busy", "no-answer", "failed", "canceled")


class SimulatorError(IvrkitError):
    """Raised if an action, a queue or a table of documents is invalid, or if an action is impossible now."""


def _check_seconds(action: object, **times: float | None) -> None:
    for name, seconds in times.items():
        # "not seconds >= 0" also refuses NaN, which "seconds < 0" would let through.
        if seconds is not None and not seconds >= 0:
            raise SimulatorError(
                f"{type(action).__name__}: {name} must be at least 0 seconds, not {seconds}",
                hint="give a number of seconds from now",
            )


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys one after the other.

    :param keys: one or more of ``0-9 * #``.
    :param after: the time of the first key, in seconds since the listening verb started with its prompt. A key that is
        pressed during the prompt interrupts the prompt (barge-in). By default, the first key follows shortly after the
        prompt.
    :param every: seconds between two keys.
    :param who: ``caller`` or ``callee``.
    :raises SimulatorError: if ``keys`` contains any other character, or if a time is negative.
    """

    keys: str
    after: float | None = None
    every: float = REACTION_SECONDS
    who: str = CALLER

    def __post_init__(self) -> None:
        """Raise an error if ``keys`` contains an invalid character, or if ``after`` or ``every`` is negative."""
        if not re.fullmatch(r"[0-9*#]+", self.keys):
            raise SimulatorError(
                f"Press: keys must be one or more of 0-9, * and #, not {self.keys!r}",
                hint="give the keys as one string, such as '12#'",
            )
        _check_seconds(self, after=self.after, every=self.every)

    def __str__(self) -> str:
        """Return the action as text for transcripts, such as ``presses 3``."""
        return f"presses {self.keys}"


@dataclass(frozen=True, slots=True)
class Speak:
    """Say something.

    :param text: the words as Twilio recognises them.
    :param confidence: the confidence of the recognition, from 0.0 to 1.0; ``None`` sends no ``Confidence``.
    :param after: the time of the first word, in seconds since the listening verb started with its prompt.
    :param who: ``caller`` or ``callee``.
    :raises SimulatorError: if the confidence is out of range, or if ``after`` is negative.
    """

    text: str
    confidence: float | None = 0.9
    after: float | None = None
    who: str = CALLER

    def __post_init__(self) -> None:
        """Raise an error if ``after`` is negative, or if ``confidence`` is not from 0.0 to 1.0."""
        _check_seconds(self, after=self.after)
        if self.confidence is not None and not 0 <= self.confidence <= 1:
            raise SimulatorError(
                f"Speak: confidence must be from 0.0 to 1.0, not {self.confidence}",
                hint="give a number from 0.0 to 1.0, or None to send no confidence",
            )

    def __str__(self) -> str:
        """Return the action as text for transcripts, such as ``says "opening hours"``."""
        return f'says "{self.text}"'


@dataclass(frozen=True, slots=True)
class Silence:
    """Do nothing, either until the waiting verb times out or for some seconds.

    :param seconds: how long the person stays silent. By default, the silence lasts until the waiting verb times out.
    :param who: ``caller`` or ``callee``.
    :raises SimulatorError: if ``seconds`` is negative.
    """

    seconds: float | None = None
    who: str = CALLER

    def __post_init__(self) -> None:
        """Raise an error if ``seconds`` is negative."""
        _check_seconds(self, seconds=self.seconds)

    def __str__(self) -> str:
        """Return the action as text for transcripts, such as ``stays silent for 5 s``."""
        return "stays silent" if self.seconds is None else f"stays silent for {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class HangUp:
    """Hang up.

    :param after: seconds from now until the hang-up. A caller stays silent for this time, and the call continues: for
        example, a ``Gather`` times out, and the next verb is played.
    :param who: ``caller``, ``callee`` or ``agent``.
    :raises SimulatorError: if ``after`` is negative.
    """

    after: float = 0.0
    who: str = CALLER

    def __post_init__(self) -> None:
        """Raise an error if ``after`` is negative."""
        _check_seconds(self, after=self.after)

    def __str__(self) -> str:
        """Return the action as text for transcripts."""
        return "hangs up"


@dataclass(frozen=True, slots=True)
class PickUp:
    """Answer a ringing phone, or take the next caller from a queue.

    :param number: the number of the phone that is answered; by default, the first phone that rings.
    :param after: seconds from now until the phone is answered, or until the agent takes the caller.
    :param who: ``callee``, or ``agent`` for a queue.
    :raises SimulatorError: if ``after`` is negative.
    """

    number: str | None = None
    after: float = RING_SECONDS
    who: str = CALLEE

    def __post_init__(self) -> None:
        """Raise an error if ``after`` is negative."""
        _check_seconds(self, after=self.after)

    def __str__(self) -> str:
        """Return the action as text for transcripts."""
        return "picks up"


@dataclass(frozen=True, slots=True)
class Refuse:
    """End the ringing of a phone that nobody answers.

    :param result: the ``DialCallStatus``: ``busy``, ``no-answer``, ``failed`` or ``canceled``.
    :param number: the number of the phone that is not answered; by default, all phones that ring.
    :param after: seconds from now. The result ``no-answer`` ignores this time: the phone rings until the ``Dial`` times
        out.
    :raises SimulatorError: if ``result`` is not one of these four words, or if ``after`` is negative.
    """

    result: str
    number: str | None = None
    after: float = REACTION_SECONDS
    who: str = CALLEE

    def __post_init__(self) -> None:
        """Raise an error if ``result`` is not a valid ``DialCallStatus``, or if ``after`` is negative."""
        if self.result not in UNANSWERED_STATUSES:
            raise SimulatorError(
                f"Refuse: result must be busy, no-answer, failed or canceled, not {self.result!r}",
                hint="use a DialCallStatus of Twilio for a phone that is not picked up",
            )
        _check_seconds(self, after=self.after)

    def __str__(self) -> str:
        """Return the action as text for transcripts, such as ``is busy``."""
        return {
            "busy": "is busy",
            "no-answer": "does not answer",
            "failed": "can't be reached",
            "canceled": "stops ringing",
        }[self.result]


@dataclass(frozen=True, slots=True)
class EndVerb:
    """End the waiting verb with a result that nobody in the call can cause.

    An example is ``QueueResult=redirected``, which only Twilio's REST API can cause.

    :param params: the parameters that the simulator adds to the request for the ``action`` of the verb.
    """

    params: Mapping[str, str]
    who: str = TWILIO

    def __str__(self) -> str:
        """Return the action as text for transcripts, such as ``ends the verb with QueueResult=redirected``."""
        return "ends the verb with " + " ".join(f"{name}={value}" for name, value in self.params.items())


Action = Press | Speak | Silence | HangUp | PickUp | Refuse | EndVerb
