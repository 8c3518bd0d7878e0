"""The interface of session stores."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class StoredSession(NamedTuple):
    """The session of one call in the form in which a store keeps it. A store never looks into ``body``.

    :param sid: the CallSid. Stores must distinguish CallSids that differ only in letter case or spaces.
    :param turn: the number of webhooks of the call that were answered.
    :param expires: when a store may remove the session, in seconds since 1970.
    :param body: the session as one line of JSON in ASCII. The session is encrypted if the call was in a secret state.
    """

    sid: str
    turn: int
    expires: float
    body: str


class Store(Protocol):
    """The interface of a session store, which keeps the session of each call between the webhooks of the call.

    Every method can be called from any thread, and in a process that was forked after the store was created. A method
    that cannot do its work raises :class:`~ivrkit.errors.SessionError` within two seconds, because a caller is waiting.
    """

    def load(self, sid: str) -> StoredSession | None:
        """Return the session of a call, or ``None`` if the store has no session of the call.

        The store may return a session that has expired, until the session is removed.
        """

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session, unless the stored session of the call has a later turn than ``expected_turn``.

        The comparison and the write are one atomic step for all threads, processes and hosts. If the stored session
        has an earlier turn, or if there is no stored session, the session is saved too: the store may have missed turns
        during an outage.

        :param session: the session, with its new turn number.
        :param expected_turn: the turn number of the session that was loaded, or 0 for a new call.
        :returns: ``True`` if the session was saved. If the stored session has a later turn than ``expected_turn``,
            return ``False`` and change nothing. There is one exception: if the stored session has exactly the turn
            and body of ``session``, an earlier save succeeded and the reply was lost. Then return ``True``.
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
