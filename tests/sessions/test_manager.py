"""The place of a call: of store and cookie the higher turn counts, and the cookie carries a call over."""

import json

import pytest
from tests.sessions.failing import FailingStore

from ivrkit import Session, SessionError
from ivrkit.flow.run.session import Answer
from ivrkit.sessions import SessionCipher, SessionManager, SQLiteStore, StoredSession

ALWAYS = range(1, 1000).__contains__
NEVER = ().__contains__


@pytest.fixture(params=[False, True], ids=["local", "remote"])
def store(path, request):
    """A real store that can be told to fail, on this machine or as if it were remote."""
    store = FailingStore(SQLiteStore(path), remote=request.param)
    yield store
    store.close()


@pytest.fixture
def sessions(store):
    """The sessions of a tree in that store."""
    return SessionManager(store, SessionCipher(["12345"]), "en-US")


def answered(place, state, token="", document="<Response/>"):
    """Answer one webhook: read, go to a state, keep."""
    session = place.read(token)
    turn_read = session.turn
    session.state, session.turn, session.expires = state, turn_read + 1, 1e10
    session.remember(Answer(turn_read + 1, token, "", document))
    assert place.keep(session, turn_read)
    return place.cookie


def test_a_call_that_begins_has_the_language_of_the_tree(sessions):
    """And nothing else."""
    place = sessions.at("CA1")
    assert place.read() == Session("CA1", language="en-US")
    assert (place.cookie, place.blind) == ("", False)


def test_what_is_kept_is_read_with_the_cookie_or_without(sessions):
    """The cookie is a help, and no condition."""
    cookie = answered(sessions.at("CA1"), "menu")
    assert sessions.at("CA1", cookie).read().state == "menu"
    assert sessions.at("CA1").read().state == sessions.load("CA1").state == "menu"


def test_where_a_look_is_a_trip_the_cookie_saves_it(sessions, store):
    """One question a webhook, and two where the store is at hand."""
    cookie = answered(sessions.at("CA1"), "menu")
    store.asked.clear()
    answered(sessions.at("CA1", cookie), "sales")
    assert store.asked == (["save"] if store.remote else ["load", "save"])


def test_an_old_cookie_is_found_out(sessions):
    """Its turn is over: the call is read again, as the store has it."""
    old = answered(sessions.at("CA1"), "menu")
    answered(sessions.at("CA1", old), "sales")
    place = sessions.at("CA1", old)
    session = place.read()
    session.turn = 2
    if session.state == "menu":
        assert not place.keep(session, 1)
        session = place.read()
    assert session.state == "sales"


def test_a_token_that_was_answered_is_looked_up(sessions):
    """With its document, although the cookie has only its beginning."""
    cookie = answered(sessions.at("CA1"), "menu", token="0123456789abcdef", document="<Response>1</Response>")
    session = sessions.at("CA1", cookie).read("0123456789abcdef")
    assert session.answer_again("0123456789abcdef", "", None).twiml == "<Response>1</Response>"


@pytest.mark.parametrize("failing", [[1], [2], [1, 2]])
def test_while_the_store_is_away_the_cookie_carries_the_call_over(sessions, store, failing, caplog):
    """Whichever question fails; and the log says so."""
    cookie = answered(sessions.at("CA1"), "menu")
    store.asked.clear()
    store.fails = failing.__contains__
    for state in ("sales", "support", "hours"):
        cookie = answered(sessions.at("CA1", cookie), state)
    assert sessions.at("CA1", cookie).read().state == "hours"
    told = "call CA1 could not be "
    assert [each.message.startswith(told) for each in caplog.records] == [True] * len(caplog.records)


def test_when_the_store_is_back_it_has_the_call_again(sessions, store):
    """The cookie's turn is the higher one, and replaces what the store has."""
    cookie = answered(sessions.at("CA1"), "menu")
    store.fails = ALWAYS
    for state in ("sales", "support"):
        cookie = answered(sessions.at("CA1", cookie), state)
    store.fails = NEVER
    sessions._rests_until = 0.0
    cookie = answered(sessions.at("CA1", cookie), "hours")
    assert (sessions.load("CA1").state, sessions.load("CA1").turn) == ("hours", 4)


def test_a_store_that_failed_is_left_alone_for_a_moment(sessions, store):
    """Nobody with a cookie waits for it again and again; who has none has no choice."""
    cookie = answered(sessions.at("CA1"), "menu")
    store.fails = ALWAYS
    cookie = answered(sessions.at("CA1", cookie), "sales")
    store.asked.clear()
    answered(sessions.at("CA1", cookie), "support")
    assert store.asked == []
    assert sessions.at("CA1").read().state is None
    assert store.asked == ["load"]


