"""The other people of a call: the callee of a ``Dial``, and the agent of a queue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ivrkit.simulator.actions import HangUp, PickUp, Press, Refuse, Silence, Speak
from ivrkit.simulator.events import Event, Said

if TYPE_CHECKING:
    from ivrkit.simulator.call import SimulatedCall


def texts_heard_by(events: Iterable[Event], who: str) -> str:
    """Return the texts that were said to a person, one per line."""
    return "\n".join(each.text for each in events if isinstance(each, Said) and each.who == who)


class OtherParty:
    """The callee of a ``Dial``, or the agent of a queue.

    Each method does one action of this person and returns the call.

    :param who: ``callee`` or ``agent``.
    :param number: the callee's phone number, if several phones ring; otherwise ``None``.
    """

    def __init__(self, call: SimulatedCall, who: str, number: str | None = None) -> None:
        self._call = call
        self._who = who
        self._number = number

    @property
    def heard(self) -> str:
        """All texts that were said to this person, one per line.

        A callee hears the document of a ``Number``. An agent hears no document.
        """
        return texts_heard_by(self._call.events, self._who)

    def answers(self, after: float | None = None) -> SimulatedCall:
        """Pick up the phone as the callee, or take the caller from the queue as the agent.

        :param after: seconds from now; by default, a few seconds.
        """
        action = PickUp(self._number, who=self._who)
        return self._call.do(action if after is None else PickUp(self._number, after, self._who))

    def is_busy(self) -> SimulatedCall:
        """Refuse the call, because the callee is on another call."""
        return self._call.do(Refuse("busy", self._number))

    def does_not_answer(self) -> SimulatedCall:
        """Let the phone ring until the ``Dial`` times out."""
        return self._call.do(Refuse("no-answer", self._number))

    def cannot_be_reached(self) -> SimulatedCall:
        """Let the call to this number fail, because the number can't be reached."""
        return self._call.do(Refuse("failed", self._number))

    def is_canceled(self) -> SimulatedCall:
        """Let the phone stop ringing, as if the app had canceled the call through Twilio's REST API."""
        return self._call.do(Refuse("canceled", self._number))

    def press(self, keys: str) -> SimulatedCall:
        """Press keys as the callee, while the callee hears the document of a ``Number``."""
        return self._call.do(Press(keys, who=self._who))

    def says(self, text: str) -> SimulatedCall:
        """Say something while the callee hears the document of a ``Number``, or during the talk with the caller."""
        return self._call.do(Speak(text, who=self._who))

    def stays_silent(self, seconds: float | None = None) -> SimulatedCall:
        """Do nothing as the callee, while the callee hears the document of a ``Number``.

        :param seconds: how long the callee stays silent. By default, the silence lasts until the waiting verb times
            out.
        """
        return self._call.do(Silence(seconds, who=self._who))

    def hangs_up(self, after: float = 0.0) -> SimulatedCall:
        """Hang up as the callee or as the agent.

        :param after: seconds from now until the hang-up.
        """
        return self._call.do(HangUp(after, self._who))
