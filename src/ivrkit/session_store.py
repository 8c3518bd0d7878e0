"""What a store of calls is: what it is given to keep, and what it promises."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class StoredSession(NamedTuple):
    """What a store keeps of one call. To the store, ``body`` is a text and nothing else.

    :param sid: the CallSid, to the letter.
    :param turn: how many webhooks of the call were answered; 1 after the first.
    :param expires: when it may be forgotten, in seconds since 1970.
    :param body: the session as JSON, ASCII in one line; sealed where the caller was asked for something secret.
    """

    sid: str
    turn: int
    expires: float
    body: str


class Store(Protocol):
    """Keeps what is to be known of each call until its next webhook.

    Every method may be called from any thread, and in a process that was forked after the store was made. Each raises
    :class:`~ivrkit.errors.SessionError` when it cannot do its work, within two seconds: a caller waits meanwhile.
    """

    def load(self, sid: str) -> StoredSession | None:
        """Return what is kept of a call, ``None`` when nothing is; what has expired may be gone or not."""

    def save(self, kept: StoredSession, expected_turn: int) -> bool:
        """Keep this of a call, unless somebody has kept a later turn than the one that was read.

        One step for all who look on: it is done whole or not at all. An earlier turn, or none at all, is replaced, for
        a store may have missed what came meanwhile.

        :param kept: what is to be kept, with the turn number that the call now has.
        :param expected_turn: the turn number that was read; 0 for a call that was not kept yet.
        :returns: ``False``, with nothing changed, when a later turn than ``expected_turn`` is kept. The one exception
            is that just this is kept already: then it was saved before and the news of it was lost, and it is ``True``.
        """

    def close(self) -> None:
        """Let go of what is held open; the next use opens it again."""


class SharedStore(Store, Protocol):
    """A store that all processes of all hosts see alike, and that therefore decides between two of them."""

    #: Whether each question to it is a trip over a network, so that one that can be saved is.
    remote: bool

    def remove_expired(self, now: float) -> int:
        """Remove what expired before ``now``, in seconds since 1970; return how many, 0 where it goes by itself."""
