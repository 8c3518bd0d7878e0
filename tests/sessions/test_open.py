"""Opening a store: which URLs are accepted, and which stores may be unavailable."""

import logging

import pytest
from tests.sessions.failing import FailingStore

from ivrkit import SessionError, StoreUnavailable
from ivrkit.sessions import SQLiteStore, open_sessions
from ivrkit.sessions.schemes import open_sqlite
from ivrkit.settings.redaction import redact_url


@pytest.mark.parametrize("url", ["cookie:", "cookie://"])
def test_the_scheme_cookie_opens_no_store(url):
    """With `cookie:`, sessions are only in cookies and there is no store."""
    assert open_sessions(url, {}, ["12345"], "en-US").store is None


def test_the_scheme_chooses_the_store(path):
    """The function of the scheme gets the whole URL and returns the store."""
    sessions = open_sessions(f"sqlite:///{path}", {"sqlite": open_sqlite}, ["12345"], "en-US")
    assert isinstance(sessions.store, SQLiteStore)
    assert path.exists()
    sessions.close()


@pytest.mark.parametrize(
    ("url", "suggestion"),
    [
        ("calls.sqlite3", ", did you mean 'sqlite'?"),
        ("sqlite3:///calls", ", did you mean 'sqlite'?"),
        ("cookie:x", ", did you mean 'cookie'?"),
        ("sqlite", ", did you mean 'sqlite'?"),
    ],
)
def test_an_unknown_scheme_is_an_error(url, suggestion):
    """A URL with an unknown scheme is an error that suggests the nearest scheme and lists all of them."""
    with pytest.raises(SessionError) as caught:
        open_sessions(url, {"sqlite": open_sqlite}, [], "en-US")
    assert str(caught.value) == (
        f"session_url must start with the scheme of a session store, not {url!r}{suggestion}\n"
        "  hint: use one of these schemes: sqlite:, cookie:"
    )


def test_an_error_shows_neither_user_nor_password():
    """An error about a URL leaves out its user and password; a URL without them is shown as it is."""
    with pytest.raises(SessionError, match=r"not 'mysql://\.\.\.@db/calls'\n"):
        open_sessions("mysql://ann:secret@db/calls", {"sqlite": open_sqlite}, [], "en-US")
    assert redact_url("redis://localhost/0") == "redis://localhost/0"


def test_a_host_starts_while_its_store_is_unavailable(path, caplog):
    """A store that is unavailable at start is one log line without a traceback: calls can go on with their cookies."""
    store = FailingStore(SQLiteStore(path), remote=True)
    store.fails = lambda number: True
    caplog.set_level(logging.ERROR)
    assert open_sessions("failing:", {"failing": lambda url: store}, [], "en-US").store is store
    (record,) = caplog.records
    assert record.message == (
        "the session store is unavailable: calls go on with their cookies until it is back: the store is unavailable\n"
        "  hint: wait for it"
    )
    assert record.exc_info is None
    store.close()


def test_a_host_does_not_start_with_a_wrong_setting(tmp_path):
    """A store that can never work with its settings is an error at start."""
    with pytest.raises(SessionError, match="No such file") as caught:
        open_sessions(f"sqlite:///{tmp_path}/none/calls", {"sqlite": open_sqlite}, [], "en-US")
    assert not isinstance(caught.value, StoreUnavailable)
