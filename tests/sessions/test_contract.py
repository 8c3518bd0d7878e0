"""What every session store keeps: one session for each call, saved only by who has read the last one."""

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from ivrkit import Session, SessionError
from ivrkit.sessions import open_store

#: Long enough that writers meet, short enough for a test.
WRITERS, INCREMENTS = 3, 25


def test_a_call_that_is_not_kept_is_none(store):
    """A CallSid that was never saved has no session."""
    assert store.load("CA1") is None


def test_a_saved_session_comes_back_equal(store, kept):
    """Every field comes back as it was saved."""
    assert store.save(kept, 0) is True
    assert store.load("CA1") == kept


def test_each_load_gives_a_session_of_its_own(store, kept):
    """What one reader does to its session is not seen by another."""
    store.save(kept, 0)
    store.load("CA1").data["name"] = "Ann"
    assert store.load("CA1") == kept


def test_the_saved_session_is_a_copy(store, kept):
    """A session that is changed after it was saved is not changed in the store."""
    store.save(kept, 0)
    kept.data["name"] = "Ann"
    assert store.load("CA1").data == {"name": "Zoë", "ids": [1, None]}


def test_another_call_is_another_session(store, kept):
    """A session belongs to its CallSid, to the letter."""
    other = replace(kept, sid="ca1", state="sales")
    assert store.save(kept, 0)
    assert store.save(other, 0)
    assert store.load("CA1") == kept
    assert store.load("ca1") == other


def test_turn_0_is_for_a_call_that_is_not_kept_yet(store, kept):
    """Of two hosts that begin one call, the second changes nothing."""
    assert store.save(kept, 0) is True
    assert store.save(replace(kept, state="sales"), 0) is False
    assert store.load("CA1") == kept


def test_the_turn_that_was_read_is_the_turn_that_may_be_replaced(store, kept):
    """Whoever read the last session saves the next one."""
    store.save(kept, 0)
    following = replace(kept, turn=2, state="sales", expires=2000.0)
    assert store.save(following, 1) is True
    assert store.load("CA1") == following


@pytest.mark.parametrize("expected_turn", [2, 4])
def test_a_session_that_was_read_too_early_or_never_is_not_saved(store, kept, expected_turn):
    """Where the kept turn is another than was read, nothing is changed."""
    store.save(replace(kept, turn=3), 0)
    assert store.save(replace(kept, turn=5, state="sales"), expected_turn) is False
    assert store.load("CA1") == replace(kept, turn=3)


def test_a_call_that_is_not_kept_any_more_is_not_saved_over(store, kept):
    """A session that was removed since it was read is not brought back."""
    assert store.save(replace(kept, turn=2), 1) is False
    assert store.load("CA1") is None


def test_a_turn_that_stays_the_same_is_saved(store, kept):
    """The store compares turns and does not count them itself."""
    store.save(kept, 0)
    assert store.save(replace(kept, state="sales"), 1) is True
    assert store.load("CA1").state == "sales"


def test_only_what_expired_before_is_removed(store, kept):
    """A session that expires at this very moment is still kept; how many were removed is told."""
    for sid, expires in (("CA1", 999.9), ("CA2", 1000.0), ("CA3", 1000.1), ("CA4", 1.0)):
        store.save(replace(kept, sid=sid, expires=expires), 0)
    assert store.remove_expired(1000.0) == 2
    assert [sid for sid in ("CA1", "CA2", "CA3", "CA4") if store.load(sid)] == ["CA2", "CA3"]
    assert store.remove_expired(1000.0) == 0


def test_a_call_that_goes_on_is_kept_for_longer(store, kept):
    """The expiry that counts is the last one that was saved."""
    store.save(kept, 0)
    store.save(replace(kept, turn=2, expires=3000.0), 1)
    assert store.remove_expired(2000.0) == 0
    assert store.remove_expired(3000.5) == 1


def test_a_removed_call_can_begin_anew(store, kept):
    """A CallSid that was removed is one that is not kept."""
    store.save(kept, 0)
    store.remove_expired(5000.0)
    assert store.save(kept, 0) is True


