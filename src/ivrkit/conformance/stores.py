"""What every store keeps, as tests: a test module has a class of its own that is one of these.

::

    from functools import partial

    import pytest
    from ivrkit.conformance.stores import SharedStoreContract


    class TestMyStore(SharedStoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return partial(MyStore, f"mine://{tmp_path}")

``open_store`` returns what opens the same storage anew, as another process would: it takes nothing, and nothing is kept
in the storage when a test begins. Another process is started with it as well, so it must be something that can be
pickled: a function or a class of a module, or a ``functools.partial`` of one.
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

from ivrkit.session_store import SharedStore, Store, StoredSession

#: Long enough that writers meet, short enough for a test.
WRITERS, INCREMENTS = 3, 25

#: How long what has expired may take to be gone from a store where it goes by itself, in seconds.
GONE = 0.05

#: Bodies of every sort that is short enough for all stores.
BODIES = (
    "{}",
    json.dumps({"state": "menu", "data": {"name": "Zoë", "ids": [1, None, -2.5, True], "deep": {"a": {}}}}),
    json.dumps("quotes ' \" \\ %s %(sid)s $1 :sid ? {} ; -- \n\t\0\u2028 \U0001f4de"),
    json.dumps("x" * 1000),
    "encrypted:gAAAAABm-_=",
)


def kept(sid: str = "CA1", turn: int = 1, body: str = '{"state": "menu"}', lasts: float = 3600.0) -> StoredSession:
    """Return what a store is given to keep.

    :param lasts: after how many seconds from now it may be forgotten.
    """
    return StoredSession(sid, turn, time.time() + lasts, body)


class StoreContract:
    """What every store keeps, one that the caller's own request carries too."""

    @pytest.fixture
    def store(self, open_store: Callable[[], Store]) -> Iterator[Store]:
        """Return a store that keeps nothing yet."""
        store = open_store()
        yield store
        store.close()

    def test_a_call_that_is_not_kept_is_none(self, store: Store) -> None:
        """Of a CallSid that was never saved, nothing is kept."""
        assert store.load("CA1") is None

    @pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
    def test_what_was_saved_comes_back_equal(self, store: Store, body: str) -> None:
        """CallSid, turn, expiry and body come back as they were saved, to the letter."""
        one = kept(body=body)
        assert store.save(one, 0) is True
        assert store.load("CA1") == one

    def test_another_call_is_another_one(self, store: Store) -> None:
        """What is kept belongs to its CallSid, to the letter."""
        store.save(kept(), 0)
        assert store.load("ca1") is None
        assert store.load("CA1 ") is None
        assert store.load("CA") is None

    def test_a_later_turn_replaces_the_one_that_was_read(self, store: Store) -> None:
        """Whoever read the last turn saves the next one."""
        store.save(kept(), 0)
        following = kept(turn=2, body='{"state": "sales"}', lasts=7200.0)
        assert store.save(following, 1) is True
        assert store.load("CA1") == following

    def test_a_closed_store_opens_again_when_it_is_used(self, store: Store) -> None:
        """Closing lets go of what is held open, and can be done twice; it is not the end of the store."""
        one = kept()
        store.save(one, 0)
        store.close()
        store.close()
        assert store.load("CA1") == one

    def test_any_thread_may_use_it(self, store: Store) -> None:
        """Any thread may load, save and close, and sees what the others saved."""
        one, two = kept(), kept(turn=2)
        store.save(one, 0)

        def in_a_thread() -> tuple[StoredSession | None, bool]:
            found, saved = store.load("CA1"), store.save(two, 1)
            store.close()
            return found, saved

        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(in_a_thread).result() == (one, True)
        assert store.load("CA1") == two


