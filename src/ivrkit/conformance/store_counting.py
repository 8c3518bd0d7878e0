"""Concurrent counting in a session store: several writers add to one session, and no addition may be lost."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from ivrkit.session_store import SharedStore, StoredSession

#: The number of writers, and the number of additions of each writer: enough for collisions, but still a short test.
WRITERS, ADDITIONS = 3, 25

#: The counts after all writers are done. The first save is turn 1, and each addition is another turn.
ALL_COUNTED = {**{str(writer): ADDITIONS for writer in range(WRITERS)}, "turn": 1 + WRITERS * ADDITIONS}


def stored_session(
    sid: str = "CA1", turn: int = 1, body: str = '{"state": "menu"}', lasts: float = 3600.0
) -> StoredSession:
    """Return a session that a test can save in a store.

    :param lasts: the number of seconds from now after which the session expires.
    """
    return StoredSession(sid, turn, time.time() + lasts, body)


def count_up(store: SharedStore, writer: int) -> None:
    """Add one to the count of a writer, ``ADDITIONS`` times.

    If another writer saved the session first, load the session again and repeat the addition.
    """
    for _ in range(ADDITIONS):
        while True:
            found = store.load("CA1")
            assert found is not None
            counts = json.loads(found.body)
            counts[str(writer)] = counts.get(str(writer), 0) + 1
            if store.save(stored_session(turn=found.turn + 1, body=json.dumps(counts)), found.turn):
                break


def count_up_in_process(open_store: Callable[[], SharedStore], writer: int) -> None:
    """Open the store and run :func:`count_up`. Each writing process runs this function."""
    store = open_store()
    count_up(store, writer)
    store.close()


def counted(store: SharedStore) -> dict[str, int]:
    """Return writer -> count. The dict key ``turn`` has the turn of the session."""
    found = store.load("CA1")
    assert found is not None
    return {**json.loads(found.body), "turn": found.turn}
