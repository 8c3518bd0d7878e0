"""Where calls are kept between their webhooks: what a store is, and the stores that there are."""

from __future__ import annotations

from typing import Protocol

from ivrkit.errors import SessionError
from ivrkit.flow.session import Session
from ivrkit.sessions.sqlite import SQLiteStore


class SessionStore(Protocol):
    """Keeps sessions by their CallSid. Every method may be called from any thread of any process.

    Each raises :class:`~ivrkit.errors.SessionError` when the store can't be reached.
    """

    def load(self, sid: str) -> Session | None:
        """Return the session of a call, ``None`` when there is none. Each load gives a session of its own."""

    def save(self, session: Session, expected_turn: int) -> bool:
        """Keep a session, if nobody else did meanwhile.

        :param session: with the turn number that it now has.
        :param expected_turn: the turn number that it was loaded with; 0 for a call that was not kept yet.
        :returns: ``False`` when what is kept has another turn number; then nothing is changed.
        """

    def remove_expired(self, now: float) -> int:
        """Remove the sessions that expired before ``now``, in seconds since 1970; return how many."""

    def close(self) -> None:
        """Let go of what the store holds open in this thread."""


def open_store(url: str) -> SessionStore:
    """Return the store that a URL names: ``sqlite:///`` and the path of a file.

    :raises SessionError: for a URL of another kind, or a file that can't be opened.
    """
    scheme, _, path = url.partition(":///")
    if scheme != "sqlite" or not path or path == ":memory:":
        raise SessionError(
            f"session_url {url!r} names no store",
            hint="use sqlite:/// and the path of a file: sqlite:///calls.sqlite3, or sqlite:////var/lib/ivr/calls.sqlite3",
        )
    return SQLiteStore(path)


__all__ = ["SQLiteStore", "SessionStore", "open_store"]
