"""The way of one webhook: session -> call -> engine -> session saved -> events told -> TwiML. Knows no Flask."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ivrkit.errors import SessionError
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.model.call import FINAL_STATUSES, RINGING, Call, make_call
from ivrkit.flow.model.state import State
from ivrkit.flow.run.engine import advance, hang_up
from ivrkit.flow.run.session import Answer, Session
from ivrkit.flow.run.turn import Turn
from ivrkit.host.call_log import CallLog
from ivrkit.host.deploys import what_changed
from ivrkit.plugins.hook_calls import HookImpl, observe
from ivrkit.sessions import Place, SessionManager

#: How often one webhook may lose the race for its session before that is a problem of the store.
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
    :param cookie: what the call is to bring along at its next webhook.
    """

    twiml: bytes
    state: State | None
    cookie: str


class Dispatcher:
    """Answers the webhooks of all calls.

    :param flow: the compiled states.
    :param sessions: where calls are kept.
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
        sessions: SessionManager,
        observers: Mapping[str, tuple[HookImpl, ...]],
        clock: Callable[[], datetime],
        session_hours: int,
        key: str = "",
        calls: CallLog | None = None,
    ) -> None:
        self.flow = flow
        self.sessions = sessions
        self._observers = observers
        self._clock = clock
        self._kept_for = session_hours * 3600.0
        self._key = hashlib.sha256(key.encode()).digest()
        self._calls = calls or CallLog()
        self._remove_at = 0.0

    def answer(self, params: Mapping[str, str], *, token: str = "", again: int = 0, cookie: str = "") -> Reply:
        """Answer one webhook.

        :param params: Twilio's parameters, ``CallSid`` among them.
        :param token: its ``I-Twilio-Idempotency-Token``, ``""`` for none.
        :param again: the mark of the fallback, 0 for none.
        :param cookie: what the answer before gave the call to bring along, ``""`` for nothing.
        :raises SessionError: when nothing can be known of the call, or nothing kept.
        """
        sid, body = params["CallSid"], "" if token else _hash_of(params, again, self._key)
        lost, began, place = None, self._calls.begin(), self.sessions.at(sid, cookie)
        for _ in range(MOST_RACES):
            session, now = self._read(place, params, token), self._clock()
            known = session.answer_again(token, body, lost)
            if known is not None and known.twiml:
                return Reply(known.twiml.encode(), self._state_of(session), place.cookie)
            turn_read, changed = session.turn, what_changed(self.flow, session)
            # What was answered, and its document not kept, is no news: the caller hears where the call is.
            mark = max(again, 1) if known is not None else again
            turn = advance(self.flow, self._call(params, session, now), session, again=mark)
            session.remember(Answer(turn_read + 1, token, body, turn.twiml.decode()))
            if self._save(place, session, turn_read, now):
                if changed:
                    log.warning("call %s: %s", sid, changed)
                self._calls.tell(turn, session, began)
                self._tell(turn)
                self._remove_expired(now)
                return Reply(turn.twiml, turn.state, place.cookie)
            lost = turn_read if lost is None else lost
        raise _lost_for_ever(sid)

    def hang_up(self, params: Mapping[str, str], *, cookie: str = "") -> None:
        """Take a status callback: a final status marks the call as ended, one that never came here included.

        :param params: Twilio's parameters, ``CallSid`` among them.
        :param cookie: as with :meth:`answer`.
        :raises SessionError: when nothing can be known of the call, or nothing kept.
        """
        sid = params["CallSid"]
        if params.get("CallStatus") not in FINAL_STATUSES:
            return
        began, place = self._calls.begin(), self.sessions.at(sid, cookie)
        for _ in range(MOST_RACES):
            session, now = self._read(place, params), self._clock()
            if session.ended:
                return
            turn_read = session.turn
            turn = hang_up(self.flow, self._call(params, session, now), session)
            if self._save(place, session, turn_read, now):
                self._calls.tell(turn, session, began)
                self._tell(turn)
                return
        raise _lost_for_ever(sid)

    def apology(self, sid: str = "", cookie: str = "") -> bytes:
        """Return the core's apology in the language of a call, else in the flow's own.

        :param sid: the call; left out where its session can't be read.
        :param cookie: as with :meth:`answer`.
        """
        language = self.sessions.at(sid, cookie).read().language if sid else self.flow.rules.language
        return self.flow.sentences[self.flow.language(language)]["apology"]

    def _read(self, place: Place, params: Mapping[str, str], token: str = "") -> Session:
        """Return the session of a call.

        :raises SessionError: when nothing can be known of a call that has begun.
        """
        session = place.read(token)
        if place.blind and params.get("CallStatus") != RINGING:
            raise SessionError(
                f"nothing is known of call {place.sid}: the store is away, and the call brought no cookie",
                hint="look at the store, and at what a proxy does to cookies",
            )
        return session

    def _save(self, place: Place, session: Session, turn_read: int, now: datetime) -> bool:
        session.turn = turn_read + 1
        session.expires = now.timestamp() + self._kept_for
        return place.keep(session, turn_read)

    def _call(self, params: Mapping[str, str], session: Session, now: datetime) -> Call:
        return make_call(params, now=now, language=session.language, turn=session.turn + 1, data=session.data)

    def _state_of(self, session: Session) -> State | None:
        compiled = self.flow.states.get(session.state or "")
        return compiled.state if compiled else None

    def _tell(self, turn: Turn) -> None:
        """Tell the plugins that watch what happened."""
        for event in turn.events:
            callers = self._observers.get(_HOOKS.get(event.name, ""), ())
            if callers and not (event.name == "left" and event.state is None):
                call = turn.call.copy_for_observers(secret=turn.secret)
                given = {"call": call, "state": event.state, "outcome": event.outcome, "reason": event.reason}
                observe(callers, given, call.sid)

    def _remove_expired(self, now: datetime) -> None:
        """Remove expired calls now and then; when that fails, the answer is still good."""
        seconds = now.timestamp()
        if seconds < self._remove_at:
            return
        self._remove_at = seconds + REMOVE_EVERY
        try:
            self.sessions.remove_expired(seconds)
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