def test_a_session_outlives_the_host(store, kept, open_again):
    """A store that is opened again has what was saved before."""
    store.save(kept, 0)
    store.close()
    assert open_again().load("CA1") == kept


def test_two_hosts_see_each_other(store, kept, open_again):
    """What one host saved, the other reads and may replace; then the first one's turn is an old one."""
    other = open_again()
    store.save(kept, 0)
    assert other.save(replace(other.load("CA1"), turn=2), 1) is True
    assert store.save(replace(kept, turn=2, state="sales"), 1) is False


def test_a_closed_store_opens_again_when_it_is_used(store, kept):
    """Closing lets go of what is held open, and can be done twice; it is not the end of the store."""
    store.save(kept, 0)
    store.close()
    store.close()
    assert store.load("CA1") == kept


def test_a_store_may_be_used_by_a_thread_that_did_not_open_it(store, kept):
    """Any thread may load, save and close, and sees what the others saved."""
    store.save(kept, 0)

    def in_a_thread():
        found = store.load("CA1")
        saved = store.save(replace(found, turn=2), 1)
        store.close()
        return found, saved

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(in_a_thread).result() == (kept, True)
    assert store.load("CA1").turn == 2


def count_up(store, worker: int) -> None:
    """Add to one call's number, as often as the others do: lose, read again, win."""
    for _ in range(INCREMENTS):
        while True:
            session = store.load("CA1")
            turn = session.turn
            session.turn += 1
            session.data[str(worker)] = session.data.get(str(worker), 0) + 1
            if store.save(session, turn):
                break


def count_up_in_a_process(url: str, worker: int) -> None:
    """Count as another process of the host does, with a store of its own."""
    store = open_store(url)
    count_up(store, worker)
    store.close()


def counted(store) -> dict[str, int]:
    """Return how often each worker's addition was kept, and the turn that the call came to."""
    session = store.load("CA1")
    return {**session.data, "turn": session.turn}


ALL_COUNTED = {**{str(worker): INCREMENTS for worker in range(WRITERS)}, "turn": 1 + WRITERS * INCREMENTS}


def test_no_thread_overwrites_another(store):
    """Of what threads save at the same time, nothing is lost and nothing is kept twice."""
    store.save(Session("CA1", turn=1, expires=1000.0), 0)
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda worker: (count_up(store, worker), store.close()), range(WRITERS)))
    assert counted(store) == ALL_COUNTED


def test_no_process_overwrites_another(store, url):
    """Of what processes save at the same time, nothing is lost and nothing is kept twice."""
    store.save(Session("CA1", turn=1, expires=1000.0), 0)
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=count_up_in_a_process, args=(url, worker)) for worker in range(WRITERS)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert [each.exitcode for each in workers] == [0] * WRITERS
    assert counted(store) == ALL_COUNTED


def test_a_call_begins_once(store):
    """Of many that begin one call at the same time, exactly one does."""
    together = threading.Barrier(WRITERS)

    def begin(worker: int) -> bool:
        together.wait()
        won = store.save(Session("CA1", turn=1, state=str(worker), expires=1000.0), 0)
        store.close()
        return won

    with ThreadPoolExecutor(WRITERS) as pool:
        won = list(pool.map(begin, range(WRITERS)))
    assert Counter(won) == {True: 1, False: WRITERS - 1}
    assert store.load("CA1").state == str(won.index(True))


@pytest.mark.parametrize("url", ["redis://localhost/0", "sqlite://calls.sqlite3", "sqlite:///", "calls.sqlite3", ""])
def test_a_url_that_names_no_store_is_refused(url):
    """An unknown scheme, or one without a file, is told with what a URL looks like."""
    with pytest.raises(SessionError) as caught:
        open_store(url)
    assert str(caught.value) == (
        f"session_url {url!r} names no store\n"
        "  hint: use sqlite:/// and the path of a file: sqlite:///calls.sqlite3, or sqlite:////var/lib/ivr/calls.sqlite3"
    )
