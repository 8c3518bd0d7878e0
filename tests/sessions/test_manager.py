"""The session manager, with a store and without one."""

import json

import pytest
from tests.sessions.failing import FailingStore

from ivrkit import Session, SessionError, StoreUnavailable
from ivrkit.flow.run.session import SentResponse
from ivrkit.sessions import SessionCipher, SessionManager, SQLiteStore


@pytest.fixture
def store(path):
    """Return a real store that a test can make fail."""
    store = FailingStore(SQLiteStore(path), remote=False)
    yield store
    store.close()


@pytest.fixture
def sessions(store):
    """Return a session manager with that store."""
    return SessionManager(store, SessionCipher(["12345"]), "en-US")


def test_a_secret_is_in_clear_nowhere(sessions, store):
    """In a session with a secret, neither `data` nor the answers are readable in the store."""
    call_session = sessions.for_call("CA1")
    session = call_session.read()
    session.turn, session.needs_encryption, session.data = 1, True, {"pin": "4711"}
    session.add_response(SentResponse(1, "", "", "<Response><Say>4711</Say></Response>"))
    assert call_session.save(session, 0)
    assert "4711" not in store.load("CA1").body
    assert sessions.load("CA1").data == {"pin": "4711"}
    assert sessions.load("CA1").responses[0].twiml == "<Response><Say>4711</Say></Response>"
    assert Session.from_json(json.dumps({"sid": "CA1", "responses": []})).needs_encryption is False


def test_a_session_of_the_store_can_be_loaded_without_a_webhook(sessions):
    """`load` returns the session that the store has, and None for an unknown call."""
    call_session = sessions.for_call("CA1")
    session = call_session.read()
    session.turn, session.state = 1, "menu"
    assert call_session.save(session, 0)
    assert sessions.load("CA1").state == "menu"
    assert sessions.load("CA2") is None


def test_a_store_that_cannot_be_read_is_not_healthy(sessions, store, caplog):
    """A store that cannot be read is reported as unhealthy, and the reason is logged."""
    assert sessions.is_healthy()
    store.fails = lambda number: True
    sessions.health.check_at = 0.0
    assert not sessions.is_healthy()
    assert [each.getMessage() for each in caplog.records] == [
        "the session store cannot be read: the store is unavailable"
    ]


def test_expired_sessions_are_removed_from_the_store(sessions, store):
    """`remove_expired` is passed on to the store, with its errors."""
    sessions.remove_expired(5.0)
    assert store.requests == ["remove"]
    store.fails = lambda number: True
    with pytest.raises(StoreUnavailable):
        sessions.remove_expired(5.0)


class TestWithoutStore:
    """A session manager without a store: every session is in its call's cookie."""

    @pytest.fixture
    def sessions(self):
        """Return a session manager without a store."""
        return SessionManager(None, SessionCipher(["12345"]), "en-US")

    def test_a_session_that_is_too_large_is_an_error(self, sessions):
        """A session that does not fit into the cookie is an error, because there is no store for it."""
        call_session = sessions.for_call("CA1")
        session = call_session.read()
        session.data = {"long": [str(number * 7919 % 100_003) for number in range(2000)]}
        session.turn = 1
        with pytest.raises(SessionError, match=r"the cookie of call CA1 must have at most 3900 bytes, not \d+"):
            call_session.save(session, 0)

    def test_the_manager_has_nothing_to_do(self, sessions):
        """Without a store the manager is healthy, has no sessions, and has nothing to remove or to close."""
        assert sessions.is_healthy()
        assert sessions.load("CA1") is None
        sessions.remove_expired(5.0)
        sessions.close()
