"""The way of one webhook: session -> call -> engine -> session saved -> events told -> TwiML. Knows no Flask."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ivrkit.errors import SessionError
from ivrkit.flow.call import FINAL, Call, make_call
from ivrkit.flow.engine import advance, hang_up
from ivrkit.flow.flow import CallFlow
from ivrkit.flow.session import Answer, Session
from ivrkit.flow.state import State
from ivrkit.flow.turn import Turn
from ivrkit.hooks import Caller, observe
from ivrkit.sessions import SessionStore
from ivrkit.web.log import CallLog

#: How often one webhook may lose the race for its session before that is a fault of the store.
MOST_RACES = 50
#: How often expired calls are removed, in seconds.
REMOVE_EVERY = 600.0

_HOOKS = {
    "started": "ivrkit_call_started",
    "entered": "ivrkit_state_entered",
    "left": "ivrkit_state_left",
    "ended": "ivrkit_call_ended",
}

log = logging.getLogger("ivrkit.web")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a webhook is answered.

    :param twiml: the whole document.
    :param state: the state that the caller is in, ``None`` when the call never was in one that is still there.
    """

    twiml: bytes
    state: State | None


class Dispatcher:
    """Answers the webhooks of all calls.

    :param flow: the compiled states.
    :param store: where calls are kept.
    :param observers: hook -> the plugins' implementations, for the hooks that only watch.
    :param clock: gives the time, with its zone.
    :param session_hours: how long after its last webhook a call is kept.
    :param key: for the hashes of requests, the same in all processes: without it, whoever reads the store cannot find
        out by trying what was pressed.
    :param calls: tells each turn to the log.
    """

    def __init__(
        self,
        flow: CallFlow,
        store: SessionStore,
        observers: Mapping[str, tuple[Caller, ...]],
        clock: Callable[[], datetime],
        session_hours: int,
        key: str = "",
        calls: CallLog | None = None,
    ) -> None:
        self.flow = flow
        self.store = store
        self._observers = observers
        self._clock = clock
        self._kept_for = session_hours * 3600.0
        self._key = hashlib.sha256(key.encode()).digest()
        self._calls = calls or CallLog()
        self._remove_at = 0.0

    def answer(self, params: Mapping[str, str], *, token: str = "", again: int = 0) -> Reply:
        """Answer one webhook.

        :param params: Twilio's parameters, ``CallSid`` among them.
        :param token: its ``I-Twilio-Idempotency-Token``, ``""`` for none.
        :param again: the mark of the fallback, 0 for none.
        :raises SessionError: when the store can't be reached.
        """
        sid, body = params["CallSid"], "" if token else _hash_of(params, again, self._key)
        lost, began = None, self._calls.begin()
        for _ in range(MOST_RACES):
            session, now = self._load(sid), self._clock()
            known = session.answer_again(token, body, lost)
            if known is not None:
                return Reply(known.twiml.encode(), self._state_of(session))
            turn_read = session.turn
            turn = advance(self.flow, self._call(params, session, now), session, again=again)
            session.remember(Answer(turn_read + 1, token, body, turn.twiml.decode()))
            if self._save(session, turn_read, now):
                self._calls.tell(turn, session, began)
                self._tell(turn)
                self._remove_expired(now)
                return Reply(turn.twiml, turn.state)
            lost = turn_read if lost is None else lost
        raise _lost_for_ever(sid)

    def hang_up(self, params: Mapping[str, str]) -> None:
        """Take a status callback: a final status marks the call as ended, one that never came here included.

        :param params: Twilio's parameters, ``CallSid`` among them.
        :raises SessionError: when the store can't be reached.
        """
        sid = params["CallSid"]
        if params.get("CallStatus") not in FINAL:
            return
        began = self._calls.begin()
        for _ in range(MOST_RACES):
            session, now = self._load(sid), self._clock()
            if session.ended:
                return
            turn_read = session.turn
            turn = hang_up(self.flow, self._call(params, session, now), session)
            if self._save(session, turn_read, now):
                self._calls.tell(turn, session, began)
                self._tell(turn)
                return
        raise _lost_for_ever(sid)

    def apology(self, sid: str = "") -> bytes:
        """Return the core's apology in the language of a call, else in the flow's own.

        :param sid: the call; left out where its session can't be read.
        """
        language = self.flow.rules.language
        try:
            language = self._load(sid).language if sid else language
        except SessionError:
            log.exception("the language of call %s is not known", sid)
        return self.flow.sentences[self.flow.language(language)]["apology"]

    def _load(self, sid: str) -> Session:
        return self.store.load(sid) or Session(sid, language=self.flow.rules.language)

    def _save(self, session: Session, turn_read: int, now: datetime) -> bool:
        session.turn = turn_read + 1
        session.expires = now.timestamp() + self._kept_for
        return self.store.save(session, turn_read)

    def _call(self, params: Mapping[str, str], session: Session, now: datetime) -> Call:
        return make_call(params, now=now, language=session.language, turn=session.turn + 1, data=session.data)

    def _state_of(self, session: Session) -> State | None:
        compiled = self.flow.states.get(session.state or "")
        return compiled.state if compiled else None

    def _tell(self, turn: Turn) -> None:
        """Tell the plugins that watch what happened."""
        for event in turn.events:
            callers = self._observers.get(_HOOKS.get(event.kind, ""), ())
            if callers and not (event.kind == "left" and event.state is None):
                call = turn.call.watched(secret=turn.secret)
                given = {"call": call, "state": event.state, "outcome": event.outcome, "reason": event.reason}
                observe(callers, given, call.sid)

    def _remove_expired(self, now: datetime) -> None:
        """Remove expired calls now and then; when that fails, the answer is still good."""
        seconds = now.timestamp()
        if seconds < self._remove_at:
            return
        self._remove_at = seconds + REMOVE_EVERY
        try:
            self.store.remove_expired(seconds)
        except SessionError:
            log.exception("expired calls could not be removed")


def _lost_for_ever(sid: str) -> SessionError:
    return SessionError(
        f"call {sid} lost the race for its session {MOST_RACES} times",
        hint="the store does not keep what is saved; look at its file",
    )


def _hash_of(params: Mapping[str, str], again: int, key: bytes) -> str:
    """Return a hash of a request, so that its copy is known without keeping what the caller pressed."""
    return hashlib.blake2b(repr((again, sorted(params.items()))).encode(), key=key, digest_size=16).hexdigest()
