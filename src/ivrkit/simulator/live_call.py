"""A call in progress: the simulated clock and the events of the call, and the state of the caller's leg."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from ivrkit.simulator.actions import CALLEE, CALLER, Action, EndVerb, HangUp, PickUp, Silence
from ivrkit.simulator.assumptions import Assumptions
from ivrkit.simulator.clock import FOREVER, milliseconds, seconds, whole_seconds
from ivrkit.simulator.events import Acted, Answered, Event, Heard, Warned
from ivrkit.simulator.legs import Leg
from ivrkit.simulator.queues import Queue
from ivrkit.simulator.signals import HungUp, TakenFromQueue, VerbEnded, WebhookRequest
from ivrkit.simulator.twiml.codes import CODES
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.wire.client import Client

#: The end of the message about an element that the simulator skips.
NOT_PLAYED = " is not simulated yet and is skipped"
#: The maximum length of a call in milliseconds: https://www.twilio.com/docs/voice (24 hours for accounts that asked).
MAX_CALL = milliseconds(4 * 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """How long speech, files and hold music take on the call's simulated clock.

    TwiML documents do not contain these durations.

    :param letters_per_second: the number of letters that are said in one second.
    :param media_seconds: the length, in seconds, that the simulator assumes for a file whose length is unknown.
    :param music_seconds: seconds of Twilio's hold music that one :class:`~ivrkit.simulator.Silence` in a queue takes.
    """

    letters_per_second: float = 15.0
    media_seconds: float = 10.0
    music_seconds: float = 60.0

    def seconds_of_text(self, text: str) -> float:
        """Return how many seconds it takes to say a text."""
        return len(text) / self.letters_per_second


@dataclass(slots=True, kw_only=True)
class LiveCall:
    """A call in progress.

    :param client: the HTTP client that reaches the app.
    :param leg: the caller's leg.
    :param webhook: the first request of the call.
    :param fallback: the fallback URL and its HTTP method. The URL is ``""`` if the number has no fallback URL.
    :param status_callback: the URL of the status callback and its HTTP method. The URL is ``""`` if the number has no
        status callback.
    :param queues: a function that takes the name of a queue and returns the queue.
    :param assumptions: the settings for behaviour of Twilio that Twilio's documentation leaves unclear.
    :param speeds: how long speech, files and hold music take.
    :param max_documents: the number of documents after which the simulator stops the call.
    :param patience: the time on the call's clock, in milliseconds, at which the caller hangs up, or ``None`` for no
        such time.
    :param now: the time on the call's clock, in milliseconds since the call began.
    """

    client: Client
    leg: Leg
    webhook: WebhookRequest
    fallback: tuple[str, str]
    status_callback: tuple[str, str]
    queues: Callable[[str], Queue]
    assumptions: Assumptions
    speeds: Speeds
    max_documents: int
    patience: int | None = None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    now: int = 0
    events: list[Event] = field(default_factory=list)
    documents: int = 0
    #: The last request for a document, and the leg that sent it.
    last_document_request: tuple[WebhookRequest, Leg] | None = None
    #: Callbacks that Twilio sends after the next document has arrived.
    pending_callbacks: list[Callable[[], None]] = field(default_factory=list)
    #: Whether the caller will hang up at a set time. Until then, the caller does nothing else.
    hangup_is_set: bool = False
    _last_wait_at: int = -1
    _known_notes: set[str] = field(default_factory=set)

    # Events

    def emit(self, event: Event) -> None:
        """Add an event to the events of the call."""
        self.events.append(event)

    def warn(self, code: int, message: str, *, url: str = "", line: int = 0, column: int = 0, level: str = "") -> None:
        """Add a warning event about a problem for which Twilio has an error code.

        :param code: Twilio's error code.
        :param message: the problem in this response.
        :param level: ``error`` or ``warning``. By default, the event has the level that Twilio gives to the code.
        """
        known = CODES[code]
        self.emit(
            Warned(
                at=self.at,
                code=code,
                level=level or known.level,
                meaning=known.meaning,
                what=message,
                hint=known.hint,
                url=url,
                line=line,
                column=column,
            )
        )

    def note(
        self, message: str, hint: str = "", *, url: str = "", line: int = 0, column: int = 0, topic: str = ""
    ) -> None:
        """Add a note of the simulator, unless the call already has a note with the same message and URL.

        :param topic: the topic of the note, if other code looks for notes about it.
        """
        if (message + url) in self._known_notes:
            return
        self._known_notes.add(message + url)
        self.emit(
            Warned(
                at=self.at,
                code=0,
                level="note",
                meaning="a note of the simulator",
                what=message,
                hint=hint,
                url=url,
                line=line,
                column=column,
                topic=topic,
            )
        )

    def note_not_played(self, description: str, element: Element, url: str) -> None:
        """Add a note that the simulator skips an element.

        :param description: the element as text, such as ``<Connect>``.
        :param url: the URL of the document.
        """
        message, hint = description + NOT_PLAYED, "try it with a real call"
        self.note(message, hint, url=url, line=element.line, column=element.column, topic="not-played")

    # Time: the clock is simulated, and only pass_time moves it forward.

    def wait(self, waiting: Waiting) -> Generator[Waiting, Action, Action]:
        """Wait until somebody acts.

        :returns: the action of a person, which the waiting verb has to handle.
        :raises HungUp: if somebody hangs up.
        :raises TakenFromQueue: if an agent takes the caller from the queue.
        :raises VerbEnded: if something outside the call ends the verb.
        """
        if self.hangup_is_set:
            # A caller who will hang up answers every wait with silence. If no time has passed since the last wait, the
            # document waits in zero seconds for ever, for example in a queue without music: go on to the hang-up.
            if self.now == self._last_wait_at:
                self.pass_time(self._time_left()[0])
            self._last_wait_at = self.now
            return Silence(who=waiting.who)
        action = yield waiting
        if isinstance(action, HangUp) and action.who == CALLER and action.after:
            # The call goes on until then, so the hang-up is a limit on the clock and not an end of this wait.
            self.hangup_is_set = True
            self.patience = min(self.now + milliseconds(action.after), self.patience or FOREVER)
            return Silence(who=waiting.who)
        self.emit(Acted(at=self.at, who=action.who, did=str(action)))
        if isinstance(action, HangUp):
            # Another party can't hang up later than Twilio ends the talk.
            self.pass_time(min(milliseconds(action.after), waiting.until - self.now))
            raise HungUp(action.who)
        if isinstance(action, EndVerb):
            raise VerbEnded(action.params)
        if isinstance(action, PickUp) and action.who != CALLEE:
            raise TakenFromQueue(action.after)
        return action

    def pass_time(self, duration: int) -> None:
        """Move the call's simulated clock forward.

        :param duration: the time to pass, in milliseconds.
        :raises HungUp: if the caller hangs up during this time, or if the call reaches its maximum length.
        """
        time_left, reason = self._time_left()
        if duration < time_left:
            self.now += duration
            return
        self.now += time_left
        if reason == "caller-hung-up":
            self.emit(Acted(at=self.at, who=CALLER, did=str(HangUp())))
        raise HungUp(CALLER, reason)

    def hear(self, event_class: Callable[..., Heard], duration: int, **values: Any) -> None:
        """Add the event of a text, a sound or a pause, and move the clock forward by the duration of this event.

        If the call ends during this time, the event is cut short.

        :param event_class: :class:`Said`, :class:`Played` or :class:`Paused`.
        :param duration: the full duration of the text, the sound or the pause, in milliseconds.
        :param values: the fields of the event, except ``at``, ``seconds`` and ``cut``.
        :raises HungUp: if the call ends during this time.
        """
        time_left = self._time_left()[0]
        cut = duration >= time_left
        self.emit(event_class(at=self.at, seconds=seconds(min(duration, time_left)), cut=cut, **values))
        self.pass_time(duration)

    def _time_left(self) -> tuple[int, str]:
        """Return the milliseconds until the call must end, and the reason for this end.

        The call must end at its maximum length, or at the time at which the caller will hang up.
        """
        limit = (MAX_CALL - self.leg.duration(self.now), "time-limit")
        if self.patience is None:
            return limit
        return min(limit, (max(self.patience - self.now, 0), "caller-hung-up"))

    @property
    def at(self) -> float:
        """The time on the call's clock in seconds, for events."""
        return seconds(self.now)

    def whole_seconds(self, duration: int) -> int:
        """Return a duration in whole seconds, for Twilio's parameters.

        :param duration: the duration in milliseconds.
        """
        return whole_seconds(duration, self.assumptions.rounding)

    def duration_of_text(self, text: str) -> int:
        """Return how many milliseconds it takes to say a text."""
        return milliseconds(self.speeds.seconds_of_text(text))

    def timestamp(self) -> str:
        """Return the current time in Twilio's format: RFC 2822, GMT."""
        return format_datetime(self.began + timedelta(milliseconds=self.now), usegmt=True)

    # The caller's leg

    def answer(self) -> None:
        """Answer the call, unless the call has already been answered."""
        if self.leg.answered_at is None:
            self.leg.answered_at, self.leg.status = self.now, "in-progress"
            self.emit(Answered(at=self.at))
