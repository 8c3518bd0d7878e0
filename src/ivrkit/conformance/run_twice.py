"""A handler that is run twice for one webhook, as when two copies of it race: both runs give the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from ivrkit.conformance.outcomes import outcomes_of
from ivrkit.conformance.subject import Nonconformity, Subject
from ivrkit.flow.call import make_call
from ivrkit.flow.engine import advance
from ivrkit.flow.session import Session
from ivrkit.simulator.simulator import FROM, TO
from ivrkit.testing import Phone

_CALL = {"CallSid": "CA" + "0" * 32, "From": FROM, "To": TO}


def a_handler_that_is_run_twice_gives_the_same(subject: Subject, state: str) -> None:
    """With the same session and the same ``call.turn_key``, answer and session are the same."""
    with subject.phone_to(state) as phone:
        now = datetime.now(ZoneInfo(phone.host.settings.timezone))
        begun = Session(_CALL["CallSid"], language=phone.host.loaded.flow.languages[0]).to_json()
        kept = _same(subject, state, phone, begun, {"CallStatus": "ringing"}, now)
        for params in outcomes_of(phone, state):
            _same(subject, state, phone, kept, params, now)


def _same(subject: Subject, state: str, phone: Phone, kept: str, params: Mapping[str, str], now: datetime) -> str:
    """Run one webhook twice; return what is kept after it."""
    first, again = (_run(phone, kept, params, now) for _ in range(2))
    if first != again:
        told = ", ".join(f"{name}={value!r}" for name, value in params.items())
        raise Nonconformity(
            f"{subject.name}: the state {state!r}, told {told}, gives {first[0].decode()!r} when it is run first, and "
            f"{again[0].decode()!r} when the same webhook is run again",
            hint="key what you do elsewhere with call.turn_key, and answer a webhook that was done as it was done",
        )
    return first[1]


def _run(phone: Phone, kept: str, params: Mapping[str, str], now: datetime) -> tuple[bytes, str]:
    session = Session.from_json(kept)
    given = {**_CALL, "CallStatus": "in-progress", **params}
    call = make_call(given, now=now, language=session.language, turn=session.turn + 1, data=session.data)
    turn = advance(phone.host.loaded.flow, call, session)
    session.turn += 1
    return turn.twiml, session.to_json()