def test_nothing_is_known_where_neither_is_there(sessions, store):
    """Which is another thing than a call that begins."""
    store.fails = ALWAYS
    place = sessions.at("CA1")
    assert place.read() == Session("CA1", language="en-US")
    assert place.blind


def test_a_save_that_was_done_and_not_told_is_no_second_turn(sessions, store):
    """The cookie and the store say the same."""
    cookie = answered(sessions.at("CA1"), "menu")
    store.asked.clear()
    store.fails, store.done_all_the_same = [1 if store.remote else 2].__contains__, True
    cookie = answered(sessions.at("CA1", cookie), "sales")
    store.fails = NEVER
    sessions._rests_until = 0.0
    assert sessions.load("CA1").turn == 2
    cookie = answered(sessions.at("CA1", cookie), "support")
    assert (sessions.load("CA1").state, sessions.load("CA1").turn) == ("support", 3)


def test_a_call_that_has_no_room_in_a_cookie_has_none(sessions):
    """It is kept in the store all the same; an older cookie would lead back."""
    cookie = answered(sessions.at("CA1"), "menu")
    place = sessions.at("CA1", cookie)
    session = place.read()
    session.turn, session.data = 2, {"long": [str(number * 7919 % 100_003) for number in range(2000)]}
    assert place.keep(session, 1)
    assert place.cookie == ""
    assert sessions.load("CA1").data == session.data


def test_what_is_secret_is_in_clear_nowhere(sessions, store):
    """Neither what handlers keep of it nor the answers that say it."""
    place = sessions.at("CA1")
    session = place.read()
    session.turn, session.private, session.data = 1, True, {"pin": "4711"}
    session.remember(Answer(1, "", "", "<Response><Say>4711</Say></Response>"))
    assert place.keep(session, 0)
    assert "4711" not in store.load("CA1").body
    assert sessions.load("CA1").data == {"pin": "4711"}
    assert sessions.load("CA1").answers[0].twiml == "<Response><Say>4711</Say></Response>"
    assert Session.from_json(json.dumps({"sid": "CA1", "answers": []})).private is False


def test_what_is_not_secret_can_be_read_where_it_is_kept(sessions, store):
    """Whoever looks after a host sees where a caller is."""
    answered(sessions.at("CA1"), "menu")
    assert json.loads(store.load("CA1").body)["state"] == "menu"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("not JSON", "a stored session cannot be read"),
        ('{"answers":[],"sid":"CA2","turn":5}', "a stored session is turn 5 of call 'CA2'"),
        ('{"answers":[],"sid":"CA1","turn":"one"}', "a stored session is turn 'one' of call 'CA1'"),
        ("encrypted:nonsense", "a stored session cannot be opened: it was sealed with another token"),
    ],
)
def test_a_call_that_can_not_be_read_begins_anew(sessions, store, caplog, body, told):
    """A caller is not lost over it; the turns go on, so that it is kept again."""
    store.save(StoredSession("CA1", 5, 1e10, body), 0)
    assert sessions.at("CA1").read() == Session("CA1", turn=5, language="en-US")
    assert caplog.records[0].message == "call CA1 has lost its place at turn 5, and begins anew"
    assert told in caplog.text
    answered(sessions.at("CA1"), "menu")
    assert (sessions.load("CA1").state, sessions.load("CA1").turn) == ("menu", 6)


class TestCookiesAlone:
    """Nothing is kept on the server."""

    @pytest.fixture
    def sessions(self):
        """The sessions of a tree without a store."""
        return SessionManager(None, SessionCipher(["12345"]), "en-US")

    def test_a_call_goes_on_by_its_cookie(self, sessions):
        """And without it begins anew."""
        cookie = answered(sessions.at("CA1"), "menu")
        cookie = answered(sessions.at("CA1", cookie), "sales")
        assert sessions.at("CA1", cookie).read().state == "sales"
        place = sessions.at("CA1")
        assert place.read().state is None
        assert not place.blind

    def test_what_has_no_room_is_refused(self, sessions):
        """There is nowhere else to keep it."""
        place = sessions.at("CA1")
        session = place.read()
        session.data = {"long": [str(number * 7919 % 100_003) for number in range(2000)]}
        session.turn = 1
        with pytest.raises(SessionError, match=r"the cookie of call CA1 must have at most 3900 bytes, not \d+"):
            place.keep(session, 0)

    def test_there_is_nothing_to_look_after(self, sessions):
        """No store to be well, to be tidied or to be closed."""
        assert sessions.is_well()
        assert sessions.load("CA1") is None
        sessions.remove_expired(5.0)
        sessions.close()
