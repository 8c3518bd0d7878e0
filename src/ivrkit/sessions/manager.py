"""Keeps the place of each call: in the store, and in a cookie that carries it over while the store is away.

Of the two, what has the higher turn counts. The cookie has the session without the documents that were answered; the
store has it whole, and sealed where the caller was asked for something secret.
"""

from __future__ import annotations

import logging
import time

from ivrkit.errors import SessionError
from ivrkit.flow.run.session import Session
from ivrkit.session_store import SharedStore, StoredSession
from ivrkit.sessions.cookie import CookieStore
from ivrkit.sessions.encryption import SessionCipher

#: How long a store that failed is left alone by calls that have their cookie, in seconds.
REST = 1.0
#: What a sealed body begins with; JSON never does.
_ENCRYPTED = "encrypted:"

log = logging.getLogger("ivrkit.sessions")


class SessionManager:
    """The sessions of all calls of a tree.

    :param store: where they are kept; ``None`` to keep them in the cookies alone.
    :param cipher: encrypts cookies and secret sessions.
    :param language: the language that a call begins in.
    """

    def __init__(self, store: SharedStore | None, cipher: SessionCipher, language: str) -> None:
        self.store = store
        self._cipher = cipher
        self._language = language
        self._rests_until = 0.0

    def at(self, sid: str, cookie: str = "") -> Place:
        """Return the place of one call, for the time of one webhook.

        :param cookie: as it came with the webhook, ``""`` for none.
        """
        return Place(self, sid, CookieStore(self._cipher, cookie))

    def load(self, sid: str) -> Session | None:
        """Return the session of a call as the store has it, ``None`` where it has none.

        :raises SessionError: when the store cannot be read.
        """
        kept = self.store.load(sid) if self.store else None
        return self.session_of(kept) if kept else None

    def is_well(self) -> bool:
        """Return whether the store can be read; why not is logged."""
        try:
            self.load("healthz")
        except SessionError:
            log.exception("the session store is not well")
            return False
        return True

    def remove_expired(self, now: float) -> None:
        """Remove the sessions that expired before ``now``, in seconds since 1970.

        :raises SessionError: when the store cannot do it.
        """
        if self.store:
            self.store.remove_expired(now)

    def close(self) -> None:
        """Let go of what the store holds open."""
        if self.store:
            self.store.close()

    # For a place.

    def rests(self) -> bool:
        """Return whether there is no store to be asked: none at all, or one that failed just now."""
        return self.store is None or time.monotonic() < self._rests_until

    def is_remote(self) -> bool:
        """Return whether to ask the store costs a trip over a network."""
        return self.store is not None and self.store.remote

    def rest(self) -> None:
        """Leave the store alone for a moment, because it failed."""
        self._rests_until = time.monotonic() + REST

    def new(self, sid: str, turn: int = 0) -> Session:
        """Return the session of a call that begins.

        :param turn: how many webhooks of it were answered all the same.
        """
        return Session(sid, turn=turn, language=self._language)

    def kept_of(self, session: Session, *, lean: bool) -> StoredSession:
        """Return what is kept of a session.

        :param lean: for a cookie, which is sealed as a whole.
        """
        body = session.to_json(lean=lean)
        if session.private and not lean:
            body = _ENCRYPTED + self._cipher.encrypt(body, session.sid)
        return StoredSession(session.sid, session.turn, session.expires, body)

    def session_of(self, kept: StoredSession) -> Session:
        """Return the session that is kept; a call whose session can't be read begins anew, and its turns go on."""
        body: str | None = kept.body
        if kept.body.startswith(_ENCRYPTED):
            body = self._cipher.decrypt(kept.body.removeprefix(_ENCRYPTED), kept.sid)
        try:
            if body is None:
                raise SessionError(
                    "a stored session cannot be opened: it was sealed with another token",
                    hint="keep the old token behind the new one in auth_token for as long as calls are kept",
                )
            session = Session.from_json(body)
            if (session.sid, session.turn) != (kept.sid, kept.turn):
                raise SessionError(
                    f"a stored session is turn {session.turn!r} of call {session.sid!r}",
                    hint="the store was written by something else; give this host a store of its own",
                )
        except SessionError:
            log.exception("call %s has lost its place at turn %d, and begins anew", kept.sid, kept.turn)
            return self.new(kept.sid, kept.turn)
        return session


class Place:
    """One call, for the time of one webhook: read, kept, and read again after a lost race.

    :param sessions: those that it is one of.
    :param sid: the call.
    :param leg: what its cookie says, and is to say.
    """

    def __init__(self, sessions: SessionManager, sid: str, leg: CookieStore) -> None:
        self._sessions = sessions
        self.sid = sid
        self._leg = leg
        self._carried = leg.load(sid)
        self._read = False
        self._failed = False
        #: Whether neither the store nor a cookie could say anything of the call.
        self.blind = False

    @property
    def cookie(self) -> str:
        """The cookie that the call is to have from now on, ``""`` for none."""
        return self._leg.value

    def read(self, token: str = "") -> Session:
        """Return the call as it stands; each time another object.

        A store that is a trip over a network away is not asked where the cookie knows the call: whether it is the
        latest is seen when it is saved. A token that was answered before is looked up all the same.

        :param token: the idempotency token of the webhook, ``""`` for none.
        """
        sessions, carried = self._sessions, self._carried
        guess, self._read = not self._read, True
        if carried is not None:
            leg = sessions.session_of(carried)
            if self._is_away() or (
                guess and sessions.is_remote() and not (token and leg.answer_again(token, "", None))
            ):
                return leg
        kept = self._load()
        if kept is None or (carried is not None and carried.turn > kept.turn):
            kept = carried or kept
        self.blind = kept is None and self._failed
        return sessions.session_of(kept) if kept else sessions.new(self.sid)

    def keep(self, session: Session, turn_read: int) -> bool:
        """Keep a session in the store and in the cookie; in the cookie alone while the store is away.

        :param session: with the turn that the call now has.
        :param turn_read: the turn that it was read at.
        :returns: ``False`` when somebody kept a later turn meanwhile; then nothing is changed.
        :raises SessionError: when there is no store, and no room in the cookie.
        """
        if not self._save(session, turn_read):
            return False
        try:
            self._leg.save(self._sessions.kept_of(session, lean=True), turn_read)
        except SessionError:
            self._leg.value = ""  # an older one would lead back
            if self._sessions.store is None:
                raise
        return True

    def _is_away(self) -> bool:
        """Return whether the store is not to be asked at this webhook."""
        return self._failed or (self._carried is not None and self._sessions.rests())

    def _load(self) -> StoredSession | None:
        store = self._sessions.store
        if store is None or self._failed:
            return None
        try:
            return store.load(self.sid)
        except SessionError:
            self._fail("read from")
            return None

    def _save(self, session: Session, turn_read: int) -> bool:
        """Return whether the store has the session now, or is not there to have another."""
        store = self._sessions.store
        if store is None or self._is_away():
            return True
        try:
            return store.save(self._sessions.kept_of(session, lean=False), turn_read)
        except SessionError:
            self._fail("written to")
            return True

    def _fail(self, what: str) -> None:
        """Log that the store failed, and ask it no more at this webhook."""
        self._failed = True
        self._sessions.rest()
        log.exception("call %s could not be %s the store", self.sid, what)
