"""From a URL to the sessions of a tree."""

import logging

import pytest
from tests.sessions.failing import FailingStore

from ivrkit import SessionError, StoreUnavailable
from ivrkit.sessions import SQLiteStore, open_sessions
from ivrkit.sessions.open import shown
from ivrkit.sessions.schemes import open_sqlite


@pytest.mark.parametrize("url", ["cookie:", "cookie://"])
def test_cookies_need_no_store(url):
    """Calls are kept in them alone."""
    assert open_sessions(url, {}, ["12345"], "en-US").store is None


def test_a_scheme_names_the_store(path):
    """Its function is given the whole URL."""
    sessions = open_sessions(f"sqlite:///{path}", {"sqlite": open_sqlite}, ["12345"], "en-US")
    assert isinstance(sessions.store, SQLiteStore)
    assert path.exists()
    sessions.close()


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("calls.sqlite3", ", did you mean 'sqlite'?"),
        ("sqlite3:///calls", ", did you mean 'sqlite'?"),
        ("cookie:x", ", did you mean 'cookie'?"),
        ("sqlite", ", did you mean 'sqlite'?"),
    ],
)
def test_a_url_that_names_no_store_is_refused(url, near):
    """With what there is."""
    with pytest.raises(SessionError) as caught:
        open_sessions(url, {"sqlite": open_sqlite}, [], "en-US")
    assert str(caught.value) == (
        f"session_url {url!r} names no store{near}\n  hint: it begins with one of: sqlite:, cookie:"
    )


def test_a_password_is_not_shown():
    """Nor the user who has it."""
    with pytest.raises(SessionError, match=r"^session_url 'mysql://\.\.\.@db/calls' names no store"):
        open_sessions("mysql://ann:secret@db/calls", {"sqlite": open_sqlite}, [], "en-US")
    assert shown("redis://localhost/0") == "redis://localhost/0"


def test_a_store_that_is_away_keeps_no_host_from_starting(path, caplog):
    """A worker that was killed meanwhile comes back, and calls are carried by their cookies."""
    store = FailingStore(SQLiteStore(path), remote=True)
    store.fails = lambda number: True
    caplog.set_level(logging.ERROR)
    assert open_sessions("away:", {"away": lambda url: store}, [], "en-US").store is store
    assert [each.message for each in caplog.records] == [
        "the session store is away: calls are carried by their cookies until it is back"
    ]
    store.close()


def test_a_store_that_is_wrong_does(tmp_path):
    """What does not pass is told at once."""
    with pytest.raises(SessionError, match="No such file") as caught:
        open_sessions(f"sqlite:///{tmp_path}/none/calls", {"sqlite": open_sqlite}, [], "en-US")
    assert not isinstance(caught.value, StoreUnavailable)
