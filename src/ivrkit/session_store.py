"""The interface of session stores."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class StoredSession(NamedTuple):
    """The session of one call in the form in which a store keeps it. A store never looks into ``body``.

    :param sid: the CallSid; stores compare it exactly, so letter case and spaces matter.
    :param turn: the number of webhooks of the call that were answered.
    :param expires: when a store may remove the session, in seconds since 1970.
    :param body: the session as JSON, ASCII text in one line; encrypted if the call was in a secret state.
    """

    sid: str
    turn: int
    expires: float
    body: str


class Store(Protocol):
    """A session store. It keeps the session of each call between the call's webhooks.

    Every method can be called from any thread, and in a process that was forked after the store was created. A method
    that cannot do its work raises :class:`~ivrkit.errors.SessionError` within two seconds, because a caller is waiting.
    """

    def load(self, sid: str) -> StoredSession | None:
        """Return the session of a call, or ``None`` if the store has no session of the call.

        The store may return a session that has expired, until the session is removed.
        """

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session, unless the store has a later turn of the call than ``expected_turn``.

        The comparison and the write are one atomic step for all threads, processes and hosts. A store that has an
        earlier turn, or no session of the call, saves the session too: the store may have missed turns while it was
        unavailable.

        :param session: the session, with its new turn number.
        :param expected_turn: the turn number of the session that was loaded, or 0 for a new call.
        :returns: ``False``, with nothing changed, if the store has a later turn than ``expected_turn``. There is one
            exception: if the store already has exactly this turn and body, an earlier save succeeded and its reply was
            lost. Then the result is ``True``.
        """

    def close(self) -> None:
        """Close the open connections. The next method call opens new connections."""


class SharedStore(Store, Protocol):
    """A store that all processes and hosts share. If two hosts save the same turn of a call, only one save succeeds."""

    #: Whether each request to the store is a network round trip. If so, ivrkit skips the loads that it does not need.
    remote: bool

    def remove_expired(self, now: float) -> int:
        """Remove the sessions that expired before ``now``, in seconds since 1970.

        :returns: the number of removed sessions, or 0 if the store removes expired sessions by itself.
        """
