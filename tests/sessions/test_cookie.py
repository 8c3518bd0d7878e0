"""What is a cookie's own: what it holds, what it refuses, and what it forgets."""

import json
import random
import string

import pytest

from ivrkit import Session, SessionError
from ivrkit.conformance.stores import StoreContract
from ivrkit.sessions import CookieStore, Seal, StoredSession
from ivrkit.sessions.cookie import MOST_BYTES
from ivrkit.settings.core import MOST_DATA_IN_COOKIE

SEAL = Seal(["12345"])
ONE = StoredSession("CA1", 1, 1000.5, '{"state":"menu"}')


class TestCookie(StoreContract):
    """The contract of a store that knows one call."""

    @pytest.fixture
    def open_store(self):
        """Open a store for a call without a cookie."""
        return lambda: CookieStore(SEAL)


def test_what_one_answer_gives_the_next_request_brings():
    """The whole of it, to the letter."""
    store = CookieStore(SEAL)
    assert store.save(ONE, 0)
    assert CookieStore(SEAL, store.value).load("CA1") == ONE


@pytest.mark.parametrize("value", ["", "nonsense", "é", "A" * 5000])
def test_a_cookie_that_is_none_of_ours_is_nothing(value):
    """A caller without one begins anew."""
    assert CookieStore(SEAL, value).load("CA1") is None


def test_a_cookie_of_another_call_is_nothing():
    """Twilio may send what the same caller's last call was given."""
    store = CookieStore(SEAL)
    store.save(ONE, 0)
    assert store.load("CA2") is None
    assert store.save(StoredSession("CA2", 1, 5.0, "{}"), 0)
    assert store.load("CA1") is None


def test_an_earlier_turn_is_not_kept_over_a_later_one():
    """What came with the request is later than what was read: nothing is changed."""
    store = CookieStore(SEAL)
    store.save(ONE._replace(turn=3), 2)
    before = store.value
    assert store.save(ONE._replace(turn=2), 1) is False
    assert store.save(ONE._replace(turn=3), 1) is True
    assert store.value == before


def test_there_is_room_for_data_of_the_most_that_is_allowed():
    """Even where it can hardly be packed, at the end of a long call."""
    chance = random.Random(20261126)
    text = "".join(chance.choices(string.ascii_letters + string.digits + "+/", k=MOST_DATA_IN_COOKIE - 10))
    states = [f"{chance.choice(('menu', 'sales', 'support', 'opening-hours'))}" for _ in range(100)]
    session = Session(
        "CA" + "0123456789abcdef" * 2,
        turn=100,
        state="menu",
        start="greeting",
        waits="Gather",
        routes_hash="0123456789abcdef",
        senders=dict.fromkeys(set(states), "menu"),
        menus=["menu", "opening-hours"],
        counts={each: {"no-input": 1, "no-match": 2} for each in set(states)},
        language="en-US",
        path=[[each, "1"] for each in states],
        data={"x": text},
    )
    assert len(json.dumps(session.data)) <= MOST_DATA_IN_COOKIE
    store = CookieStore(SEAL)
    assert store.save(StoredSession(session.sid, 100, 1e9, session.to_json(lean=True)), 99)
    assert len(store.value) <= MOST_BYTES


def test_what_has_no_room_is_told():
    """With how much it would be, and the mend; the last cookie stays."""
    store = CookieStore(SEAL)
    store.save(ONE, 0)
    before, chance = store.value, random.Random(1)
    with pytest.raises(SessionError) as caught:
        store.save(StoredSession("CA1", 2, 5.0, "".join(chance.choices(string.printable[:94], k=6000))), 1)
    told, _, hint = str(caught.value).partition("\n")
    assert told.startswith("call CA1 would have ")
    assert told.endswith(f" bytes in its cookie, and {MOST_BYTES} are the most")
    assert hint == "  hint: keep less in call.data, or set session_url to a store"
    assert store.value == before
    store.close()
