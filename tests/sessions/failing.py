"""A store of a team's own, offered by the hook: a real one, which can be told when to fail."""

from collections.abc import Callable

from ivrkit import StoreUnavailable, hookimpl
from ivrkit.sessions import SharedStore, StoredSession

NEVER: frozenset[int] = frozenset()


class FailingStore:
    """A store that passes everything on, and fails when it is told to.

    :param store: the real one.
    :param remote: whether to say that a question to it is a trip over a network.
    """

    def __init__(self, store: SharedStore, *, remote: bool) -> None:
        self.store, self.remote = store, remote
        #: What it was asked, one after the other.
        self.asked: list[str] = []
        #: Whether it fails at the question of a number, counted from 1.
        self.fails: Callable[[int], bool] = NEVER.__contains__
        #: Whether what fails is done all the same, and only the news of it is lost.
        self.done_all_the_same = False

    def _ask(self, what: str) -> bool:
        self.asked.append(what)
        fails = self.fails(len(self.asked))
        if fails and not self.done_all_the_same:
            raise StoreUnavailable("the store is away", hint="wait for it")
        return fails

    def load(self, sid: str) -> StoredSession | None:
        """Return what is kept of a call."""
        fails = self._ask("load")
        found = self.store.load(sid)
        if fails:
            raise StoreUnavailable("the store is away", hint="wait for it")
        return found

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Keep this of a call."""
        fails = self._ask("save")
        saved = self.store.save(session, expected_turn)
        if fails:
            raise StoreUnavailable("the store is away", hint="wait for it")
        return saved

    def remove_expired(self, now: float) -> int:
        """Remove what expired."""
        self._ask("remove")
        return self.store.remove_expired(now)

    def close(self) -> None:
        """Let go of the real one."""
        self.store.close()


class FailingStores:
    """A plugin that offers one store, whatever is named behind its scheme: ``failing:``.

    :param store: the store.
    """

    def __init__(self, store: FailingStore) -> None:
        self.store = store

    @hookimpl
    def ivrkit_register_stores(self) -> dict[str, Callable[[str], SharedStore]]:
        """Offer the store."""
        return {"failing": lambda url: self.store}
