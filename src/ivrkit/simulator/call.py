"""A simulated call, as a test or a person at a keyboard drives it."""

from __future__ import annotations

from collections.abc import Iterable

from ivrkit.simulator.actions import (
    AGENT,
    CALLEE,
    CALLER,
    Action,
    EndVerb,
    HangUp,
    PickUp,
    Press,
    Refuse,
    Silence,
    SimulatorError,
    Speak,
)
from ivrkit.simulator.events import Called, Ended, Event, Responded, Said, Warned
from ivrkit.simulator.line import Line
from ivrkit.simulator.player import play_call
from ivrkit.simulator.transcript import transcript
from ivrkit.simulator.twiml.document import Document, read
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.wire.messages import Failure


class SimulatedCall:
    """One call. It is played at once, as far as it goes before somebody has to do something.

    Each method of the caller returns the call, so that they can be written one after the other::

        call.press("3").stays_silent().press("1").hangs_up()

    :param line: the call while it lasts.
    :param script: what is done as soon as it can be.
    """

    def __init__(self, line: Line, script: Iterable[Action] = ()) -> None:
        self._line = line
        self._steps = play_call(line)
        #: What the call waits for, ``None`` when it is over.
        self.waiting: Waiting | None = None
        #: What was done so far, to do it again in another call.
        self.actions: list[Action] = []
        #: Where the last action began in ``events``.
        self._since = 0
        leg = line.leg
        line.tell(Called(at=0.0, sid=leg.sid, from_=leg.from_, to=leg.to))
        self._go_on(None)
        for action in script:
            if self.ended:
                break
            self.do(action)

    # What is done

    def do(self, action: Action) -> SimulatedCall:
        """Let somebody do something, and play on until somebody has to do something again.

        :raises SimulatorError: when nobody can: nothing rings, or the call is over.
        """
        if self.waiting is None:
            raise SimulatorError(f"the call is over: {action.who} {action}", hint="\n" + self.transcript())
        why_not = self.waiting.why_not(action)
        if why_not:
            waits = f"the call waits in <{self.waiting.verb}> ({self.waiting.activity})"
            raise SimulatorError(f"{action.who} {action}, but {why_not}: {waits}", hint="\n" + self.transcript())
        self.actions.append(action)
        self._since = len(self._line.events)
        self._go_on(action)
        return self

    def _go_on(self, action: Action | None) -> None:
        try:
            self.waiting = next(self._steps) if action is None else self._steps.send(action)
        except StopIteration:
            self.waiting = None

    def press(self, keys: str, *, after: float | None = None, every: float | None = None) -> SimulatedCall:
        """Let the caller press keys: see :class:`~ivrkit.simulator.Press`."""
        return self.do(Press(keys, after) if every is None else Press(keys, after, every))

    def says(self, text: str, *, confidence: float | None = 0.9, after: float | None = None) -> SimulatedCall:
        """Let the caller say something."""
        return self.do(Speak(text, confidence, after))

    def stays_silent(self, seconds: float | None = None) -> SimulatedCall:
        """Let the caller do nothing until what waits gives up, or for some seconds."""
        return self.do(Silence(seconds))

    def hangs_up(self, after: float = 0.0) -> SimulatedCall:
        """Let the caller put the telephone down."""
        return self.do(HangUp(after))

    def verb_ends_with(self, **params: str) -> SimulatedCall:
        """End the waiting verb with parameters of its action: ``verb_ends_with(QueueResult="redirected")``."""
        return self.do(EndVerb(params))

    @property
    def callee(self) -> OtherParty:
        """Whoever is dialled: the first of several that ring."""
        return OtherParty(self, CALLEE)

    def callee_at(self, number: str) -> OtherParty:
        """Return whoever is dialled at a number."""
        return OtherParty(self, CALLEE, number)

    @property
    def agent(self) -> OtherParty:
        """Whoever takes the caller out of a queue."""
        return OtherParty(self, AGENT)

    def ask_again(self) -> Document | None:
        """Send the last request of a call that is over once more, as something between Twilio and the app may.

        :returns: the document that came, ``None`` when none did.
        :raises SimulatorError: when the call is not over.
        """
        if self.waiting is not None or self._line.asked is None:
            raise SimulatorError("the call is not over", hint="let it end, then ask again")
        go, leg = self._line.asked
        try:
            url, answer = self._line.ask(go, leg)
            return read(url, answer, self._line.assumptions.failed_status_code)
        except Failure:
            return None

    # What came of it

    @property
    def sid(self) -> str:
        """The CallSid."""
        return self._line.leg.sid

    @property
    def url(self) -> str:
        """The URL that was asked last for a document, without the parameters that Twilio adds."""
        return self._line.asked[0].url if self._line.asked else ""

    @property
    def seconds(self) -> float:
        """The call's clock."""
        return self._line.now

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened.

        Only the prompt of the ``Gather`` that waits can still change: it is cut when the caller barges in.
        """
        return tuple(self._line.events)

    @property
    def ended(self) -> Ended | None:
        """How the call ended, ``None`` while it goes on."""
        last = self._line.events[-1]
        return last if isinstance(last, Ended) else None

    @property
    def heard(self) -> str:
        """All that was said to the caller, a text a line."""
        return _texts(self._line.events)

    @property
    def heard_last(self) -> str:
        """What was said to the caller since the last thing that anybody did, a text a line."""
        return _texts(self._line.events[self._since :])

    @property
    def responses(self) -> list[Responded]:
        """The documents that came, in order: not those of callbacks and of files."""
        return [each for each in self._line.events if isinstance(each, Responded) and each.purpose in _DOCUMENTS]

    @property
    def state(self) -> str:
        """The state that the call is in, as an ivrkit host in dev mode names it; ``""`` of another host."""
        return next((each.state for each in reversed(self.responses)), "")

    @property
    def path(self) -> list[str]:
        """The states in which the call waited or ended, in order."""
        return [each.state for each in self.responses if each.state]

    @property
    def warnings(self) -> list[Warned]:
        """What was wrong: Twilio's errors and warnings, without the simulator's own notes."""
        return [each for each in self._line.events if isinstance(each, Warned) and each.level != "note"]

    @property
    def notes(self) -> list[Warned]:
        """What the simulator had to say itself."""
        return [each for each in self._line.events if isinstance(each, Warned) and each.level == "note"]

    def transcript(self, *, twiml: bool = False) -> str:
        """Return what happened, a line each.

        :param twiml: whether with the documents.
        """
        return transcript(self._line.events, twiml=twiml)

    def __repr__(self) -> str:
        """Return it as a failing test shows it."""
        ended = self.ended
        now = f"ended: {ended.reason}" if ended else f"waits in <{self.waiting.verb}>" if self.waiting else "begins"
        return f"<SimulatedCall {self.sid} {now}>"


#: The purposes of requests whose answer is played.
_DOCUMENTS = frozenset({"webhook", "action", "redirect", "fallback", "wait", "screening"})


def _texts(events: Iterable[Event]) -> str:
    return "\n".join(each.text for each in events if isinstance(each, Said) and each.who == CALLER)


class OtherParty:
    """Somebody else in a call: whoever is dialled, or takes the caller out of a queue.

    :param who: ``callee`` or ``agent``.
    :param number: the telephone, where several ring.
    """

    def __init__(self, call: SimulatedCall, who: str, number: str | None = None) -> None:
        self._call = call
        self._who = who
        self._number = number

    def answers(self, after: float | None = None) -> SimulatedCall:
        """Pick up, or take the caller out of the queue."""
        action = PickUp(self._number, who=self._who)
        return self._call.do(action if after is None else PickUp(self._number, after, self._who))

    def is_busy(self) -> SimulatedCall:
        """Be on another call."""
        return self._call.do(Refuse("busy", self._number))

    def does_not_answer(self) -> SimulatedCall:
        """Let it ring."""
        return self._call.do(Refuse("no-answer", self._number))

    def cannot_be_reached(self) -> SimulatedCall:
        """Let the number lead nowhere."""
        return self._call.do(Refuse("failed", self._number))

    def is_canceled(self) -> SimulatedCall:
        """Be rung no longer, because the app asked for that over Twilio's REST API."""
        return self._call.do(Refuse("canceled", self._number))

    def press(self, keys: str) -> SimulatedCall:
        """Press keys, while being asked."""
        return self._call.do(Press(keys, who=self._who))

    def says(self, text: str) -> SimulatedCall:
        """Say something, while being asked or in the talk."""
        return self._call.do(Speak(text, who=self._who))

    def stays_silent(self, seconds: float | None = None) -> SimulatedCall:
        """Do nothing, while being asked."""
        return self._call.do(Silence(seconds, who=self._who))

    def hangs_up(self, after: float = 0.0) -> SimulatedCall:
        """Put the telephone down."""
        return self._call.do(HangUp(after, self._who))
