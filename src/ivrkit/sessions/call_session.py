"""The session of one call during one webhook.

A session has two copies: one in the store and one in the cookie. The turn of a copy is the number of webhooks of the
call that were answered. These rules say which copy counts. The comments below refer to the rules by number.

Reading:

1. The store gets no request in three cases: there is no store, the store failed earlier in this webhook, or the request
   has a cookie while the circuit breaker is open. Then the cookie counts.
2. If the request has a cookie, the first read of a webhook does not ask a remote store. This saves a round trip. If the
   cookie is out of date, the store refuses the save, and the second read asks the store.
3. Rule 2 does not apply if the cookie says that the webhook was answered before. Only the store has the document of the
   answer.
4. If the store and the cookie both have a session of the call, the copy with the higher turn counts. If the turns are
   equal, the store counts, because only the copy in the store has the documents.
5. If neither the store nor the cookie has a session of the call, a new session is created. ``unreadable`` is true if
   the store failed, because the store may have an old session of the call.

Saving:

6. If the store has a later turn than the turn that was read, another webhook of the call has saved the session first.
   Then the store refuses the save, nothing is changed, and the webhook reads the session again.
7. If the store fails, the webhook does not fail. The session is saved in the cookie, and by rule 4 a later webhook
   takes the session from the cookie.
8. The cookie gets a copy without documents. If the copy is too large, the cookie is removed, because an older cookie
   would take the caller back to an older turn. If there is no store, a copy that is too large is an error.
"""

from __future__ import annotations

import logging

from ivrkit.errors import SessionError
from ivrkit.flow.run.session import Session
from ivrkit.session_store import SharedStore, StoredSession
from ivrkit.sessions.circuit_breaker import CircuitBreaker
from ivrkit.sessions.codec import SessionCodec
from ivrkit.sessions.cookie import CookieStore

log = logging.getLogger("ivrkit.sessions")


class CallSession:
    """Reads and saves the session of one call during one webhook.

    If another webhook of the call saved the session in the meantime, the session can be read again.

    :param sid: the CallSid.
    :param store: the shared store, or ``None`` if sessions are only in cookies.
    :param breaker: the circuit breaker of the store.
    :param cookie_store: reads and writes the session cookie of the call.
    :param codec: encodes and decodes the session.
    """

    def __init__(
        self,
        sid: str,
        store: SharedStore | None,
        breaker: CircuitBreaker,
        cookie_store: CookieStore,
        codec: SessionCodec,
    ) -> None:
        self.sid = sid
        self._store = store
        self._breaker = breaker
        self._cookie_store = cookie_store
        self._codec = codec
        self._from_cookie = cookie_store.load(sid)
        self._was_read = False
        self._store_failed = False
        #: Whether the store failed and the call brought no cookie, so that nothing is known of the call.
        self.unreadable = False

    @property
    def cookie(self) -> str:
        """The value of the session cookie for the response, or ``""`` if the response must have no session cookie."""
        return self._cookie_store.value

    def read(self, token: str = "") -> Session:
        """Read the session, and return the session as a new object.

        :param token: the idempotency token of the webhook, or ``""`` if the webhook has no idempotency token.
        """
        store, from_cookie = self._usable_store(), self._from_cookie
        is_first, self._was_read = not self._was_read, True
        if from_cookie is not None and (store is None or (is_first and store.remote)):  # rules 1 and 2
            session = self._codec.decode(from_cookie)
            if store is None or not (token and session.find_response(token, "", None)):  # rule 3
                return session
        stored = self._load(store)
        if from_cookie is not None and (stored is None or from_cookie.turn > stored.turn):  # rule 4
            stored = from_cookie
        self.unreadable = stored is None and self._store_failed  # rule 5
        return self._codec.decode(stored) if stored else self._codec.new(self.sid)

    def save(self, session: Session, turn_read: int) -> bool:
        """Save the session in the store and in the cookie, unless another webhook of the call was first.

        :param session: the session after this webhook, with its new turn number.
        :param turn_read: the turn number of the session when this webhook read the session.
        :returns: whether the session was saved. If another webhook of the call has saved the session since this webhook
            read the session, the result is ``False``, and nothing is changed.
        :raises SessionError: if there is no store, and the session is too large for the cookie.
        """
        if not self._save(self._usable_store(), session, turn_read):  # rule 6
            return False
        try:
            self._cookie_store.save(self._codec.encode_for_cookie(session), turn_read)
        except SessionError:
            self._cookie_store.value = ""  # rule 8
            if self._store is None:
                raise
        return True

    def _usable_store(self) -> SharedStore | None:
        """Return the store, or ``None`` if rule 1 of this module forbids a request to the store now.

        A call without a cookie asks the store even if the circuit breaker is open, because the call has no other copy
        of its session.
        """
        if self._store_failed or (self._from_cookie is not None and self._breaker.is_open):
            return None
        return self._store

    def _load(self, store: SharedStore | None) -> StoredSession | None:
        try:
            return store.load(self.sid) if store else None
        except SessionError:
            self._record_failure("read")
            return None

    def _save(self, store: SharedStore | None, session: Session, turn_read: int) -> bool:
        """Save the session in the store. Return ``False`` only if the store refuses the session.

        If the store fails, log the failure and return ``True`` (rule 7 of this module).
        """
        try:
            return store.save(self._codec.encode_for_store(session), turn_read) if store else True
        except SessionError:
            self._record_failure("written")
            return True

    def _record_failure(self, action: str) -> None:
        """Log that the store failed, and open the circuit breaker.

        :param action: a word for the log: ``read`` if a load failed, ``written`` if a save failed.
        """
        self._store_failed = True
        self._breaker.record_failure()
        log.exception("call %s: the session store could not be %s", self.sid, action)
