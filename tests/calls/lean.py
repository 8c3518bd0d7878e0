"""Calls in an open loop: they begin when they begin, however busy the server is. As lean as a caller can be.

The simulator takes longer for a webhook than the server does, so that it would be the simulator that is measured.
"""

import asyncio
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.calls.judge import BAD, DROPPED, LEFT, Outcome
from tests.processes import TOKEN

from ivrkit.simulator.simulator import ACCOUNT, FROM, TO
from ivrkit.simulator.wire.signature import sign

#: How long Twilio waits, in seconds.
_PATIENCE = 15.0
_COOKIE = re.compile(rb"\r\nset-cookie: *([^=\r]+)=([^;\r]*)", re.IGNORECASE)
#: What a webhook carries besides the call's own.
_FIELDS = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "Called": TO,
    "CalledCountry": "US",
    "CalledState": "",
    "CalledZip": "",
    "Caller": FROM,
    "CallerCity": "LEXINGTON-FAYETTE",
    "CallerCountry": "US",
    "CallerState": "KY",
    "CallerZip": "40507",
    "Direction": "inbound",
    "From": FROM,
    "To": TO,
}


class LeanCall:
    """One call of somebody who counts, with the cookies that it was given.

    :param url: the webhook.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._parts = urlsplit(url)
        self._cookies: dict[bytes, bytes] = {}
        self.outcome = Outcome(sid=f"CA{random.getrandbits(128):032x}")

    async def begin(self) -> None:
        """Call."""
        await self._ask({"CallStatus": "ringing"}, pressed=False)

    async def press(self) -> None:
        """Press 1."""
        await self._ask({"CallStatus": "in-progress", "Digits": "1", "msg": "Gather End"}, pressed=True)

    async def _ask(self, params: dict[str, str], *, pressed: bool) -> None:
        began = time.monotonic()
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await self._exchange(self._request({**_FIELDS, "CallSid": self.outcome.sid, **params}))
        except (OSError, TimeoutError) as error:
            self._fail(f"{type(error).__name__}: {error}")
            return
        took = time.monotonic() - began
        self.outcome.answers.append(took)
        self.outcome.slowest = max(self.outcome.slowest, took)
        head, _, body = answer.partition(b"\r\n\r\n")
        self._cookies.update(_COOKIE.findall(head))
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            self._fail(answer.decode())
            return
        self.outcome.hears(body.decode(), pressed=pressed, over=b"<Hangup" in body)
        if self.outcome.verdict in BAD:
            self.outcome.told = body.decode()

    def _fail(self, told: str) -> None:
        self.outcome.failed += 1
        self.outcome.verdict, self.outcome.told = DROPPED, told

    def _request(self, params: dict[str, str]) -> bytes:
        body = urlencode(params)
        head = [
            f"POST {self._parts.path} HTTP/1.1",
            f"Host: {self._parts.netloc}",
            "User-Agent: TwilioProxy/1.1",
            "Accept: */*",
            "Connection: close",
            f"I-Twilio-Idempotency-Token: {random.getrandbits(128):032x}",
            f"X-Twilio-Signature: {sign(self._url, params.items(), TOKEN)}",
            "Content-Type: application/x-www-form-urlencoded; charset=UTF-8",
            f"Content-Length: {len(body)}",
        ]
        if self._cookies:
            head.append("Cookie: " + "; ".join(f"{n.decode()}={v.decode()}" for n, v in self._cookies.items()))
        return "\r\n".join([*head, "", body]).encode()

    async def _exchange(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        try:
            writer.write(request)
            return await reader.read()
        finally:
            writer.close()


@dataclass(frozen=True, slots=True)
class Load:
    """How many call, and how.

    :param seconds: how long it lasts.
    :param a_second: how many calls begin in a second.
    :param life: how long a call lasts, in seconds. So many times ``a_second`` are there at any time.
    :param think: seconds from one key to the next.
    :param ramp: seconds in which those call who are in the middle of their calls when it begins.
    """

    seconds: float
    a_second: float = 50.0
    life: float = 40.0
    think: float = 8.0
    ramp: float = 10.0

    @property
    def concurrent(self) -> int:
        """How many calls there are at any time, once it has begun."""
        return int(self.a_second * self.life)


class Callers:
    """Plays a load.

    :param url: the webhook.
    :param load: how many call, and how.
    :param each_second: is told the second, once each.
    """

    def __init__(self, url: str, load: Load, each_second: Callable[[int], None]) -> None:
        self._url = url
        self._load = load
        self._each_second = each_second
        self._began = 0.0
        self._there = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.outcomes: list[Outcome] = []
        #: How many calls there were, second by second.
        self.there: list[int] = []
        #: How much too late the caller who was most late pressed a key, in seconds: this side's own problem.
        self.latest = 0.0

    async def play(self) -> None:
        """Play the whole load."""
        load, self._began = self._load, time.monotonic()
        starts = [(number / load.a_second, load.life) for number in range(int(load.seconds * load.a_second))]
        for _ in range(load.concurrent):
            at, left = random.uniform(0, load.ramp), random.uniform(0, load.life)
            if at < left:  # whoever is not, has hung up by then
                starts.append((at, left - at))
        watch = asyncio.create_task(self._watch())
        for at, life in sorted(starts):
            await self._until(at)
            task = asyncio.create_task(self._call(at, life))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await self._until(load.seconds)
        await watch
        await asyncio.gather(*self._tasks)

    async def _call(self, at: float, life: float) -> None:
        """Play one call; at the end of the load everybody hangs up."""
        call = LeanCall(self._url)
        self.outcomes.append(call.outcome)
        self._there += 1
        await call.begin()
        end, at = min(at + life, self._load.seconds), at + random.uniform(0, self._load.think)
        while at < end and not call.outcome.verdict:
            await self._until(at)
            await call.press()
            at = max(at + self._load.think, time.monotonic() - self._began)
        await self._until(end)
        call.outcome.verdict = call.outcome.verdict or LEFT
        self._there -= 1

    async def _until(self, at: float) -> None:
        left = self._began + at - time.monotonic()
        if left > 0:
            await asyncio.sleep(left)
        self.latest = max(self.latest, time.monotonic() - self._began - at)

    async def _watch(self) -> None:
        for second in range(1, int(self._load.seconds)):
            await self._until(second)
            self.there.append(self._there)
            self._each_second(second)
