"""The session cookie: its contents, its size, and the cookies that it refuses."""

import json
import random
import re
import string

import pytest

from ivrkit import Session, SessionError
from ivrkit.conformance.stores import StoreContract
from ivrkit.sessions import CookieStore, SessionCipher, StoredSession
from ivrkit.sessions.cookie import MAX_BYTES
from ivrkit.settings.core_settings import MAX_DATA_IN_COOKIE

CIPHER = SessionCipher(["12345"])
ONE = StoredSession("CA1", 1, 1000.5, '{"state":"menu"}')


class TestCookie(StoreContract):
    """The session cookie keeps the contract of a store that has one call only."""

    @pytest.fixture
    def open_store(self):
        """Return a function that creates a store without a cookie."""
        return lambda: CookieStore(CIPHER)


def test_the_cookie_of_a_response_has_the_session():
    """The next request loads exactly the session that the last response saved in its cookie."""
    store = CookieStore(CIPHER)
    assert store.save(ONE, 0)
    assert CookieStore(CIPHER, store.value).load("CA1") == ONE


@pytest.mark.parametrize("value", ["", "nonsense", "é", "A" * 5000])
def test_an_invalid_cookie_is_ignored(value):
    """A cookie that ivrkit did not write is treated as no cookie."""
    assert CookieStore(CIPHER, value).load("CA1") is None


def test_a_cookie_of_another_call_is_ignored():
    """A cookie of another call is treated as no cookie: Twilio may send the cookie of the caller's last call."""
    store = CookieStore(CIPHER)
    store.save(ONE, 0)
    assert store.load("CA2") is None
    assert store.save(StoredSession("CA2", 1, 5.0, "{}"), 0)
    assert store.load("CA1") is None


def test_an_earlier_turn_does_not_replace_a_later_one():
    """A save does not change the cookie if the cookie has a later turn than the expected one."""
    store = CookieStore(CIPHER)
    store.save(ONE._replace(turn=3), 2)
    before = store.value
    assert store.save(ONE._replace(turn=2), 1) is False
    assert store.save(ONE._replace(turn=3), 1) is True
    assert store.value == before


def test_the_largest_allowed_data_fits():
    """A cookie has room for the largest `data` that is allowed, even if it compresses badly and the call was long."""
    rng = random.Random(20261126)
    text = "".join(rng.choices(string.ascii_letters + string.digits + "+/", k=MAX_DATA_IN_COOKIE - 10))
    states = [f"{rng.choice(('menu', 'sales', 'support', 'opening-hours'))}" for _ in range(100)]
    session = Session(
        "CA" + "0123456789abcdef" * 2,
        turn=100,
        state="menu",
        start="greeting",
        waiting_verb="Gather",
        routes_hash="0123456789abcdef",
        came_from=dict.fromkeys(set(states), "menu"),
        visited_menus=["menu", "opening-hours"],
        failure_counts={each: {"no-input": 1, "no-match": 2} for each in set(states)},
        language="en-US",
        path=[[each, "1"] for each in states],
        data={"x": text},
    )
    assert len(json.dumps(session.data)) <= MAX_DATA_IN_COOKIE
    store = CookieStore(CIPHER)
    assert store.save(StoredSession(session.sid, 100, 1e9, session.to_json(lean=True)), 99)
    assert len(store.value) <= MAX_BYTES


def test_a_session_that_is_too_large_is_an_error():
    """A session that does not fit is an error with its size and a hint, and the cookie stays as it was."""
    store = CookieStore(CIPHER)
    store.save(ONE, 0)
    before, rng = store.value, random.Random(1)
    with pytest.raises(SessionError) as caught:
        store.save(StoredSession("CA1", 2, 5.0, "".join(rng.choices(string.printable[:94], k=6000))), 1)
    message, _, hint = str(caught.value).partition("\n")
    assert re.fullmatch(rf"the cookie of call CA1 must have at most {MAX_BYTES} bytes, not \d{{4,5}}", message)
    assert hint == "  hint: store less in call.data, or set session_url to a store"
    assert store.value == before
    store.close()
