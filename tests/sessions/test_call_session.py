"""The session of one call during one webhook: which copy counts, the one in the store or the one in the cookie."""

import json

import pytest
from tests.sessions.failing import FailingStore

from ivrkit import Session
from ivrkit.flow.run.session import SentResponse
from ivrkit.sessions import SessionCipher, SessionManager, SQLiteStore, StoredSession

ALWAYS = range(1, 1000).__contains__
NEVER = ().__contains__


@pytest.fixture(params=[False, True], ids=["local", "remote"])
def store(path, request):
    """Return a real store that a test can make fail; it says that it is local or remote."""
    store = FailingStore(SQLiteStore(path), remote=request.param)
    yield store
    store.close()


@pytest.fixture
def sessions(store):
    """Return a session manager with that store."""
    return SessionManager(store, SessionCipher(["12345"]), "en-US")


def answer(call_session, state, token="", document="<Response/>"):
    """Answer one webhook: read the session, go to a state, save the session. Return the cookie of the response."""
    session = call_session.read(token)
    turn_read = session.turn
    session.state, session.turn, session.expires = state, turn_read + 1, 1e10
    session.add_response(SentResponse(turn_read + 1, token, "", document))
    assert call_session.save(session, turn_read)
    return call_session.cookie


# Rules 2 to 5: reading


def test_a_new_call_has_the_language_of_the_tree(sessions):
    """The session of a new call has the default language and no cookie (rule 5)."""
    call_session = sessions.for_call("CA1")
    assert call_session.read() == Session("CA1", language="en-US")
    assert (call_session.cookie, call_session.unreadable) == ("", False)


def test_a_session_is_read_with_the_cookie_or_without(sessions):
    """A saved session can be read again whether the call brings its cookie or not."""
    cookie = answer(sessions.for_call("CA1"), "menu")
    assert sessions.for_call("CA1", cookie).read().state == "menu"
    assert sessions.for_call("CA1").read().state == sessions.load("CA1").state == "menu"


def test_a_cookie_saves_a_request_to_a_remote_store(sessions, store):
    """With a cookie, a webhook makes one request to a remote store and two to a local one (rule 2)."""
    cookie = answer(sessions.for_call("CA1"), "menu")
    store.requests.clear()
    answer(sessions.for_call("CA1", cookie), "sales")
    assert store.requests == (["save"] if store.remote else ["load", "save"])


def test_an_old_cookie_is_noticed(sessions):
    """A session from an old cookie is not saved, and the second read asks the store (rules 2 and 6)."""
    old = answer(sessions.for_call("CA1"), "menu")
    answer(sessions.for_call("CA1", old), "sales")
    call_session = sessions.for_call("CA1", old)
    session = call_session.read()
    session.turn = 2
    if session.state == "menu":
        assert not call_session.save(session, 1)
        session = call_session.read()
    assert session.state == "sales"


def test_a_token_that_was_answered_is_looked_up(sessions):
    """If the cookie knows the token, the answer is read from the store with its document (rule 3)."""
    cookie = answer(sessions.for_call("CA1"), "menu", token="0123456789abcdef", document="<Response>1</Response>")
    session = sessions.for_call("CA1", cookie).read("0123456789abcdef")
    assert session.find_response("0123456789abcdef", "", None).twiml == "<Response>1</Response>"


def test_a_session_of_the_store_is_plain_json(sessions, store):
    """An operator can read in the store which state a caller is in."""
    answer(sessions.for_call("CA1"), "menu")
    assert json.loads(store.load("CA1").body)["state"] == "menu"


# Rules 1 and 7: a store that fails


@pytest.mark.parametrize("failing", [[1], [2], [1, 2]])
def test_the_cookie_replaces_a_store_that_fails(sessions, store, failing, caplog):
    """A call goes on with its cookie, whichever request to the store fails, and each failure is logged."""
    cookie = answer(sessions.for_call("CA1"), "menu")
    store.requests.clear()
    store.fails = failing.__contains__
    for state in ("sales", "support", "hours"):
        cookie = answer(sessions.for_call("CA1", cookie), state)
    assert sessions.for_call("CA1", cookie).read().state == "hours"
    logged = "call CA1: the session store could not be "
    assert [each.message.startswith(logged) for each in caplog.records] == [True] * len(caplog.records)


