"""The interface of session stores."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class StoredSession(NamedTuple):
    """The session of one call in the form in which a store keeps it. A store never looks into ``body``.

    :param sid: the CallSid; stores compare it exactly, with letter case and spaces.
    :param turn: how many webhooks of the call were answered; 1 after the first.
    :param expires: when a store may remove the session, in seconds since 1970.
    :param body: the session as JSON, ASCII text in one line; encrypted if the call was in a secret state.
    """

    sid: str
    turn: int
    expires: float
    body: str


class Store(Protocol):
    """Has the session of each call between the call's webhooks.

    Every method can be called from any thread, and in a process that was forked after the store was created. Every
    method raises :class:`~ivrkit.errors.SessionError` within two seconds if it cannot do its work, because a caller is
    waiting.
    """

    def load(self, sid: str) -> StoredSession | None:
        """Return the session of a call, or ``None``. An expired session may be returned or not."""

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session, unless the store has a later turn of the call than the expected one.

        The comparison and the write are one atomic step for all threads, processes and hosts. An earlier turn, or no
        session at all, is replaced, because a store can miss turns while it is unavailable.

        :param session: the session, with the turn number that the call has now.
        :param expected_turn: the turn number that was read; 0 for a new call.
        :returns: ``False``, with nothing changed, if the store has a later turn than ``expected_turn``. There is one
            exception: if the store already has exactly this turn and body, an earlier save succeeded and its reply was
            lost. Then the result is ``True``.
        """

    def close(self) -> None:
        """Close the open connections. The next call of a method opens them again."""


class SharedStore(Store, Protocol):
    """A store that all processes and hosts share, so that it decides which of two saves wins."""

    #: Whether each request to the store is a network round trip. If so, ivrkit leaves out the loads that it can.
    remote: bool

    def remove_expired(self, now: float) -> int:
        """Remove the sessions that expired before ``now``, in seconds since 1970.

        :returns: how many were removed; 0 if the store removes expired sessions by itself.
        """
