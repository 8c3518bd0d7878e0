"""Webhooks one by one: for what is done twice with the same session, and for verbs that the simulator does not play."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ivrkit.flow.model.call import make_call
from ivrkit.flow.run.engine import advance
from ivrkit.flow.run.session import Session
from ivrkit.simulator.simulator import FROM, TO
from ivrkit.testing import Phone

_CALL = {"CallSid": "CA" + "0" * 32, "From": FROM, "To": TO}


class Run(NamedTuple):
    """What came of one webhook.

    :param twiml: the answer.
    :param kept: the session after it, as a store keeps it.
    """

    twiml: bytes
    kept: str

    @property
    def waiting_verb(self) -> str | None:
        """The verb that the call waits with."""
        return Session.from_json(self.kept).waiting_verb

    @property
    def data(self) -> Mapping[str, object]:
        """What handlers keep of the call."""
        return Session.from_json(self.kept).data


def differ(first: Run, again: Run) -> tuple[str, str] | None:
    """Return in what two runs differ: their answers, else what is kept after them; ``None`` where they do not."""
    if first == again:
        return None
    if first.twiml != again.twiml:
        return first.twiml.decode(), again.twiml.decode()
    return first.kept, again.kept


class Bench:
    """Runs the webhooks of one call of a tree; the clock stands still.

    :param phone: a phone to the tree.
    """

    def __init__(self, phone: Phone) -> None:
        self._flow = phone.host.loaded.flow
        self._now = datetime.now(ZoneInfo(phone.host.settings.timezone))
        self._new = Session(_CALL["CallSid"], language=self._flow.config.language).to_json()

    def begin(self) -> Run:
        """Run the first webhook."""
        return self.run(self._new, {"CallStatus": "ringing"})

    def run(self, kept: str, params: Mapping[str, str]) -> Run:
        """Run a webhook on a copy of a session."""
        session = Session.from_json(kept)
        given = {**_CALL, "CallStatus": "in-progress", **params}
        call = make_call(given, now=self._now, language=session.language, turn=session.turn + 1, data=session.data)
        turn = advance(self._flow, call, session)
        session.turn += 1
        return Run(turn.twiml, session.to_json())
