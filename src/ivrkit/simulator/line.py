"""One call while it lasts: its clock, its events, its legs, and how it asks for documents."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from ivrkit.simulator.actions import CALLEE, CALLER, Action, EndVerb, HangUp, PickUp, Silence
from ivrkit.simulator.assumptions import Assumptions
from ivrkit.simulator.events import Acted, Answered, Ended, Event, Heard, Requested, Responded, Warned
from ivrkit.simulator.legs import Leg
from ivrkit.simulator.queues import Queue
from ivrkit.simulator.twiml.codes import CODES
from ivrkit.simulator.twiml.document import Document, place_of, read
from ivrkit.simulator.twiml.grammar import LintWarning
from ivrkit.simulator.waiting import Came, Go, Gone, Over, Taken, Waiting
from ivrkit.simulator.wire.client import Client
from ivrkit.simulator.wire.messages import Failure, Request, Response

#: The longest call: https://www.twilio.com/docs/voice (24 h only where an account asked for it).
LONGEST_CALL = 4 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Speeds:
    """How long things take on the call's clock, where nothing in a document says so.

    :param letters: of a text that are said in a second.
    :param media: seconds of a file whose length can't be read.
    :param music: seconds between two looks at whoever waits in a queue with Twilio's own music.
    """

    letters: float = 15.0
    media: float = 10.0
    music: float = 60.0


@dataclass(slots=True)
class Line:
    """One call while it lasts.

    :param client: reaches the app.
    :param leg: the caller's.
    :param max_documents: how many documents are asked for before the simulator stops the call.
    :param patience: seconds after which the caller hangs up, whatever is heard then; ``None`` for never.
    """

    client: Client
    leg: Leg
    webhook: Go
    fallback: tuple[str, str]
    status_callback: tuple[str, str]
    queues: Callable[[str], Queue]
    assumptions: Assumptions
    speeds: Speeds
    max_documents: int
    patience: float | None = None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    now: float = 0.0
    events: list[Event] = field(default_factory=list)
    documents: int = 0
    #: The last request for a document, and the leg that asked.
    asked: tuple[Go, Leg] | None = None
    #: What is sent, without being waited for, as soon as the next document is there.
    later: list[Callable[[], None]] = field(default_factory=list)
    #: Whether the caller has said when they hang up: until then they say and press nothing more.
    leaving: bool = False
    _waited_at: float = -1.0
    _noted: set[str] = field(default_factory=set)

    # What happens

    def tell(self, event: Event) -> None:
        """Put an event into the transcript."""
        self.events.append(event)

    def warn(self, code: int, what: str, *, url: str = "", line: int = 0, column: int = 0, level: str = "") -> None:
        """Tell of a fault that Twilio has a code for.

        :param level: where it is not the code's own.
        """
        known = CODES[code]
        self.tell(
            Warned(
                at=self.now,
                code=code,
                level=level or known.level,
                meaning=known.meaning,
                what=what,
                hint=known.hint,
                url=url,
                line=line,
                column=column,
            )
        )

    def note(self, what: str, hint: str = "", *, url: str = "", line: int = 0, column: int = 0) -> None:
        """Tell what only the simulator has to say, each thing once a call."""
        if (what + url) not in self._noted:
            self._noted.add(what + url)
            told = {"code": 0, "level": "note", "meaning": "a word of the simulator", "what": what, "hint": hint}
            self.tell(Warned(at=self.now, url=url, line=line, column=column, **told))  # type: ignore[arg-type]  # as named

    # Time

    def wait(self, waiting: Waiting) -> Generator[Waiting, Action, Action]:
        """Wait until somebody does something.

        :raises Gone: when somebody hangs up.
        :raises Taken: when somebody takes the caller out of the queue.
        :raises Came: when the verb comes to what nobody in the call can cause.
        """
        if self.leaving:
            if self.now == self._waited_at:  # nothing takes any time here: whatever comes, it comes to the hang-up
                self.let_pass(self._left()[0])
            self._waited_at = self.now
            return Silence(who=waiting.who)
        action = yield waiting
        if isinstance(action, HangUp) and action.who == CALLER and action.after:
            self.leaving, self.patience = True, min(self.now + action.after, self.patience or math.inf)
            return Silence(who=waiting.who)
        self.tell(Acted(at=self.now, who=action.who, did=str(action)))
        if isinstance(action, HangUp):
            self.let_pass(min(action.after, waiting.until - self.now))
            raise Gone(action.who)
        if isinstance(action, EndVerb):
            raise Came(action.params)
        if isinstance(action, PickUp) and action.who != CALLEE:
            raise Taken(action.after)
        return action

    def let_pass(self, seconds: float) -> None:
        """Let time pass on the call's clock.

        :raises Gone: when the caller has no more patience, or the call was long enough.
        """
        left, reason = self._left()
        if seconds < left:
            self.now += seconds
            return
        self.now += left
        if reason == "caller-hung-up":
            self.tell(Acted(at=self.now, who=CALLER, did=str(HangUp())))
        raise Gone(CALLER, reason)

    def hear(self, make: Callable[..., Heard], seconds: float, **what: Any) -> None:
        """Let somebody hear something for so long, or until the call is over."""
        left = self._left()[0]
        cut = seconds >= left
        self.tell(make(at=self.now, seconds=round(min(seconds, left), 3), cut=cut, **what))
        self.let_pass(seconds)

    def _left(self) -> tuple[float, str]:
        """Return how long the call can go on, and why no longer."""
        limit = (LONGEST_CALL - self.leg.seconds(self.now), "time-limit")
        if self.patience is None:
            return limit
        return min(limit, (max(self.patience - self.now, 0.0), "caller-hung-up"))

    def timestamp(self) -> str:
        """Return the time as Twilio writes it: RFC 2822, GMT."""
        return format_datetime(self.began + timedelta(seconds=self.now), usegmt=True)

    # The state of the call

    def answer(self) -> None:
        """Response the call, if it is not."""
        if self.leg.answered_at is None:
            self.leg.answered_at, self.leg.status = self.now, "in-progress"
            self.tell(Answered(at=self.now))

    def end(self, reason: str, status: str) -> None:
        """End the call, and send the status callback of its number."""
        at, self.leg.status = self.now, status
        seconds = round(self.leg.seconds(at), 3)
        self._send_later()
        url, method = self.status_callback
        if url:
            more = {"CallDuration": str(math.ceil(seconds)), "CallbackSource": "call-progress-events"}
            self.call_back(
                Go(url, method, "status", {**more, "SequenceNumber": "0", "Timestamp": self.timestamp()}), self.leg
            )
        minutes = 0 if self.leg.answered_at is None else max(1, math.ceil(seconds / 60))
        self.tell(Ended(at=at, reason=reason, status=status, seconds=seconds, billed_minutes=minutes))

    # What is asked

    def fetch(self, go: Go, leg: Leg | None = None) -> Document:
        """Ask for a document, and read it.

        :raises Failure: when Twilio can't use what came; it is told already.
        :raises Over: when the call had more documents than the simulator gives a call.
        """
        if self.documents >= self.max_documents:
            self.note(
                f"the call had {self.documents} documents, and is stopped",
                "look for a ring in which no caller gets on; or give max_documents= more",
                url=go.url,
            )
            raise Over("too-many-documents")
        self.documents += 1
        self.asked = (go, leg or self.leg)
        url = go.url
        try:
            url, answer = self.ask(go, leg or self.leg)
            document = read(url, answer, self.assumptions.failed_status_code)
        except Failure as failure:
            self._tell_failure(failure, url)
            raise
        for note, hint in document.notes:
            self.note(note, hint, url=url)
        for slip in document.lint:
            self.slip(slip, url)
        self._send_later()
        return document

    def _tell_failure(self, failure: Failure, url: str) -> None:
        line, column = place_of(failure)
        self.warn(failure.code, failure.message, url=url, line=line, column=column)

    def slip(self, slip: LintWarning, url: str) -> None:
        """Tell of a slip in a document."""
        self.warn(slip.code, slip.message, url=url, line=slip.line, column=slip.column)

    def ask(self, go: Go, leg: Leg) -> tuple[str, Response]:
        """Send one request, redirects and retries included.

        :returns: the URL that answered in the end, and the answer.
        :raises Failure: when nothing answered.
        """
        return self.client.ask(
            go.method, go.url, {**leg.params(), **go.params}, self._teller(go.purpose), self.complain
        )

    def complain(self, what: str) -> None:
        """Tell of a connection override that can't be."""
        self.note(what, "see Twilio's page on connection overrides: ct, rt, tt, rc, rp, sni, e")

    def call_back(self, go: Go, leg: Leg) -> None:
        """Send what nobody waits for; an answer of 400 or above is a warning."""
        try:
            _, answer = self.ask(go, leg)
        except Failure as failure:
            self.warn(failure.code, failure.message, url=go.url, level="warning")
            return
        if answer.status >= 400:
            self.warn(15003, f"the {go.purpose} callback was answered with {answer.status}", url=go.url)

    def fetch_media(self, url: str) -> Response | None:
        """Fetch a file as it is played: a plain GET; ``None`` where this simulator can't reach it, or it is not there.

        A file that is not there is told of.
        """
        if not self.client.transport.serves(url):
            return None
        try:
            answer = self.client.fetch(url, self._teller("media"))
        except Failure as failure:
            self.warn(failure.code, failure.message, url=url, level="warning")
            return None
        if answer.status >= 400:
            what = f"the file was answered with {answer.status}"
            self.warn(self.assumptions.failed_status_code, what, url=url, level="warning")
            return None
        return answer

    def send_later(self, go: Go, leg: Leg) -> None:
        """Send something as soon as the next document is there, or the call is over."""
        leg = replace(leg)
        self.later.append(lambda: self.call_back(go, leg))

    def _send_later(self) -> None:
        while self.later:
            self.later.pop(0)()

    def _teller(self, purpose: str) -> Callable[[Request, Response | Failure], None]:
        def told(request: Request, came: Response | Failure) -> None:
            self.tell(
                Requested(
                    at=self.now,
                    purpose=purpose,
                    method=request.method,
                    url=request.url,
                    params=request.params,
                    headers=request.headers,
                )
            )
            if isinstance(came, Response):
                self.tell(_responded(self.now, purpose, request, came))

        return told


def _responded(now: float, purpose: str, request: Request, answer: Response) -> Responded:
    headers: Mapping[str, str] = dict(answer.headers)
    return Responded(
        at=now,
        purpose=purpose,
        url=request.url,
        status=answer.status,
        headers=headers,
        body="" if purpose == "media" else answer.body.decode("utf-8", "replace"),
        took=round(answer.took, 6),
        state=answer.header("Ivrkit-State"),
        owner=answer.header("Ivrkit-Owner"),
    )
