"""The contract of session stores, as tests. To test your store, write a subclass in a test module.

::

    from functools import partial

    import pytest
    from ivrkit.conformance.stores import SharedStoreContract


    class TestMyStore(SharedStoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return partial(MyStore, f"mine://{tmp_path}")

The fixture ``open_store`` returns a function without parameters. Each call of the function opens the same storage,
which must be empty at the start of each test. The function is passed to other processes, so it must be picklable: use a
function or class of a module, or a ``functools.partial`` of such a function or class.
"""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ivrkit.conformance.store_counting import (
    ADDITIONS,
    ALL_COUNTED,
    WRITERS,
    count_up,
    count_up_in_process,
    counted,
    stored_session,
)
from ivrkit.session_store import SharedStore, Store, StoredSession

#: Seconds that a store may take to remove an expired session by itself.
REMOVAL_DELAY = 0.05

#: Bodies that are short enough for every store, including a cookie.
BODIES = (
    "{}",
    json.dumps({"state": "menu", "data": {"name": "Zoë", "ids": [1, None, -2.5, True], "deep": {"a": {}}}}),
    json.dumps("quotes ' \" \\ %s %(sid)s $1 :sid ? {} ; -- \n\t\0\u2028 \U0001f4de"),
    json.dumps("x" * 1000),
    "encrypted:gAAAAABm-_=",
)


class StoreContract:
    """The rules for every session store, including a store that keeps the session in a cookie."""

    @pytest.fixture
    def store(self, open_store: Callable[[], Store]) -> Iterator[Store]:
        """Return an empty store."""
        store = open_store()
        yield store
        store.close()

    def test_an_unknown_call_is_none(self, store: Store) -> None:
        """`load` returns None for a CallSid that was never saved."""
        assert store.load("CA1") is None

    @pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
    def test_a_saved_session_is_loaded_unchanged(self, store: Store, body: str) -> None:
        """`load` returns the CallSid, turn, expiry and body exactly as they were saved."""
        session = stored_session(body=body)
        assert store.save(session, 0) is True
        assert store.load("CA1") == session

    def test_a_session_belongs_to_one_call(self, store: Store) -> None:
        """`load` finds a session only by exactly the same CallSid, including letter case and spaces."""
        store.save(stored_session(), 0)
        assert store.load("ca1") is None
        assert store.load("CA1 ") is None
        assert store.load("CA") is None

    def test_the_next_turn_replaces_the_one_that_was_read(self, store: Store) -> None:
        """`save` replaces the session if the expected turn is the turn in the store."""
        store.save(stored_session(), 0)
        following = stored_session(turn=2, body='{"state": "sales"}', lasts=7200.0)
        assert store.save(following, 1) is True
        assert store.load("CA1") == following

    def test_a_closed_store_can_be_used_again(self, store: Store) -> None:
        """`close` closes the connections and can be called twice; the next `load` opens the store again."""
        session = stored_session()
        store.save(session, 0)
        store.close()
        store.close()
        assert store.load("CA1") == session

    def test_any_thread_can_use_the_store(self, store: Store) -> None:
        """Any thread can load, save and close. A thread loads the sessions that other threads saved."""
        one, two = stored_session(), stored_session(turn=2)
        store.save(one, 0)

        def use_in_thread() -> tuple[StoredSession | None, bool]:
            found, saved = store.load("CA1"), store.save(two, 1)
            store.close()
            return found, saved

        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(use_in_thread).result() == (one, True)
        assert store.load("CA1") == two