def test_a_store_that_is_back_gets_the_session_again(sessions, store):
    """When the store is back, the higher turn of the cookie replaces the session in the store (rule 4)."""
    cookie = answer(sessions.for_call("CA1"), "menu")
    store.fails = ALWAYS
    for state in ("sales", "support"):
        cookie = answer(sessions.for_call("CA1", cookie), state)
    store.fails = NEVER
    sessions.breaker.open_until = 0.0
    cookie = answer(sessions.for_call("CA1", cookie), "hours")
    assert (sessions.load("CA1").state, sessions.load("CA1").turn) == ("hours", 4)


def test_a_store_that_failed_gets_no_requests_for_a_moment(sessions, store):
    """While the circuit is open, a call with a cookie does not ask the store, and a call without one does."""
    cookie = answer(sessions.for_call("CA1"), "menu")
    store.fails = ALWAYS
    cookie = answer(sessions.for_call("CA1", cookie), "sales")
    store.requests.clear()
    answer(sessions.for_call("CA1", cookie), "support")
    assert store.requests == []
    assert sessions.for_call("CA1").read().state is None
    assert store.requests == ["load"]


def test_without_store_and_cookie_a_call_is_unreadable(sessions, store):
    """A call without a cookie whose store fails looks like a new call, and is marked as unreadable (rule 5)."""
    store.fails = ALWAYS
    call_session = sessions.for_call("CA1")
    assert call_session.read() == Session("CA1", language="en-US")
    assert call_session.unreadable


def test_a_save_whose_reply_was_lost_is_not_a_second_turn(sessions, store):
    """If the store saved a turn and its reply was lost, store and cookie have the same turn, and the call goes on."""
    cookie = answer(sessions.for_call("CA1"), "menu")
    store.requests.clear()
    store.fails, store.loses_reply = [1 if store.remote else 2].__contains__, True
    cookie = answer(sessions.for_call("CA1", cookie), "sales")
    store.fails = NEVER
    sessions.breaker.open_until = 0.0
    assert sessions.load("CA1").turn == 2
    cookie = answer(sessions.for_call("CA1", cookie), "support")
    assert (sessions.load("CA1").state, sessions.load("CA1").turn) == ("support", 3)


# Rule 8: the cookie


def test_a_session_that_is_too_large_for_a_cookie_removes_the_cookie(sessions):
    """A session that does not fit into the cookie is saved in the store, and the call gets an empty cookie."""
    cookie = answer(sessions.for_call("CA1"), "menu")
    call_session = sessions.for_call("CA1", cookie)
    session = call_session.read()
    session.turn, session.data = 2, {"long": [str(number * 7919 % 100_003) for number in range(2000)]}
    assert call_session.save(session, 1)
    assert call_session.cookie == ""
    assert sessions.load("CA1").data == session.data


def test_a_call_goes_on_by_its_cookie_alone():
    """Without a store, a call goes on with its cookie, and starts again without it."""
    sessions = SessionManager(None, SessionCipher(["12345"]), "en-US")
    cookie = answer(sessions.for_call("CA1"), "menu")
    cookie = answer(sessions.for_call("CA1", cookie), "sales")
    assert sessions.for_call("CA1", cookie).read().state == "sales"
    call_session = sessions.for_call("CA1")
    assert call_session.read().state is None
    assert not call_session.unreadable


# Sessions that cannot be read


@pytest.mark.parametrize("body", ["not JSON", '{"responses":[],"sid":"CA2","turn":5}', "encrypted:nonsense"])
def test_an_unreadable_session_is_replaced(sessions, store, body):
    """A call whose stored session is unreadable starts again at the same turn, so that the store takes the next one."""
    store.save(StoredSession("CA1", 5, 1e10, body), 0)
    assert sessions.for_call("CA1").read() == Session("CA1", turn=5, language="en-US")
    answer(sessions.for_call("CA1"), "menu")
    assert (sessions.load("CA1").state, sessions.load("CA1").turn) == ("menu", 6)
