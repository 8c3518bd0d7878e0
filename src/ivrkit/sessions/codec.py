"""Conversion between a session and its stored form. This is JSON, which is encrypted if the session has a secret."""

from __future__ import annotations

import logging

from ivrkit.errors import SessionError
from ivrkit.flow.run.session import Session
from ivrkit.session_store import StoredSession
from ivrkit.sessions.encryption import SessionCipher

#: The start of an encrypted body. JSON never starts like this.
_ENCRYPTED = "encrypted:"

log = logging.getLogger("ivrkit.sessions")


class SessionCodec:
    """Encodes and decodes sessions.

    :param cipher: encrypts the sessions that have a secret.
    :param language: the language that a new call starts in.
    """

    def __init__(self, cipher: SessionCipher, language: str) -> None:
        self._cipher = cipher
        self._language = language

    def new(self, sid: str, turn: int = 0) -> Session:
        """Return the session of a new call.

        :param turn: the number of webhooks that were answered. It is above 0 if the session replaces an unreadable one.
        """
        return Session(sid, turn=turn, language=self._language)

    def encode_for_store(self, session: Session) -> StoredSession:
        """Return the whole session as JSON. The JSON is encrypted if the call has a secret, and plain otherwise."""
        body = session.to_json()
        if session.needs_encryption:
            body = _ENCRYPTED + self._cipher.encrypt(body, session.sid)
        return StoredSession(session.sid, session.turn, session.expires, body)

    def encode_for_cookie(self, session: Session) -> StoredSession:
        """Return the session as plain JSON, without the documents that were answered. The cookie encrypts it."""
        return StoredSession(session.sid, session.turn, session.expires, session.to_json(lean=True))

    def decode(self, stored: StoredSession) -> Session:
        """Return the session. If it cannot be read, log why and return a new one.

        A new session in place of an unreadable one keeps the turn number. Otherwise the store would refuse to save it.
        """
        try:
            return self._decode(stored)
        except SessionError:
            log.exception("call %s: the session of turn %d cannot be read, and starts again", stored.sid, stored.turn)
            return self.new(stored.sid, stored.turn)

    def _decode(self, stored: StoredSession) -> Session:
        # The body itself says whether it is encrypted: a session can become secret at any turn.
        body: str | None = stored.body
        if stored.body.startswith(_ENCRYPTED):
            body = self._cipher.decrypt(stored.body.removeprefix(_ENCRYPTED), stored.sid)
        if body is None:
            raise SessionError(
                "a stored session cannot be decrypted: it was encrypted with another auth token",
                hint="keep the old token after the new one in auth_token until all calls with the old one have expired",
            )
        session = Session.from_json(body)
        # A body that was copied to another key must not continue the wrong call.
        if (session.sid, session.turn) != (stored.sid, stored.turn):
            raise SessionError(
                f"a stored session must be turn {stored.turn!r} of call {stored.sid!r}, "
                f"not turn {session.turn!r} of call {session.sid!r}",
                hint="another program wrote to this store; give ivrkit a store of its own",
            )
        return session