class SharedStoreContract(StoreContract):
    """What a store keeps that all processes see alike: it decides between two of them as well."""

    @pytest.fixture
    def other(self, open_store: Callable[[], SharedStore]) -> Iterator[SharedStore]:
        """Return the same store as another host has it."""
        other = open_store()
        yield other
        other.close()

    # Which of two saves is kept

    def test_turn_0_is_for_a_call_that_is_not_kept_yet(self, store: SharedStore) -> None:
        """Of two hosts that begin one call, the second changes nothing."""
        one = kept(body='"one"')
        assert store.save(one, 0) is True
        assert store.save(kept(body='"two"'), 0) is False
        assert store.load("CA1") == one

    @pytest.mark.parametrize("expected_turn", [0, 1, 2])
    def test_a_turn_that_was_read_too_early_is_not_saved(self, store: SharedStore, expected_turn: int) -> None:
        """Where a later turn is kept than was read, nothing is changed."""
        third = kept(turn=3)
        store.save(third, 0)
        assert store.save(kept(turn=expected_turn + 1, body='"late"'), expected_turn) is False
        assert store.load("CA1") == third

    def test_just_what_is_kept_may_be_saved_again(self, store: SharedStore) -> None:
        """Whoever did not hear that it was saved may ask once more, and hears it."""
        store.save(kept(), 0)
        second = kept(turn=2, body='"second"')
        assert store.save(second, 1) is True
        assert store.save(second, 1) is True
        assert store.load("CA1") == second

    @pytest.mark.parametrize(("turn", "body"), [(2, '"another"'), (3, '"second"')])
    def test_nothing_but_what_is_kept_may_be_saved_again(self, store: SharedStore, turn: int, body: str) -> None:
        """Another turn with the same body, or another body at the same turn, is somebody else's."""
        second = kept(turn=2, body='"second"')
        store.save(second, 0)
        assert store.save(kept(turn=turn, body=body), 1) is False
        assert store.load("CA1") == second

    def test_a_store_that_missed_turns_takes_the_next_one(self, store: SharedStore) -> None:
        """An earlier turn than was read is replaced: the store was away meanwhile, or was put back."""
        store.save(kept(), 0)
        fifth = kept(turn=5)
        assert store.save(fifth, 4) is True
        assert store.load("CA1") == fifth

    def test_a_store_that_lost_a_call_takes_its_next_turn(self, store: SharedStore) -> None:
        """A call that is not kept is kept from here on, whatever turn it has come to."""
        fifth = kept(turn=5)
        assert store.save(fifth, 4) is True
        assert store.load("CA1") == fifth

    def test_a_turn_that_stays_the_same_is_saved(self, store: SharedStore) -> None:
        """The store compares turns and does not count them itself."""
        store.save(kept(), 0)
        same = kept(body='"sales"')
        assert store.save(same, 1) is True
        assert store.load("CA1") == same

    # What is shared

    def test_calls_are_apart(self, store: SharedStore) -> None:
        """Each CallSid has what was saved for it, however alike two of them are."""
        each = [kept(sid, body=json.dumps(sid)) for sid in ("CA1", "ca1", "CA1 ", "CA%", "CA_", "CA*", "CA:1", "É")]
        assert [store.save(one, 0) for one in each] == [True] * len(each)
        assert [store.load(one.sid) for one in each] == each

    def test_a_long_body_comes_back(self, store: SharedStore) -> None:
        """A call that has a long way behind it has no less of a place."""
        one = kept(body=json.dumps("0123456789abcdef" * 4000))
        assert store.save(one, 0) is True
        assert store.load("CA1") == one

    def test_two_hosts_see_each_other(self, store: SharedStore, other: SharedStore) -> None:
        """What one host saved, the other reads and may replace; then the first one's turn is an old one."""
        one, two = kept(), kept(turn=2, body='"two"')
        store.save(one, 0)
        assert other.load("CA1") == one
        assert other.save(two, 1) is True
        assert store.save(kept(turn=2, body='"late"'), 1) is False
        assert store.load("CA1") == two

    def test_a_call_outlives_the_host(self, store: SharedStore, open_store: Callable[[], SharedStore]) -> None:
        """A store that is opened when the other is closed has what was saved before."""
        one = kept()
        store.save(one, 0)
        store.close()
        later = open_store()
        assert later.load("CA1") == one
        later.close()

    # What is forgotten

    def test_only_what_has_expired_is_removed(self, store: SharedStore) -> None:
        """What has expired is gone then, and the rest stays; how many is told, 0 where they went by themselves."""
        for sid, lasts in (("CA1", -10.0), ("CA2", 3600.0), ("CA3", -20.0)):
            store.save(kept(sid, lasts=lasts), 0)
        assert store.remove_expired(time.time()) in (0, 2)
        time.sleep(GONE)
        assert [store.load(sid) is None for sid in ("CA1", "CA2", "CA3")] == [True, False, True]
        assert store.remove_expired(time.time()) == 0

    def test_a_call_that_goes_on_is_kept_for_longer(self, store: SharedStore) -> None:
        """The expiry that counts is the last one that was saved."""
        store.save(kept(lasts=0.2), 0)
        second = kept(turn=2, lasts=3600.0)
        assert store.save(second, 1) is True
        time.sleep(0.3)
        assert store.remove_expired(time.time()) == 0
        assert store.load("CA1") == second

    def test_a_removed_call_can_begin_anew(self, store: SharedStore) -> None:
        """A CallSid that was removed is one that is not kept."""
        store.save(kept(turn=7, lasts=-10.0), 0)
        store.remove_expired(time.time())
        time.sleep(GONE)
        one = kept()
        assert store.save(one, 0) is True
        assert store.load("CA1") == one

    # Many at once

    def test_a_call_begins_once(self, store: SharedStore) -> None:
        """Of many that begin one call at the same time, exactly one does."""
        together = threading.Barrier(WRITERS)

        def begin(worker: int) -> bool:
            together.wait()
            won = store.save(kept(body=json.dumps(worker)), 0)
            store.close()
            return won

        with ThreadPoolExecutor(WRITERS) as pool:
            won = list(pool.map(begin, range(WRITERS)))
        assert Counter(won) == {True: 1, False: WRITERS - 1}
        found = store.load("CA1")
        assert found is not None
        assert found.body == json.dumps(won.index(True))

    def test_no_thread_overwrites_another(self, store: SharedStore) -> None:
        """Of what threads save at the same time, nothing is lost and nothing is kept twice."""
        store.save(kept(body="{}"), 0)

        def count(worker: int) -> None:
            count_up(store, worker)
            store.close()

        with ThreadPoolExecutor(WRITERS) as pool:
            list(pool.map(count, range(WRITERS)))
        assert counted(store) == ALL_COUNTED

    def test_no_process_overwrites_another(self, store: SharedStore, open_store: Callable[[], SharedStore]) -> None:
        """Of what processes save at the same time, nothing is lost and nothing is kept twice."""
        store.save(kept(body="{}"), 0)
        context = multiprocessing.get_context("spawn")
        workers = [context.Process(target=count_up_as_a_host, args=(open_store, worker)) for worker in range(WRITERS)]
        for each in workers:
            each.start()
        for each in workers:
            each.join()
        assert [each.exitcode for each in workers] == [0] * WRITERS
        assert counted(store) == ALL_COUNTED

    def test_calls_at_the_same_time_are_apart(self, store: SharedStore) -> None:
        """Each of several calls goes on by itself, and none is held up by another's turn."""

        def go_on(sid: str) -> bool:
            turns = [kept(sid, turn, json.dumps([sid, turn])) for turn in range(1, INCREMENTS)]
            went = all(store.save(one, one.turn - 1) and store.load(sid) == one for one in turns)
            store.close()
            return went

        with ThreadPoolExecutor(WRITERS) as pool:
            assert list(pool.map(go_on, [f"CA{number}" for number in range(WRITERS)])) == [True] * WRITERS


def count_up(store: SharedStore, worker: int) -> None:
    """Add to one call's number, as often as the others do: lose, read again, win."""
    for _ in range(INCREMENTS):
        while True:
            found = store.load("CA1")
            assert found is not None
            numbers = json.loads(found.body)
            numbers[str(worker)] = numbers.get(str(worker), 0) + 1
            if store.save(kept(turn=found.turn + 1, body=json.dumps(numbers)), found.turn):
                break


def count_up_as_a_host(open_store: Callable[[], SharedStore], worker: int) -> None:
    """Count as another process does, with a store of its own."""
    store = open_store()
    count_up(store, worker)
    store.close()


def counted(store: SharedStore) -> dict[str, int]:
    """Return how often each worker's addition was kept, and the turn that the call came to."""
    found = store.load("CA1")
    assert found is not None
    return {**json.loads(found.body), "turn": found.turn}


ALL_COUNTED = {**{str(worker): INCREMENTS for worker in range(WRITERS)}, "turn": 1 + WRITERS * INCREMENTS}
