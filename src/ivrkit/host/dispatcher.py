"""The dispatcher: it answers webhooks, without Flask.

One webhook takes these steps, in this order:

1. Read the session of the call. If the request was answered before, return the stored answer.
2. Let the engine answer the request. The engine changes the session in memory only. A notification changes nothing.
3. Save the session. If another request has saved the session since step 1, start again at step 1.
4. Write the call log and notify the observing plugins. This step is the last, because a turn counts only after the
   session is saved.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from ivrkit.errors import SessionError
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.compile.twiml import EMPTY_RESPONSE, document
from ivrkit.flow.model.attempts import Counters, MemoryCounters
from ivrkit.flow.model.call import FINAL_STATUSES, RINGING, Call, make_call
from ivrkit.flow.model.notifications import CALL_STATUS, QUEUE_WAIT, Notification, find_notification
from ivrkit.flow.run.engine import advance, hang_up
from ivrkit.flow.run.session import SentResponse, Session
from ivrkit.flow.run.turn import FallbackStep, Turn
from ivrkit.host.accounts import bind_to_account
from ivrkit.host.call_log import CallLog
from ivrkit.host.deadlines.attempt import DEFAULT_DEADLINE, Attempt
from ivrkit.host.deadlines.turn_guard import Gate, TurnGuard
from ivrkit.host.deploys import describe_change
from ivrkit.host.observers import Observers, notify_of_turn
from ivrkit.host.quarantine.quarantine import Quarantine
from ivrkit.host.quarantine.record import Entry
from ivrkit.host.quarantine.reports import notify_of_events
from ivrkit.host.request_hash import hash_request
from ivrkit.host.twiml_response import TwimlResponse
from ivrkit.sessions import CallSession, SessionManager

#: How many times a webhook may find that another request saved the session first.
MAX_ATTEMPTS = 50
#: How often expired sessions are removed, in seconds.
REMOVE_EXPIRED_EVERY = 600.0

#: The response to a queue that asks for its music. Twilio asks again when the document ends, so it must not be empty.
_SILENCE = document([b'<Pause length="60" />'])

log = logging.getLogger("ivrkit.web")

_Stop = TypeVar("_Stop")


class Dispatcher:
    """Answers the webhooks of all calls.

    :param flow: the compiled phone tree.
    :param sessions: the session manager, which reads and saves the sessions.
    :param observers: name of an observing hook -> the implementations of the hook.
    :param clock: a function that returns the current time, with a time zone.
    :param session_hours: the number of hours that a session is kept after the last webhook of its call.
    :param key: the secret for the hashes of requests, the same in all processes. If the hashes had no secret, a reader
        of the store could try all inputs to find the phone keys that a caller pressed.
    :param call_log: the log that gets a line for each turn.
    :param gates: the gates that each call of a plugin's code passes.
    :param quarantine: the quarantine, which is also one of the gates, or ``None`` if no state is ever closed.
    :param deadline: the number of seconds that the code of a plugin may run. A state may have a deadline of its own.
    :param counters: the wrong answers of all calls, or ``None`` to count them in the memory of this process.
    """

    def __init__(
        self,
        flow: CallFlow,
        sessions: SessionManager,
        observers: Observers,
        clock: Callable[[], datetime],
        session_hours: int,
        key: str = "",
        call_log: CallLog | None = None,
        gates: Sequence[Gate] = (),
        quarantine: Quarantine | None = None,
        deadline: float = DEFAULT_DEADLINE,
        counters: Counters | None = None,
    ) -> None:
        self.flow = flow
        self.sessions = sessions
        self._observers = observers
        self._clock = clock
        self._session_seconds = session_hours * 3600.0
        # Hashed, because blake2b takes a key of at most 64 bytes.
        self._key = hashlib.sha256(key.encode()).digest()
        self._call_log = call_log or CallLog()
        self._gates = tuple(gates)
        self.quarantine = quarantine
        self._deadline = deadline
        self._counters = counters or MemoryCounters()
        self._remove_expired_at = 0.0

    def answer_webhook(
        self,
        params: Mapping[str, str],
        *,
        token: str = "",
        fallback_step: FallbackStep = FallbackStep.NONE,
        cookie: str = "",
        attempt: Attempt | None = None,
    ) -> TwimlResponse:
        """Answer one webhook.

        :param params: Twilio's parameters, with ``CallSid``.
        :param token: the header ``I-Twilio-Idempotency-Token`` of the request, or ``""`` if it is missing.
        :param fallback_step: the number of times that Twilio's fallback URL has sent the call back to the webhook. The
            query of the request has this number.
        :param cookie: the cookie of the request, or ``""`` for no cookie.
        :param attempt: the attempt to answer the webhook, or ``None`` if there is only one attempt.
        :raises AccountError: if the call belongs to another account.
        :raises SessionError: if the session cannot be read or saved, or if there is no time for it.
        :raises TurnAbandoned: if the attempt was abandoned.
        """
        attempt = attempt or Attempt()
        if saved := attempt.saved_answer():
            return saved
        with TurnGuard(params["CallSid"], self._gates, attempt, self._deadline).turn():
            return self._answer_webhook(params, token, fallback_step, cookie, attempt)

    def _answer_webhook(
        self, params: Mapping[str, str], token: str, fallback_step: FallbackStep, cookie: str, attempt: Attempt
    ) -> TwimlResponse:
        # Twilio's token identifies a request that is sent again. Without a token, a hash of the parameters does.
        request_hash = "" if token else hash_request(params, fallback_step, self._key)
        started = self._call_log.start_timer()
        call_session = self.sessions.for_call(params["CallSid"], cookie)
        change = ""

        def take_turn(session: Session, now: datetime, lost_at: int | None) -> Turn | SentResponse | Notification:
            nonlocal change
            notification = find_notification(params, session.waiting_verb)
            if notification is not None:
                return notification  # the call is not moved, and its session is not saved
            bind_to_account(session, params)
            # Without a token, equal parameters mean the same request only after a lost race. Otherwise the caller may
            # have pressed the same key twice.
            known = session.find_response(token, request_hash, lost_at)
            if known is not None and known.twiml:
                return known
            change = describe_change(self.flow, session)
            # The cookie says which requests were answered, but has no room for the documents. Such a request is
            # not counted a second time: the caller hears the stored state again.
            step = fallback_step if known is None else max(fallback_step, FallbackStep.REENTER_STATE)
            # The caller of code that missed its deadline in this webhook hears the apology, also in a quarantine.
            closed = self.quarantine.closed(session.sid) - attempt.slow_states if self.quarantine else ()
            call = self._call(params, session, now)
            turn = advance(self.flow, call, session, fallback_step=step, closed=closed)
            session.add_response(SentResponse(session.turn + 1, token, request_hash, turn.twiml.decode()))
            return turn

        answered: tuple[Turn | SentResponse | Notification, Session]
        answered = self._save_turn(call_session, params, take_turn, attempt, token)
        result, session = answered
        if isinstance(result, Notification):
            return self._accept_notification(result, params, cookie, attempt)
        if isinstance(result, SentResponse):
            compiled = self.flow.states.get(session.state or "")
            state, path = (compiled.state, (compiled.name,)) if compiled else (None, ())
            return TwimlResponse(result.twiml.encode(), state, call_session.cookie, path=path)
        if change:
            log.warning("call %s: %s", session.sid, change)
        attempt.saved = TwimlResponse(result.twiml, result.state, call_session.cookie, path=result.path)
        self._report(result, session, started)
        self._remove_expired(result.call.now)
        return attempt.saved

    def _accept_notification(
        self, found: Notification, params: Mapping[str, str], cookie: str, attempt: Attempt
    ) -> TwimlResponse:
        """Return the response to a notification. Of all notifications, only the end of the call is recorded."""
        if found is CALL_STATUS and params.get("CallStatus") in FINAL_STATUSES:
            cookie = self._end_call(params, cookie, attempt)
        return TwimlResponse(_SILENCE if found is QUEUE_WAIT else EMPTY_RESPONSE, None, cookie, found)

    def record_status(self, params: Mapping[str, str], *, cookie: str = "", attempt: Attempt | None = None) -> str:
        """End a call if a status callback has a final status such as ``completed``. Ignore any other status.

        The call is ended even if no webhook of the call has arrived. The end of a leg of a ``Dial`` is ignored.

        :param params: Twilio's parameters, with ``CallSid``.
        :param cookie: the cookie of the request, or ``""`` for no cookie.
        :param attempt: the attempt to answer the request, or ``None`` if there is only one attempt.
        :returns: the cookie of the response. A late webhook brings it, so that the end is reported once, even without a
            session store.
        :raises AccountError: if the call belongs to another account.
        :raises SessionError: if the session cannot be read or saved.
        """
        if params.get("CallStatus") not in FINAL_STATUSES:
            return cookie
        attempt = attempt or Attempt()
        if saved := attempt.saved_answer():
            return saved.cookie
        with TurnGuard(params["CallSid"], self._gates, attempt, self._deadline).turn():
            return self._end_call(params, cookie, attempt)

    def _end_call(self, params: Mapping[str, str], cookie: str, attempt: Attempt) -> str:
        """Mark a call as ended, and return the cookie of the response."""
        started = self._call_log.start_timer()
        call_session = self.sessions.for_call(params["CallSid"], cookie)

        def take_turn(session: Session, now: datetime, lost_at: int | None) -> Turn | None:
            bind_to_account(session, params)
            # The leg of a Dial has a CallSid of its own, but it is not a call of the phone tree.
            is_leg = "ParentCallSid" in params and not session.turn
            return None if session.ended or is_leg else hang_up(self.flow, self._call(params, session, now), session)

        turn, session = self._save_turn(call_session, params, take_turn, attempt)
        if turn is None:
            return cookie
        attempt.saved = TwimlResponse(EMPTY_RESPONSE, None, call_session.cookie, CALL_STATUS)
        self._report(turn, session, started)
        return call_session.cookie

    def entries_in_quarantine(self) -> Mapping[str, Entry]:
        """Return name of a state -> entry, for the states that are in quarantine."""
        if self.quarantine is None:
            return {}
        self.quarantine.read()
        return self.quarantine.entries

    def apology(self, sid: str = "", cookie: str = "") -> bytes:
        """Return the core's apology as TwiML verbs, in the language of a call.

        :param sid: the CallSid, or ``""`` to use the default language of the phone tree.
        :param cookie: the cookie of the request, or ``""`` for no cookie.
        """
        language = self.sessions.for_call(sid, cookie).read().language if sid else self.flow.config.language
        return self.flow.core_prompts[self.flow.closest_language(language)]["apology"].xml

    def _save_turn(
        self,
        call_session: CallSession,
        params: Mapping[str, str],
        take_turn: Callable[[Session, datetime, int | None], Turn | _Stop],
        attempt: Attempt,
        token: str = "",
    ) -> tuple[Turn | _Stop, Session]:
        """Read the session, call ``take_turn``, and save the session. Start again if another request saved it first.

        :param take_turn: a function that changes the session and returns a ``Turn``. If it returns anything else, the
            session is not saved. Its arguments are the session, the time, and ``None``. After a failed save, the third
            argument is the ``session.turn`` that was read for the first attempt.
        :returns: the last result of ``take_turn``, and the session that ``take_turn`` changed.
        :raises SessionError: if the session cannot be read or saved, or if there is no time for it.
        :raises TurnAbandoned: if the attempt was abandoned.
        """
        lost_at = None
        for _ in range(MAX_ATTEMPTS):
            # Each attempt starts with a new Session: the one of a lost attempt was changed.
            session, now = self._read(call_session, params, token), self._clock()
            turn_read = session.turn
            result = take_turn(session, now, lost_at)
            if not isinstance(result, Turn):
                return result, session
            session.turn = turn_read + 1
            session.expires = now.timestamp() + self._session_seconds
            attempt.begin_save()
            if call_session.save(session, turn_read):
                return result, session
            attempt.end_save()
            lost_at = turn_read if lost_at is None else lost_at
        raise SessionError(
            f"call {call_session.sid}: another request saved the session first, {MAX_ATTEMPTS} times in a row",
            hint="check the session store: it does not return the sessions that are saved in it",
        )

    def _read(self, call_session: CallSession, params: Mapping[str, str], token: str) -> Session:
        """Return the session of a call.

        :raises SessionError: if the store failed, the request has no cookie, and the call began before this webhook.
            With a new session, the caller would hear the greeting again.
        """
        session = call_session.read(token)
        if call_session.unreadable and params.get("CallStatus") != RINGING:
            raise SessionError(
                f"call {session.sid} has no session: the session store is unavailable and the request has no cookie",
                hint="check the session store, and that the proxy passes cookies on",
            )
        return session

    def _call(self, params: Mapping[str, str], session: Session, now: datetime) -> Call:
        session.started = session.started or now.timestamp()
        return make_call(
            params,
            now=now,
            language=session.language,
            turn=session.turn + 1,
            data=session.data,
            started=datetime.fromtimestamp(session.started, now.tzinfo),
            path=session.path,
            counters=self._counters,
        )

    def _report(self, turn: Turn, session: Session, started: float | None) -> None:
        self._call_log.log_turn(turn, session, started)
        notify_of_turn(self._observers, turn)
        if self.quarantine:
            notify_of_events(self._observers, self.quarantine.take_events(), session.sid)

    def _remove_expired(self, now: datetime) -> None:
        """Remove expired sessions every :data:`REMOVE_EXPIRED_EVERY` seconds. A failure is logged and not raised."""
        seconds = now.timestamp()
        if seconds < self._remove_expired_at:
            return
        # Set before the removal, so that a failing store is not tried again at each webhook.
        self._remove_expired_at = seconds + REMOVE_EXPIRED_EVERY
        try:
            self.sessions.remove_expired(seconds)
        except SessionError:
            log.exception("expired sessions could not be removed")
