"""The session manager: the sessions of all calls of a phone tree."""

from __future__ import annotations

from ivrkit.flow.run.session import Session
from ivrkit.session_store import SharedStore
from ivrkit.sessions.call_session import CallSession
from ivrkit.sessions.circuit_breaker import CircuitBreaker
from ivrkit.sessions.codec import SessionCodec
from ivrkit.sessions.cookie import CookieStore
from ivrkit.sessions.encryption import SessionCipher
from ivrkit.sessions.store_health import StoreHealth

#: The CallSid that a check of the store loads. No call has it.
CHECK_SID = "healthz"


class SessionManager:
    """Gives each webhook the session of its call. Also checks and closes the store, and removes expired sessions.

    :param store: the shared store, or ``None`` if sessions are only in cookies.
    :param cipher: encrypts cookies, and the stored sessions of calls that were in a secret state.
    :param language: the language in which a new call starts.
    """

    def __init__(self, store: SharedStore | None, cipher: SessionCipher, language: str) -> None:
        #: Public, because a check of the store and the simulated phone look into it.
        self.store = store
        #: Shared by all calls: when the store fails for one of them, the others do not wait for it.
        self.breaker = CircuitBreaker()
        self.health = StoreHealth(lambda: self.load(CHECK_SID), self.breaker)
        self._cipher = cipher
        self._codec = SessionCodec(cipher, language)

    def for_call(self, sid: str, cookie: str = "") -> CallSession:
        """Return an object that reads and saves the session of a call during one webhook.

        :param sid: the CallSid.
        :param cookie: the value of the session cookie in the request, or ``""`` if the request has no session cookie.
        """
        return CallSession(sid, self.store, self.breaker, CookieStore(self._cipher, cookie), self._codec)

    def load(self, sid: str) -> Session | None:
        """Return the session of a call from the store.

        :returns: the session, or ``None`` if the store has no session of this call or if there is no store.
        :raises SessionError: if the store cannot be read.
        """
        stored = self.store.load(sid) if self.store else None
        return self._codec.decode(stored) if stored else None

    def is_healthy(self) -> bool:
        """Return whether the store could be read about a second ago. If it could not be read, the reason is logged.

        :returns: ``True`` if the store could be read, or if there is no store.
        """
        return self.health.is_healthy()

    def remove_expired(self, now: float) -> None:
        """Remove the expired sessions from the store.

        :param now: the current time in seconds since 1970.
        :raises SessionError: if the store cannot be used.
        """
        if self.store:
            self.store.remove_expired(now)

    def close(self) -> None:
        """Close the connections of the store."""
        if self.store:
            self.store.close()
