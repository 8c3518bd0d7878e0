"""The check that an app refuses requests that Twilio has not signed. Anybody on the internet can send such requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import urlencode, urlsplit

from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.events import Requested
from ivrkit.simulator.problems import RISKY, CallProblem
from ivrkit.simulator.wire.messages import Failure, Request
from ivrkit.simulator.wire.overrides import DEFAULT
from ivrkit.simulator.wire.signature import sign
from ivrkit.simulator.wire.transports import TableTransport, Transport

#: A secret that no account has.
_FORGED_SECRET = "forged"  # noqa: S105  it signs requests that an app must refuse
_HINT = "verify the header X-Twilio-Signature, and answer with the status 403 if it is missing or wrong"


def unsigned_requests(transport: Transport, calls: Iterable[SimulatedCall]) -> list[CallProblem]:
    """Send one request of the calls to each URL again, first without a signature, and then with a forged one.

    :returns: a problem for the requests without a signature that were answered, and one for the forged requests. A
        table of documents is no app, so it has no such problems.
    """
    if isinstance(transport, TableTransport):
        return []
    requests = list(_one_request_per_url(transport, calls))
    return [
        CallProblem("unsigned-request", f"a request {how} is answered: {', '.join(answered)}", _HINT, (), RISKY)
        for how, is_forged in (("without a signature", False), ("with a forged signature", True))
        if (answered := [_shown(each) for each in requests if _is_answered(transport, each, is_forged=is_forged)])
    ]


def _one_request_per_url(transport: Transport, calls: Iterable[SimulatedCall]) -> Iterator[Requested]:
    requests = [event for call in calls for event in call.events if isinstance(event, Requested)]
    webhooks = [each for each in requests if each.purpose != "media" and transport.serves(each.url)]
    yield from {_shown(each): each for each in webhooks}.values()


def _shown(event: Requested) -> str:
    return f"{event.method} {urlsplit(event.url).path}"


def _is_answered(transport: Transport, event: Requested, *, is_forged: bool) -> bool:
    headers = {name: value for name, value in event.headers.items() if not name.startswith("X-Twilio-")}
    is_get = event.method == "GET"
    if is_forged:
        headers["X-Twilio-Signature"] = sign(event.url, () if is_get else event.params.items(), _FORGED_SECRET)
    body = b"" if is_get else urlencode(event.params).encode()
    try:
        return transport.send(Request(event.method, event.url, event.params, headers, body), DEFAULT).status < 400
    except Failure:
        return False
