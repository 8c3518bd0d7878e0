"""An open-loop load generator: calls begin at fixed times, also if the server is slow.

It has a small HTTP client of its own. The simulator takes longer for a webhook than the server does, so with it the
test would measure the simulator.
"""

import asyncio
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.calls.results import BAD, DROPPED, HUNG_UP, CallResult
from tests.processes import TOKEN

from ivrkit.simulator.simulator import ACCOUNT, FROM, TO
from ivrkit.simulator.wire.signature import sign

#: How long Twilio waits for a response, in seconds.
_TIMEOUT = 15.0
_COOKIE = re.compile(rb"\r\nset-cookie: *([^=\r]+)=([^;\r]*)", re.IGNORECASE)
#: The parameters of a webhook that are the same in all calls.
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


class AsyncCall:
    """One call to the counting tree, with its cookies.

    :param url: the webhook.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._url_parts = urlsplit(url)
        self._cookies: dict[bytes, bytes] = {}
        self.result = CallResult(sid=f"CA{random.getrandbits(128):032x}")

    async def begin(self) -> None:
        """Start the call."""
        await self._post({"CallStatus": "ringing"}, pressed=False)

    async def press(self) -> None:
        """Press 1."""
        await self._post({"CallStatus": "in-progress", "Digits": "1", "msg": "Gather End"}, pressed=True)

    async def _post(self, params: dict[str, str], *, pressed: bool) -> None:
        """Send a webhook, and judge the response."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(_TIMEOUT):
                response = await self._send(self._request({**_FIELDS, "CallSid": self.result.sid, **params}))
        except (OSError, TimeoutError) as error:
            self._fail(f"{type(error).__name__}: {error}")
            return
        seconds = time.monotonic() - began
        self.result.response_times.append(seconds)
        self.result.longest_wait = max(self.result.longest_wait, seconds)
        head, _, body = response.partition(b"\r\n\r\n")
        self._cookies.update(_COOKIE.findall(head))
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            self._fail(response.decode())
            return
        self.result.judge(body.decode(), pressed=pressed, ended=b"<Hangup" in body)
        if self.result.verdict in BAD:
            self.result.transcript = body.decode()

    def _fail(self, message: str) -> None:
        """Count the call as dropped."""
        self.result.failed_requests += 1
        self.result.verdict, self.result.transcript = DROPPED, message

    def _request(self, params: dict[str, str]) -> bytes:
        """Return a signed HTTP request."""
        body = urlencode(params)
        head = [
            f"POST {self._url_parts.path} HTTP/1.1",
            f"Host: {self._url_parts.netloc}",
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

    async def _send(self, request: bytes) -> bytes:
        """Send a request over a new connection, and return the whole response."""
        reader, writer = await asyncio.open_connection(self._url_parts.hostname, self._url_parts.port)
        try:
            writer.write(request)
            return await reader.read()
        finally:
            writer.close()


@dataclass(frozen=True, slots=True)
class Load:
    """The parameters of a load.

    :param seconds: the duration of the whole load.
    :param rate: the new calls per second.
    :param duration: the duration of a call in seconds. So there are ``rate * duration`` simultaneous calls.
    :param think: the seconds between two keys.
    :param ramp: the load does not begin with an empty server: the calls that would already go on begin within these
        seconds.
    """

    seconds: float
    rate: float = 50.0
    duration: float = 40.0
    think: float = 8.0
    ramp: float = 10.0

    @property
    def concurrent(self) -> int:
        """The number of simultaneous calls after the ramp."""
        return int(self.rate * self.duration)


class LoadGenerator:
    """Runs a load against a server.

    :param url: the webhook.
    :param load: the parameters of the load.
    :param each_second: is called with the number of the second, once per second.
    """

    def __init__(self, url: str, load: Load, each_second: Callable[[int], None]) -> None:
        self._url = url
        self._load = load
        self._each_second = each_second
        self._began = 0.0
        self._concurrent_calls = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.results: list[CallResult] = []
        #: The number of simultaneous calls in each second.
        self.concurrent_calls: list[int] = []
        #: The longest delay of an action, in seconds. It is large if this process, not the server, is too slow.
        self.latest = 0.0

    async def run(self) -> None:
        """Run the whole load."""
        load, self._began = self._load, time.monotonic()
        starts = [(number / load.rate, load.duration) for number in range(int(load.seconds * load.rate))]
        for index in range(load.concurrent):
            # Their ends are spread evenly, so that the number of simultaneous calls stays the same.
            at, end = random.uniform(0, load.ramp), load.duration * (index + 0.5) / load.concurrent
            if at < end:  # otherwise this call has already ended
                starts.append((at, end - at))
        watch = asyncio.create_task(self._watch())
        for at, duration in sorted(starts):
            await self._until(at)
            task = asyncio.create_task(self._call(at, duration))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await self._until(load.seconds)
        await watch
        await asyncio.gather(*self._tasks)

    async def _call(self, at: float, duration: float) -> None:
        """Make one call, which ends at the latest with the load.

        :param at: the start of the call, in seconds after the start of the load.
        """
        call = AsyncCall(self._url)
        self.results.append(call.result)
        self._concurrent_calls += 1
        await call.begin()
        end, at = min(at + duration, self._load.seconds), at + random.uniform(0, self._load.think)
        while at < end and not call.result.verdict:
            await self._until(at)
            await call.press()
            at = max(at + self._load.think, time.monotonic() - self._began)
        await self._until(end)
        call.result.verdict = call.result.verdict or HUNG_UP
        self._concurrent_calls -= 1

    async def _until(self, at: float) -> None:
        """Sleep until a time in seconds after the start of the load, and record the delay."""
        remaining = self._began + at - time.monotonic()
        if remaining > 0:
            await asyncio.sleep(remaining)
        self.latest = max(self.latest, time.monotonic() - self._began - at)

    async def _watch(self) -> None:
        """Record the number of calls once per second."""
        for second in range(1, int(self._load.seconds)):
            await self._until(second)
            self.concurrent_calls.append(self._concurrent_calls)
            self._each_second(second)
