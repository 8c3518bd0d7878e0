"""Whole calls with odd input: each webhook follows the document before it, with values that nobody expects."""

import random
from collections.abc import Callable
from urllib.parse import quote, urldefrag, urljoin, urlsplit

from tests.attack.client import Answer, Client, Pairs
from tests.web.webhook_calls import VERB_RESULTS, WAITING_VERBS, twilio_params

#: Texts that break parsers, logs, SQL, XML, format strings and file names.
TEXTS = [
    "",
    " ",
    "\0",
    "\r\n2026-01-01 00:00:00,000 INFO ivrkit.calls: forged",
    "\x1b[31mred\x07",
    "\u2028\u2029\x85",
    "\ufffd\uffff\U0010ffff",
    "\u202eevil",
    "🎉漢é",
    "e\u0301" * 50,
    "'; DROP TABLE sessions; --",
    "<Hangup/>",
    "</Say><Dial>+19005550100</Dial>",
    "&amp;&lt;]]>",
    "%s%n%(message)s",
    "{company}{0.__class__}",
    "${jndi:ldap://a}",
    "../../../etc/passwd",
    "-1",
    "1e999",
    "NaN",
    "9" * 400,
    "x" * 5000,
    "A" * 20_000,
    "True",
    "null",
    "[]",
    "٣",
    "*#*#",
    "wwww1",
    "+",
]
DIGITS = ["", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#", "1234", "9999", "12#", "1" * 300]
STATUSES = ["ringing", "in-progress", "completed", "busy", "no-answer", "failed", "canceled", "queued", "initiated"]
#: The parameters that the core reads.
NAMES = [
    "AccountSid",
    "CallStatus",
    "From",
    "To",
    "Caller",
    "Called",
    "ForwardedFrom",
    "Direction",
    "Digits",
    "FinishedOnKey",
    "SpeechResult",
    "Confidence",
    "Language",
    "msg",
    "RecordingUrl",
    "RecordingSid",
    "RecordingDuration",
    "RecordingStatus",
    "TranscriptionText",
    "DialCallStatus",
    "DialCallSid",
    "DialCallDuration",
    "DialBridged",
    "QueueResult",
    "QueueSid",
    "QueueTime",
    "ErrorCode",
    "ErrorUrl",
    "StirVerstat",
    "ConferenceSid",
    "StatusCallbackEvent",
    "UnstableSpeechResult",
    "AnsweredBy",
    "MessageSid",
]
_PATHS = {"webhook": "/webhook", "status": "/webhook/status", "fallback": "/webhook/fallback"}


class OddCall:
    """A caller with odd input.

    :param client: sends the requests.
    :param rng: makes the choices.
    """

    def __init__(self, client: Client, rng: random.Random) -> None:
        self._client = client
        self._rng = rng
        self.sid = f"CA{rng.getrandbits(128):032x}"
        self._cookies = [""]
        self._path = "/webhook"
        self._answer: Answer | None = None
        self.is_over = False

    def step(self) -> Answer:
        """Send the next webhook of the call, and return its answer."""
        path, params = self._next_request()
        pairs = self._make_odd(params)
        self._answer = self._client.post(
            path,
            pairs,
            cookie=self._cookie(),
            token=self._rng.choice(["", f"{self._rng.getrandbits(64):x}", "token", TEXTS[9].encode().hex()]),
        )
        if self._answer.cookie:
            self._cookies.append(self._answer.cookie)
        self._path = path
        self.is_over = params.get("CallStatus") == "completed" and self._rng.random() < 0.8
        return self._answer

    def _next_request(self) -> tuple[str, dict[str, str]]:
        """Return the path and the parameters of the next webhook."""
        if self._answer is None:
            return "/webhook", {"CallStatus": "ringing"}
        choice = self._rng.random()
        if choice < 0.05:
            return "/webhook/status", {"CallStatus": self._rng.choice(STATUSES)}
        if choice < 0.1:
            url = f"{self._client.base}{self._path}"
            return "/webhook/fallback", {"ErrorCode": "11200", "ErrorUrl": self._rng.choice([url, *TEXTS])}
        if choice < 0.15:
            return self._odd_path(), {"CallStatus": "in-progress"}
        return self._follow(self._answer)

    def _odd_path(self) -> str:
        """Return a path with a query that the core reads, or with one that nobody reads."""
        query = self._rng.choice(["again=1", "again=2", "again=3", "again=x", "a=%ff", "%", "=&", "Digits=1", "#rc=1"])
        path = self._rng.choice([*_PATHS.values(), "/webhook/", "/webhook/whisper", "/webhook/nothing"])
        return f"{path}?{quote(query, '=&%')}"

    def _follow(self, answer: Answer) -> tuple[str, dict[str, str]]:
        """Return the request that the document of an answer leads to."""
        if answer.status != 200 or not answer.body.startswith(b"<"):
            return "/webhook", {"CallStatus": "in-progress"}
        for verb in answer.root:
            if verb.tag == "Redirect":
                return self._resolve(verb.text), {"CallStatus": "in-progress"}
            if verb.tag in WAITING_VERBS:
                return self._resolve(verb.get("action")), self._result(verb.tag)
        return "/webhook/status", {"CallStatus": "completed"}

    def _resolve(self, address: str | None) -> str:
        """Return the path and query of an address in a document."""
        parts = urlsplit(urldefrag(urljoin(f"{self._client.base}{self._path}", address or "")).url)
        return f"{parts.path}{'?' * bool(parts.query)}{parts.query}"

    def _result(self, verb: str) -> dict[str, str]:
        """Return the result of a verb, often an odd one."""
        rng, results = self._rng, [value for (tag, _), value in VERB_RESULTS.items() if tag == verb]
        odd: dict[str, Callable[[], dict[str, str]]] = {
            "Gather": lambda: {"Digits": rng.choice([*DIGITS, rng.choice(TEXTS)]), "msg": "Gather End"},
            "Record": lambda: {"RecordingUrl": rng.choice(TEXTS), "RecordingDuration": rng.choice(TEXTS)},
            "Dial": lambda: {"DialCallStatus": rng.choice([*STATUSES, *TEXTS]), "DialBridged": rng.choice(TEXTS)},
            "Enqueue": lambda: {"QueueResult": rng.choice(["bridged", "leave", "hangup", "queue-full", *TEXTS])},
        }
        if verb == "Gather" and rng.random() < 0.2:
            return {"SpeechResult": rng.choice(["echo", "sales", *TEXTS]), "Confidence": rng.choice(["0.9", *TEXTS])}
        return rng.choice([*results, odd[verb](), odd[verb]()])

    def _make_odd(self, params: dict[str, str]) -> Pairs:
        """Return all parameters of a webhook; every third webhook has changed, repeated, missing and unknown ones."""
        rng = self._rng
        pairs = [*{**twilio_params(self.sid), **params}.items()]
        if rng.random() < 0.66:
            return pairs
        for _ in range(rng.randint(1, 5)):
            match rng.randrange(5):
                case 0:
                    pairs.append((rng.choice(NAMES), rng.choice(TEXTS)))
                case 1:
                    pairs.append((rng.choice(TEXTS)[:200], rng.choice(TEXTS)))
                case 2:
                    pairs.append(rng.choice(pairs))
                case 3:
                    pairs.pop(rng.randrange(len(pairs)))
                case 4:
                    at = rng.randrange(len(pairs))
                    pairs[at] = (pairs[at][0], rng.choice(TEXTS))
        return pairs

    def _cookie(self) -> str:
        """Return the last cookie, an older one, a damaged one, or none."""
        cookie, choice = self._cookies[-1], self._rng.random()
        if choice < 0.8:
            return cookie
        if choice < 0.9:
            return self._rng.choice(self._cookies)
        return self._rng.choice(
            ["", cookie[: len(cookie) // 2], cookie.swapcase(), f"{cookie}; {cookie}x", "ivrkit=A=="]
        )