class SharedStoreContract(StoreContract):
    """The rules for a session store that several processes and hosts share."""

    @pytest.fixture
    def other(self, open_store: Callable[[], SharedStore]) -> Iterator[SharedStore]:
        """Return a second store object for the same storage, as another host would have."""
        other = open_store()
        yield other
        other.close()

    # Compare and set: which of two saves wins

    def test_a_call_can_start_only_once(self, store: SharedStore) -> None:
        """If two hosts save the first turn of a call, the second save returns False and changes nothing."""
        one = stored_session(body='"one"')
        assert store.save(one, 0) is True
        assert store.save(stored_session(body='"two"'), 0) is False
        assert store.load("CA1") == one

    @pytest.mark.parametrize("expected_turn", [0, 1, 2])
    def test_a_save_after_a_lost_race_is_refused(self, store: SharedStore, expected_turn: int) -> None:
        """If the store has a later turn than the expected turn, `save` returns False and changes nothing."""
        third = stored_session(turn=3)
        store.save(third, 0)
        assert store.save(stored_session(turn=expected_turn + 1, body='"late"'), expected_turn) is False
        assert store.load("CA1") == third

    def test_a_repeated_save_succeeds(self, store: SharedStore) -> None:
        """A save of exactly the stored turn and body returns True, because the reply to the first save can get lost."""
        store.save(stored_session(), 0)
        second = stored_session(turn=2, body='"second"')
        assert store.save(second, 1) is True
        assert store.save(second, 1) is True
        assert store.load("CA1") == second

    @pytest.mark.parametrize(("turn", "body"), [(2, '"another"'), (3, '"second"')])
    def test_only_the_same_turn_and_body_are_a_repeated_save(self, store: SharedStore, turn: int, body: str) -> None:
        """`save` returns False if `expected_turn` is outdated and the given session differs from the stored one."""
        second = stored_session(turn=2, body='"second"')
        store.save(second, 0)
        assert store.save(stored_session(turn=turn, body=body), 1) is False
        assert store.load("CA1") == second

    def test_a_store_that_missed_turns_takes_the_next_one(self, store: SharedStore) -> None:
        """`save` replaces a session with an earlier turn than the expected turn: the store may have had an outage."""
        store.save(stored_session(), 0)
        fifth = stored_session(turn=5)
        assert store.save(fifth, 4) is True
        assert store.load("CA1") == fifth

    def test_a_store_that_lost_a_call_takes_its_next_turn(self, store: SharedStore) -> None:
        """If the call is not in the store, `save` accepts every value of its argument `expected_turn`."""
        fifth = stored_session(turn=5)
        assert store.save(fifth, 4) is True
        assert store.load("CA1") == fifth

    def test_the_turn_does_not_have_to_change(self, store: SharedStore) -> None:
        """`save` accepts a session with the same turn as the stored session. The turn need not grow with each save."""
        store.save(stored_session(), 0)
        same = stored_session(body='"sales"')
        assert store.save(same, 1) is True
        assert store.load("CA1") == same

    # Contents

    def test_similar_calls_are_separate(self, store: SharedStore) -> None:
        """Each CallSid has its own session, even if another CallSid is almost the same."""
        sids = ("CA1", "ca1", "CA1 ", "CA%", "CA_", "CA*", "CA:1", "É")
        sessions = [stored_session(sid, body=json.dumps(sid)) for sid in sids]
        assert [store.save(session, 0) for session in sessions] == [True] * len(sessions)
        assert [store.load(session.sid) for session in sessions] == sessions

    def test_a_long_body_is_loaded_unchanged(self, store: SharedStore) -> None:
        """A body of 64,000 characters is saved and loaded unchanged."""
        session = stored_session(body=json.dumps("0123456789abcdef" * 4000))
        assert store.save(session, 0) is True
        assert store.load("CA1") == session

    def test_two_hosts_see_the_same_sessions(self, store: SharedStore, other: SharedStore) -> None:
        """A host can replace the session that another host saved, and the other host then loads the new session."""
        one, two = stored_session(), stored_session(turn=2, body='"two"')
        store.save(one, 0)
        assert other.load("CA1") == one
        assert other.save(two, 1) is True
        assert store.save(stored_session(turn=2, body='"late"'), 1) is False
        assert store.load("CA1") == two

    def test_a_session_outlives_the_host(self, store: SharedStore, open_store: Callable[[], SharedStore]) -> None:
        """A new store object loads the sessions that another store object saved before it was closed."""
        session = stored_session()
        store.save(session, 0)
        store.close()
        later = open_store()
        assert later.load("CA1") == session
        later.close()

    # Expiry

    def test_only_expired_sessions_are_removed(self, store: SharedStore) -> None:
        """`remove_expired` removes only expired sessions, and returns the number of sessions that it removed."""
        for sid, lasts in (("CA1", -10.0), ("CA2", 3600.0), ("CA3", -20.0)):
            store.save(stored_session(sid, lasts=lasts), 0)
        assert store.remove_expired(time.time()) in (0, 2)
        # Redis removes an expired key by itself, at the latest when the key is read after its time.
        time.sleep(REMOVAL_DELAY)
        assert [store.load(sid) is None for sid in ("CA1", "CA2", "CA3")] == [True, False, True]
        assert store.remove_expired(time.time()) == 0

    def test_a_later_turn_extends_the_expiry(self, store: SharedStore) -> None:
        """A session expires at the expiry time of its last saved turn."""
        store.save(stored_session(lasts=0.2), 0)
        second = stored_session(turn=2, lasts=3600.0)
        assert store.save(second, 1) is True
        time.sleep(0.3)
        assert store.remove_expired(time.time()) == 0
        assert store.load("CA1") == second

    def test_a_removed_call_can_start_again(self, store: SharedStore) -> None:
        """After the expired session of a call was removed, a new call with the same CallSid can be saved."""
        store.save(stored_session(turn=7, lasts=-10.0), 0)
        store.remove_expired(time.time())
        time.sleep(REMOVAL_DELAY)
        one = stored_session()
        assert store.save(one, 0) is True
        assert store.load("CA1") == one

    # Concurrent writers

    def test_one_of_several_threads_starts_a_call(self, store: SharedStore) -> None:
        """If several threads save the first turn of a call at the same time, exactly one save succeeds."""
        barrier = threading.Barrier(WRITERS)

        def start_call(writer: int) -> bool:
            barrier.wait()
            saved = store.save(stored_session(body=json.dumps(writer)), 0)
            store.close()
            return saved

        with ThreadPoolExecutor(WRITERS) as pool:
            saved = list(pool.map(start_call, range(WRITERS)))
        assert Counter(saved) == {True: 1, False: WRITERS - 1}
        found = store.load("CA1")
        assert found is not None
        assert found.body == json.dumps(saved.index(True))

    def test_no_thread_overwrites_another(self, store: SharedStore) -> None:
        """If several threads count in one session at the same time, each addition is counted exactly once."""
        store.save(stored_session(body="{}"), 0)

        def count(writer: int) -> None:
            count_up(store, writer)
            store.close()

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(count, range(WRITERS)))
        assert counted(store) == ALL_COUNTED

    def test_no_process_overwrites_another(self, store: SharedStore, open_store: Callable[[], SharedStore]) -> None:
        """If several processes count in one session at the same time, each addition is counted exactly once."""
        store.save(stored_session(body="{}"), 0)
        # A spawned process inherits no connection, as a process on another host does not.
        context = multiprocessing.get_context("spawn")
        writers = [context.Process(target=count_up_in_process, args=(open_store, writer)) for writer in range(WRITERS)]
        for process in writers:
            process.start()
        for process in writers:
            process.join()
        assert [process.exitcode for process in writers] == [0] * WRITERS
        assert counted(store) == ALL_COUNTED

    def test_calls_at_the_same_time_do_not_affect_each_other(self, store: SharedStore) -> None:
        """Calls at the same time do not mix: each call loads the turns that it saved."""

        def make_call(sid: str) -> bool:
            turns = [stored_session(sid, turn, json.dumps([sid, turn])) for turn in range(1, ADDITIONS)]
            went = all(store.save(one, one.turn - 1) and store.load(sid) == one for one in turns)
            store.close()
            return went

        with ThreadPoolExecutor(WRITERS) as pool:
            assert list(pool.map(make_call, [f"CA{number}" for number in range(WRITERS)])) == [True] * WRITERS
