"""A session store that fails on request, and the plugin that registers it."""

from collections.abc import Callable

from ivrkit import StoreUnavailable, hookimpl
from ivrkit.sessions import SharedStore, StoredSession

NEVER: frozenset[int] = frozenset()


class FailingStore:
    """A store that forwards each request to a real store, or fails.

    :param store: the real store.
    :param remote: whether the store says that a request to it is a network round trip.
    """

    def __init__(self, store: SharedStore, *, remote: bool) -> None:
        self.store, self.remote = store, remote
        #: The requests so far: "load", "save" and "remove".
        self.requests: list[str] = []
        #: Whether the request with a number fails, counted from 1.
        self.fails: Callable[[int], bool] = NEVER.__contains__
        #: Whether a request that fails does its work first, so that only its reply is lost.
        self.loses_reply = False

    def _fails(self, request: str) -> bool:
        self.requests.append(request)
        fails = self.fails(len(self.requests))
        if fails and not self.loses_reply:
            raise StoreUnavailable("the store is unavailable", hint="wait for it")
        return fails

    def load(self, sid: str) -> StoredSession | None:
        """Load a session from the real store."""
        fails = self._fails("load")
        found = self.store.load(sid)
        if fails:
            raise StoreUnavailable("the store is unavailable", hint="wait for it")
        return found

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session in the real store."""
        fails = self._fails("save")
        saved = self.store.save(session, expected_turn)
        if fails:
            raise StoreUnavailable("the store is unavailable", hint="wait for it")
        return saved

    def remove_expired(self, now: float) -> int:
        """Remove the expired sessions of the real store."""
        self._fails("remove")
        return self.store.remove_expired(now)

    def close(self) -> None:
        """Close the real store."""
        self.store.close()


class FailingStores:
    """A plugin that registers one store for all URLs with the scheme ``failing:``.

    :param store: the store.
    """

    def __init__(self, store: FailingStore) -> None:
        self.store = store

    @hookimpl
    def ivrkit_register_stores(self) -> dict[str, Callable[[str], SharedStore]]:
        """Return the store by its scheme."""
        return {"failing": lambda url: self.store}
