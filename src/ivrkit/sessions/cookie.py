"""The session cookie: each response sets a cookie with the session, and the next webhook of the call brings the cookie.

Twilio keeps the cookies of a call, and sends them with each request of the call
(https://www.twilio.com/docs/voice/twiml).
"""

from __future__ import annotations

import json

from ivrkit.errors import SessionError
from ivrkit.session_store import StoredSession
from ivrkit.sessions.encryption import SessionCipher

#: The largest value of a cookie, in bytes. A client takes 4,096 bytes with name and attributes
#: (https://www.rfc-editor.org/rfc/rfc6265#section-6.1).
MAX_BYTES = 3_900


class CookieStore:
    """A session store for one webhook. The session is loaded from a cookie of the request.

    A save puts the session into a cookie for the response. A cookie store holds the session of one call, and shares
    nothing with other processes. If Twilio sends a webhook twice, both requests can save a session.

    :param cipher: encrypts the cookie.
    :param value: the value of the cookie in the request, or ``""`` if the request has no cookie.
    """

    def __init__(self, cipher: SessionCipher, value: str = "") -> None:
        self._cipher = cipher
        # The last cookie that was decrypted: its value and CallSid, and the session in it. A save looks at the session
        # that a load has already decrypted, so each webhook decrypts its cookie once.
        self._decrypted = ("", "")
        self._session: StoredSession | None = None
        #: The cookie for the response, ``""`` for none.
        self.value = value

    def load(self, sid: str) -> StoredSession | None:
        """Return the session in the cookie, or ``None`` if the cookie is invalid or belongs to another call."""
        if self._decrypted != (self.value, sid):
            self._session, self._decrypted = self._decrypt(sid), (self.value, sid)
        return self._session

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Put a session into the cookie, unless the cookie already has a later turn than ``expected_turn``.

        :param expected_turn: the turn number of the session when the webhook read the session.
        :returns: whether the cookie has this session now.
        :raises SessionError: if the session is too large for a cookie. The cookie is not changed.
        """
        found = self.load(session.sid)
        if found is not None and found.turn > expected_turn:
            return found == session
        text = json.dumps([session.turn, session.expires, session.body], separators=(",", ":"))
        value = self._cipher.encrypt(text, session.sid)
        if len(value) > MAX_BYTES:
            raise SessionError(
                f"the cookie of call {session.sid} must have at most {MAX_BYTES} bytes, not {len(value)}",
                hint="store less in call.data, or set session_url to a store",
            )
        self.value = value
        return True

    def close(self) -> None:
        """Do nothing: a cookie has no connection."""

    def _decrypt(self, sid: str) -> StoredSession | None:
        text = self._cipher.decrypt(self.value, sid) if self.value else None
        if text is None:
            return None
        turn, expires, body = json.loads(text)
        return StoredSession(sid, turn, expires, body)
