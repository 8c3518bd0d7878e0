"""Conversion between a session and its stored form.

The stored form is JSON. The JSON is encrypted if the call was ever in a secret state.
"""

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

    :param cipher: encrypts the sessions of calls that were in a secret state.
    :param language: the language in which a new call starts.
    """

    def __init__(self, cipher: SessionCipher, language: str) -> None:
        self._cipher = cipher
        self._language = language

    def new(self, sid: str, turn: int = 0) -> Session:
        """Return the session of a new call.

        :param sid: the CallSid.
        :param turn: the number of webhooks of the call that were answered. This number is above 0 only if the new
            session replaces a stored session that could not be read.
        """
        return Session(sid, turn=turn, language=self._language)

    def encode_for_store(self, session: Session) -> StoredSession:
        """Return the session as JSON. The JSON is encrypted if the call was ever in a secret state."""
        body = session.to_json()
        if session.needs_encryption:
            body = _ENCRYPTED + self._cipher.encrypt(body, session.sid)
        return StoredSession(session.sid, session.turn, session.expires, body)

    def encode_for_cookie(self, session: Session) -> StoredSession:
        """Return the session as plain JSON, without the TwiML documents of earlier responses.

        The JSON is plain, because the cookie store encrypts each session.
        """
        return StoredSession(session.sid, session.turn, session.expires, session.to_json(lean=True))

    def decode(self, stored: StoredSession) -> Session:
        """Return the session from its stored form.

        If the stored form is unreadable, this method logs the reason and returns a new session. The new session keeps
        the turn number of the stored session. With a lower turn number, the store would refuse to save the new session.
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
                "a stored session cannot be decrypted: it was encrypted with another auth token or shared key",
                hint="keep the old token after the new one in auth_token, or the old key before the new one in "
                "shared_keys, until all calls with the old one have expired",
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
