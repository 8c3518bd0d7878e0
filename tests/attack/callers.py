"""Callers of the matrix: one that reaches a cell and goes on, and others that must notice nothing."""

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urljoin, urlsplit

from tests.attack.client import Answer, Client
from tests.web.webhook_calls import ACCOUNT, WAITING_VERBS, pressed, twilio_params

from ivrkit import Texts

APOLOGY = Texts().apology
#: How long Twilio waits for a response, in seconds.
TWILIO_TIMEOUT = 15.0
_RECORDED = {
    "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Recordings/RE{'3' * 32}",
    "RecordingSid": f"RE{'3' * 32}",
    "RecordingDuration": "12",
}


class Caller:
    """A caller who follows each document as Twilio does.

    :param client: sends the requests.
    :param sid: the CallSid.
    :param to: the called number.
    """

    def __init__(self, client: Client, sid: str, to: str = "+15005550006") -> None:
        self._client = client
        self._to = to
        self._path = "/webhook"
        self._cookie = ""
        self.sid = sid
        self.answers: list[Answer] = []

    @property
    def heard(self) -> str:
        """Everything that the caller has heard."""
        return " ".join(each.heard for each in self.answers if each.status == 200)

    @property
    def waits_for(self) -> str:
        """The verb at the end of the last document that waits, or ``""``."""
        return next((verb.tag for verb in self.answers[-1].root if verb.tag in WAITING_VERBS), "")

    def dial(self) -> "Caller":
        """Call the number."""
        return self._send("/webhook", {"CallStatus": "ringing"})

    def press(self, digits: str) -> "Caller":
        """Press keys."""
        return self._finish_verb(pressed(digits))

    def speak(self, words: str) -> "Caller":
        """Say something."""
        return self._finish_verb({"SpeechResult": words, "Confidence": "0.9"})

    def record(self) -> "Caller":
        """Leave a message."""
        return self._finish_verb(_RECORDED)

    def hang_up(self) -> "Caller":
        """Hang up."""
        self.answers.append(self._post("/webhook/status", {"CallStatus": "completed"}))
        return self

    def _finish_verb(self, params: dict[str, str]) -> "Caller":
        verb = next(each for each in self.answers[-1].root if each.tag in WAITING_VERBS)
        return self._send(self._resolve(verb.get("action")), {"CallStatus": "in-progress", **params})

    def _send(self, path: str, params: dict[str, str]) -> "Caller":
        """Request a document, and follow its redirects."""
        for _ in range(10):
            self._path = path
            answer = self._request(path, params)
            self.answers.append(answer)
            self._cookie = answer.cookie or self._cookie
            redirect = answer.root.find("Redirect") if answer.status == 200 and not self.waits_for else None
            if redirect is None:
                break
            path, params = self._resolve(redirect.text), {"CallStatus": "in-progress"}
        return self

    def _request(self, path: str, params: dict[str, str]) -> Answer:
        """Request a document. A subclass may request another one if this fails."""
        return self._post(path, params)

    def _post(self, path: str, params: dict[str, str]) -> Answer:
        pairs = [*{**twilio_params(self.sid), "To": self._to, "Called": self._to, **params}.items()]
        return self._client.post(path, pairs, cookie=self._cookie)

    def _resolve(self, address: str | None) -> str:
        parts = urlsplit(urldefrag(urljoin(f"{self._client.base}{self._path}", address or "")).url)
        return f"{parts.path}{'?' * bool(parts.query)}{parts.query}"


class PatientCaller(Caller):
    """A caller whose webhooks may fail. Then Twilio requests the fallback URL; if this fails too, the call ends.

    :param client: sends the requests, each on a connection of its own.
    """

    def __init__(self, client: Client, sid: str, to: str = "+15005550006") -> None:
        super().__init__(client, sid, to)
        self.failures: list[BaseException | int] = []

    @property
    def is_over(self) -> bool:
        """``True`` after the call has ended."""
        return not self.waits_for

    def walk(self, end: str) -> None:
        """Call, and go on until a text is heard: leave a message, press five where it is asked for, else two."""
        self.dial()
        for _ in range(6):
            if end in self.heard or self.is_over:
                return
            if self.waits_for == "Record":
                self.record()
            else:
                self.press("5" if "Press five." in self.answers[-1].heard else "2")

    def hang_up(self) -> "Caller":
        """Hang up. Twilio sends the status callback once."""
        try:
            return super().hang_up()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(error)
            return self

    def _request(self, path: str, params: dict[str, str]) -> Answer:
        try:
            answer = self._post(path, params)
            if answer.status == 200:
                return answer
            self.failures.append(answer.status)
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(error)
        url = f"{self._client.base}{path}"
        self._path = "/webhook/fallback"
        return self._post(self._path, {"CallStatus": "in-progress", "ErrorCode": "11200", "ErrorUrl": url})


def new_sid(rng: random.Random) -> str:
    """Return a CallSid."""
    return f"CA{rng.getrandbits(128):032x}"


@dataclass
class Others:
    """The calls of other callers.

    :param seconds: the time of each answer.
    :param problems: everything that a caller should not have noticed.
    :param failures: the webhooks that failed, so that Twilio requested the fallback URL.
    """

    seconds: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failures: list[BaseException | int] = field(default_factory=list)

    @property
    def slowest(self) -> float:
        """The longest time of an answer, in seconds."""
        return max(self.seconds, default=0.0)


@contextmanager
def other_callers(port: int, number: int, *, patient: bool = False) -> Iterator[Others]:
    """Let callers call the menu and the state ``fine`` again and again in the ``with`` block.

    :param port: the port of the server.
    :param number: the number of callers at the same time.
    :param patient: whether a webhook may fail if the fallback URL leads the call on.
    """
    others, stop = Others(), threading.Event()
    call = _call_patiently if patient else _call
    threads = [threading.Thread(target=_call_until, args=(call, port, others, stop)) for _ in range(number)]
    for each in threads:
        each.start()
    try:
        yield others
    finally:
        stop.set()
        for each in threads:
            each.join()


def _call_until(call: Callable[[int, Others], None], port: int, others: Others, stop: threading.Event) -> None:
    while not stop.is_set():
        call(port, others)
        time.sleep(0.02)


def _call(port: int, others: Others) -> None:
    client = Client(port)
    caller = Caller(client, new_sid(random.Random()))
    try:
        caller.dial().press("2")
        others.seconds += [each.seconds for each in caller.answers]
        if "Fine." not in caller.heard or APOLOGY in caller.heard:
            others.problems.append(f"{caller.sid} heard {caller.heard!r}")
    except (OSError, StopIteration, ValueError, http.client.HTTPException) as error:
        others.problems.append(f"{caller.sid}: {error!r}")
    finally:
        client.close()


def _call_patiently(port: int, others: Others) -> None:
    caller = PatientCaller(Client(port, timeout=TWILIO_TIMEOUT, keeps_connection=False), new_sid(random.Random()))
    try:
        caller.walk("Fine.")
        if "Fine." not in caller.heard:
            others.problems.append(f"{caller.sid} heard {caller.heard!r}")
    except (OSError, http.client.HTTPException) as error:
        others.problems.append(f"{caller.sid}: {error!r} after {caller.failures}")
    others.seconds += [each.seconds for each in caller.answers]
    others.failures += caller.failures
