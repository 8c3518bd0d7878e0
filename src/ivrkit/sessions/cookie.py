"""SessionManager in a cookie: what is kept of a call travels with it, and nothing stays on the server.

Twilio keeps cookies and sends them back with each request of a call (https://www.twilio.com/docs/voice/twiml).
"""

from __future__ import annotations

import json

from ivrkit.errors import SessionError
from ivrkit.session_store import StoredSession
from ivrkit.sessions.encryption import Seal

#: The longest value of a cookie, in bytes: with its name and attributes a browser takes 4,096
#: (https://www.rfc-editor.org/rfc/rfc6265#section-6.1).
MOST_BYTES = 3_900


class CookieStore:
    """A store for the time of one webhook: it has what the caller's cookie brought, and makes the next one.

    It knows one call, and no other worker: of two copies of a webhook it cannot say which came first.

    :param seal: makes the cookie unreadable to all but the hosts.
    :param value: the cookie as it came, ``""`` for none.
    """

    def __init__(self, seal: Seal, value: str = "") -> None:
        self._seal = seal
        # What was opened last, the value and the call, and what was in it: a save looks at what was loaded.
        self._opened = ("", "")
        self._found: StoredSession | None = None
        #: The cookie that the call is to have from now on.
        self.value = value

    def load(self, sid: str) -> StoredSession | None:
        """Return what the cookie says of a call; ``None`` where it is another call's, or nobody's."""
        if self._opened != (self.value, sid):
            self._found, self._opened = self._open(sid), (self.value, sid)
        return self._found

    def save(self, kept: StoredSession, expected_turn: int) -> bool:
        """Put a call into the cookie, unless a later turn of it came with the last one.

        :raises SessionError: when it has no room there.
        """
        found = self.load(kept.sid)
        if found is not None and found.turn > expected_turn:
            return found == kept
        sealed = self._seal.seal(json.dumps([kept.turn, kept.expires, kept.body], separators=(",", ":")), kept.sid)
        if len(sealed) > MOST_BYTES:
            raise SessionError(
                f"call {kept.sid} would have {len(sealed)} bytes in its cookie, and {MOST_BYTES} are the most",
                hint="keep less in call.data, or set session_url to a store",
            )
        self.value = sealed
        return True

    def close(self) -> None:
        """There is nothing to let go of."""

    def _open(self, sid: str) -> StoredSession | None:
        opened = self._seal.open(self.value, sid) if self.value else None
        if opened is None:
            return None
        turn, expires, body = json.loads(opened)
        return StoredSession(sid, turn, expires, body)
