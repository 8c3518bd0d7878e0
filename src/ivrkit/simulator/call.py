"""A simulated call, driven by a test or by a person at a keyboard."""

from __future__ import annotations

from collections.abc import Iterable

from ivrkit.simulator.actions import (
    AGENT,
    CALLEE,
    CALLER,
    Action,
    EndVerb,
    HangUp,
    Press,
    Silence,
    SimulatorError,
    Speak,
)
from ivrkit.simulator.events import Called, Ended, Event, Responded, Warned
from ivrkit.simulator.exchanges import document_responses, last_document_exchange
from ivrkit.simulator.live_call import LiveCall
from ivrkit.simulator.other_party import OtherParty, texts_heard_by
from ivrkit.simulator.player import play_call
from ivrkit.simulator.transcript import transcript
from ivrkit.simulator.twiml.document import Document, read_document
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.webhooks import retry_request, send_request
from ivrkit.simulator.wire.messages import Failure


class SimulatedCall:
    """A simulated call. The simulator plays the call until somebody has to act.

    Each method for an action returns the call, so that actions can be chained::

        call.press("3").stays_silent().press("1").hangs_up()

    :param live_call: the state of the call.
    :param script: the actions of the people in the call, in order. Actions after the end of the call are ignored.
    """

    def __init__(self, live_call: LiveCall, script: Iterable[Action] = ()) -> None:
        self._live_call = live_call
        self._playback = play_call(live_call)
        #: The verb that waits and what it waits for, or ``None`` if the call is over.
        self.waiting: Waiting | None = None
        #: The wait that the last action ended, or ``None`` before the first action.
        self.last_waiting: Waiting | None = None
        #: The actions so far. Another call can repeat them.
        self.actions: list[Action] = []
        #: The number of events before the last action.
        self._events_before_action = 0
        leg = live_call.leg
        live_call.emit(Called(at=0.0, sid=leg.sid, from_=leg.from_, to=leg.to))
        # The call is played to its first wait before the script begins.
        self._resume(None)
        for action in script:
            if self.ended:
                break
            self.do(action)

    # Actions

    def do(self, action: Action) -> SimulatedCall:
        """Do an action, and play the call until somebody has to act again.

        :returns: the call.
        :raises SimulatorError: if the action is impossible now, for example if no phone rings or the call is over.
        """
        if self.waiting is None:
            raise SimulatorError(f"{action.who} {action}, but the call is over", hint="\n" + self.transcript())
        # An impossible action is a mistake in the test: it raises an error and leaves the call as it is.
        why_not = self.waiting.why_not(action)
        if why_not:
            waits = f"the call waits in <{self.waiting.verb}> ({self.waiting.activity})"
            raise SimulatorError(f"{action.who} {action}, but {why_not}; {waits}", hint="\n" + self.transcript())
        self.actions.append(action)
        self.last_waiting = self.waiting
        self._events_before_action = len(self._live_call.events)
        self._resume(action)
        return self

    def _resume(self, action: Action | None) -> None:
        """Play the call until the call waits for somebody again, or until the call is over.

        :param action: the action that continues the call, or ``None`` to start the call.
        """
        try:
            # A generator must be started with next() before it can be sent an action.
            self.waiting = next(self._playback) if action is None else self._playback.send(action)
        except StopIteration:
            self.waiting = None

    def press(self, keys: str, *, after: float | None = None, every: float | None = None) -> SimulatedCall:
        """Press keys as the caller: see :class:`~ivrkit.simulator.Press`."""
        return self.do(Press(keys, after) if every is None else Press(keys, after, every))

    def says(self, text: str, *, confidence: float | None = 0.9, after: float | None = None) -> SimulatedCall:
        """Say something as the caller: see :class:`~ivrkit.simulator.Speak`."""
        return self.do(Speak(text, confidence, after))

    def stays_silent(self, seconds: float | None = None) -> SimulatedCall:
        """Do nothing as the caller: see :class:`~ivrkit.simulator.Silence`.

        :param seconds: how long the caller stays silent. By default, the silence lasts until the waiting verb times
            out.
        """
        return self.do(Silence(seconds))

    def hangs_up(self, after: float = 0.0) -> SimulatedCall:
        """Hang up as the caller: see :class:`~ivrkit.simulator.HangUp`.

        :param after: seconds from now until the hang-up.
        """
        return self.do(HangUp(after))

    def verb_ends_with(self, **params: str) -> SimulatedCall:
        """End the waiting verb: see :class:`~ivrkit.simulator.EndVerb`.

        :param params: the parameters that the simulator adds to the request for the ``action`` of the verb, such as
            ``QueueResult="redirected"``.
        """
        return self.do(EndVerb(params))

    @property
    def callee(self) -> OtherParty:
        """The callee of a ``Dial``. If several phones ring, this property returns the callee at the first phone."""
        return OtherParty(self, CALLEE)

    def callee_at(self, number: str) -> OtherParty:
        """Return the callee at the phone with this number."""
        return OtherParty(self, CALLEE, number)

    @property
    def agent(self) -> OtherParty:
        """The agent who takes the caller from a queue."""
        return OtherParty(self, AGENT)

    def repeat_last_request(self) -> Document | None:
        """Send the last request for a document again, after the end of the call.

        Retries and proxies can repeat a request.

        :returns: the document in the response, or ``None`` if the request failed.
        :raises SimulatorError: if the call is not over.
        """
        if self.waiting is not None or self._live_call.last_document_request is None:
            raise SimulatorError("the call is not over", hint="end the call first")
        # The response to this request ended the call, or the caller hung up after it.
        request, leg = self._live_call.last_document_request
        try:
            url, response = send_request(self._live_call, request, leg)
            return read_document(url, response, self._live_call.assumptions)
        except Failure:
            return None

    def retry_last_request(self) -> Responded | None:
        """Send the last request for a document again, as Twilio does if the response is lost.

        The request is the same as before, with the same idempotency token and cookies. So the app must give the same
        answer, and must not do its work twice. The call goes on with the first answer.

        :returns: the response, or ``None`` if the request failed.
        """
        return retry_request(self._live_call, last_document_exchange(self._live_call.events)[0])

    # Results

    @property
    def sid(self) -> str:
        """The CallSid."""
        return self._live_call.leg.sid

    @property
    def url(self) -> str:
        """The URL of the last request for a document, without Twilio's parameters."""
        last_request = self._live_call.last_document_request
        return last_request[0].url if last_request else ""

    @property
    def seconds(self) -> float:
        """The seconds since the call began, on the simulated clock of the call."""
        return self._live_call.at

    @property
    def events(self) -> tuple[Event, ...]:
        """All events so far.

        Past events do not change, with one exception: a barge-in shortens the prompt of a waiting ``Gather``.
        """
        return tuple(self._live_call.events)

    @property
    def ended(self) -> Ended | None:
        """The event that ended the call, or ``None`` if the call has not ended."""
        if self.waiting is not None:
            return None
        # Requests that are repeated after the end add events.
        return next((each for each in reversed(self._live_call.events) if isinstance(each, Ended)), None)

    @property
    def heard(self) -> str:
        """All texts that were said to the caller, one per line."""
        return texts_heard_by(self._live_call.events, CALLER)

    @property
    def heard_last(self) -> str:
        """The texts that were said to the caller since the last action, one per line."""
        return texts_heard_by(self.latest_events, CALLER)

    @property
    def latest_events(self) -> tuple[Event, ...]:
        """The events since the last action, with the action itself."""
        return tuple(self._live_call.events[self._events_before_action :])

    @property
    def responses(self) -> list[Responded]:
        """The responses with a document to play, in order.

        Responses to callbacks and responses with files are left out.
        """
        return document_responses(self._live_call.events)

    @property
    def state(self) -> str:
        """The name of the current state, or ``""`` if the app reports no state.

        An ivrkit app in dev mode reports its states. If another app serves the document of a queue or the document for
        a callee, that document does not change the state.
        """
        return next((each.state for each in reversed(self.responses) if each.state), "")

    @property
    def path(self) -> list[str]:
        """The names of the states that the call entered, in order. A state that is repeated is entered again.

        The list is empty if the app reports no states.
        """
        return [state for each in self.responses for state in each.path]

    @property
    def warnings(self) -> list[Warned]:
        """The errors and warnings that Twilio would report about the responses.

        The simulator's own notes are left out.
        """
        return [each for each in self._live_call.events if isinstance(each, Warned) and each.level != "note"]

    @property
    def notes(self) -> list[Warned]:
        """The simulator's own notes, for example about a verb that the simulator does not play."""
        return [each for each in self._live_call.events if isinstance(each, Warned) and each.level == "note"]

    def transcript(self, *, twiml: bool = False) -> str:
        """Return the events of the call as text, one event per line.

        :param twiml: whether to show the TwiML documents of the responses.
        """
        return transcript(self._live_call.events, twiml=twiml)

    def __repr__(self) -> str:
        """Return a short text with the CallSid and the status, for the output of failing tests."""
        ended = self.ended
        now = f"ended: {ended.reason}" if ended else f"waits in <{self.waiting.verb}>" if self.waiting else "begins"
        return f"<SimulatedCall {self.sid} {now}>"
