"""A store that is away, slow to say so, or forgets: no caller notices, and the call is kept again when it is back."""

import logging

import pytest
from tests.sessions.failing import FailingStore, FailingStores
from tests.web.sample_trees import RecordingPlugin, TreePlugin

from ivrkit import SAME, Goto, Routes, State, ask
from ivrkit.sessions.schemes import ivrkit_register_stores
from ivrkit.simulator import Assumptions, Simulator
from ivrkit.simulator.events import Requested
from ivrkit.testing import TOKEN, Phone
from ivrkit.web import create_app

ALWAYS = range(1, 1000).__contains__
NEVER = ().__contains__
TURNS = 10


def count(call):
    """Say how often 1 was pressed."""
    return ask(f"You are at {call.data.get('at', 0)}.")


def add(call):
    """Count a key that was pressed."""
    call.data["at"] = call.data.get("at", 0) + 1
    call.data.setdefault("keys", []).append(call.turn_key)
    return "One more."


OTHER = State(ask("Somewhere else."), Routes({"1": SAME}))
COUNTING = {
    "count": State(count, Routes({"1": "add", "2": Goto(None, say="Thank you.")})),
    "add": State(add, "count"),
}


@pytest.fixture(params=["local", "remote"])
def store(address_of, request):
    """A real store that can be told to fail: in SQLite, on this machine or as if it were remote; or of another kind."""
    address = address_of({"local": "sqlite", "remote": "sqlite"}.get(request.param, request.param))
    store = FailingStore(ivrkit_register_stores()[address.partition(":")[0]](address), remote=request.param != "local")
    yield store
    store.close()


SERVERS = [pytest.param(kind, marks=pytest.mark.stores) for kind in ("redis", "postgresql")]


@pytest.fixture
def phone(store):
    """Return a function that gives a phone to a tree whose calls are kept in that store."""

    def make(tree=COUNTING, **settings):
        given = {"start": "count", "session_url": "failing:", "block": "acme-states", "auth_token": TOKEN, **settings}
        tree = tree if isinstance(tree, TreePlugin) else TreePlugin(tree)
        return Phone(create_app(dev=True, plugins={"tree": tree, "failing": FailingStores(store)}, **given))

    return make


def caller_cookies(call):
    """Return the cookies that a call was given, the last one first."""
    for each in reversed(call.responses):
        name, _, value = each.headers["Set-Cookie"].partition(";")[0].partition("=")
        yield name, value


def rested(phone):
    """Let the moment pass for which a store that failed is left alone."""
    phone.host.sessions.breaker.open_until = 0.0


def without_cookies(phone):
    """Return a number from which no cookie comes back."""
    return Simulator.for_app(phone.app, "/webhook", token=TOKEN, assumptions=Assumptions(cookies=False))


def count_to(call, last, phone=None):
    """Press 1, and hear the number, as often as it takes."""
    for number in range(int(call.heard_last.split()[-1].rstrip(".")) + 1, last + 1):
        if phone is not None:
            rested(phone)
        call.press("1")
        assert call.heard_last == f"One more.\nYou are at {number}."
    return call


@pytest.mark.once
@pytest.mark.parametrize("store", ["local", "remote", *SERVERS], indirect=True)
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done and not told"])
def test_whichever_question_to_the_store_fails(store, phone, done):
    """Of a call of ten turns, each question in turn: the caller hears nothing of it, and each turn is made once."""
    caller = phone()
    whole = len(count_to(caller.call(), TURNS, caller) and store.requests)
    store.loses_reply = done
    for number in range(1, whole + 1):
        store.requests.clear()
        store.fails = [number].__contains__
        rested(caller)
        call = count_to(caller.call(), TURNS, caller)
        rested(caller)
        store.fails = NEVER
        assert call.warnings == []
        call.press("2")
        assert (call.heard_last, call.ended.reason) == ("Thank you.", "hangup")
        kept = caller.host.sessions.load(call.sid)
        assert (kept.data["at"], len(set(kept.data["keys"]))) == (TURNS, TURNS)


def test_a_store_that_goes_away_and_comes_back(store, phone):
    """The call goes on meanwhile, and is in the store again with its next webhook."""
    caller = phone()
    call = count_to(caller.call(), 2)
    store.fails = ALWAYS
    count_to(call, 7)
    store.fails = NEVER
    assert caller.host.sessions.load(call.sid).data["at"] == 2
    rested(caller)
    count_to(call, 8)
    assert caller.host.sessions.load(call.sid).data["at"] == 8


def test_a_call_that_begins_while_the_store_is_away(store, phone):
    """It has its cookie from the first answer on."""
    store.fails = ALWAYS
    caller = phone()
    call = count_to(caller.call(), 3)
    store.fails = NEVER
    rested(caller)
    count_to(call, 4)
    assert caller.host.sessions.load(call.sid).data["at"] == 4


def test_who_comes_without_a_cookie_hears_an_apology_until_it_is_back(store, phone):
    """Nobody can know where the caller is; the place is kept."""
    caller = phone()
    call = count_to(without_cookies(caller).call(), 2)
    store.fails = [len(store.requests) + 1].__contains__
    call.press("1")
    assert call.heard_last == "We are sorry, something went wrong.\nYou are at 2."
    count_to(call, 4)


def test_who_comes_without_a_cookie_is_let_go_in_the_end(store, phone, caplog):
    """A store that stays away ends the call with an apology, and not in a ring."""
    caller = phone()
    call = without_cookies(caller).call()
    store.fails = ALWAYS
    call.press("1")
    assert call.ended
    assert (
        f"call {call.sid} has no session: the session store is unavailable and the request has no cookie" in caplog.text
    )
    assert "hint: check the session store, and that the proxy passes cookies on" in caplog.text


def test_the_end_of_a_call_while_the_store_is_away(store, phone, caplog):
    """It is told by the cookie's word; without a cookie nothing can be known, and the log says so."""
    watcher = RecordingPlugin(COUNTING)
    caller = phone(watcher)
    call = caller.call()
    store.fails = ALWAYS
    call.hangs_up()
    assert watcher.events[-1] == ("ended", "completed")


def test_a_webhook_that_comes_again_is_answered_by_the_cookie_s_word(store, phone):
    """Its document is not in the cookie: the caller hears where the call is, and nothing is counted twice."""
    caller = phone()
    call = count_to(caller.call(), 1)
    store.fails = ALWAYS
    count_to(call, 2)
    requests = [each for each in call.events if isinstance(each, Requested)]
    cookie = next(value for name, value in caller_cookies(call))
    again = caller.app.test_client()
    again.set_cookie("ivrkit", cookie, domain="ivr.example.com")
    headers = {name: value for name, value in requests[-1].headers.items() if name != "Cookie"}
    for _ in range(2):
        answer = again.post(requests[-1].url, data=dict(requests[-1].params), headers=headers)
        assert "You are at 2." in answer.text


def test_the_page_for_load_balancers_goes_on_saying_200(store, phone, caplog):
    """Calls can be answered: who took the host out of service would drop them."""
    caller = phone()
    client = caller.app.test_client()
    assert client.get("/healthz").json["status"] == "ok"
    store.fails = ALWAYS
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["status"], answer.json["store"]) == (200, "degraded", "not ok")
    assert "the session store cannot be read" in caplog.text


def test_calls_in_cookies_alone(phone):
    """They need no store; and what does not fit is refused where it is made, with the handler's fallback."""
    caller = phone(session_url="cookie:")
    call = count_to(caller.call(), TURNS)
    assert caller.host.sessions.load(call.sid) is None


def test_calls_in_cookies_alone_are_explored_as_others_are(phone):
    """Every path is walked, although nothing of a call is kept where a test could look."""
    kept, carried = phone().explore(2), phone(session_url="cookie:").explore(2)
    assert (carried.paths, carried.problems) == (kept.paths, [])
    assert carried.paths > 20


def test_data_that_has_no_room_is_refused_in_the_handler(phone, caplog):
    """The caller hears an apology, and the call goes on with the data from before."""

    def keep(call):
        call.data["long"] = "x" * 3000
        return ask("Too long.")

    caplog.set_level(logging.ERROR)
    caller = phone({"count": State(keep, Routes({}), on_error="other"), "other": OTHER}, session_url="cookie:")
    call = caller.call()
    assert call.heard_last == "We are sorry, something went wrong.\nSomewhere else."
    assert "call.data would have 3012 bytes, and where calls are kept 2048 are the most" in caplog.text
    assert "hint: keep less in it, or set session_url to a store with more room" in caplog.text


def test_a_call_that_has_no_room_in_its_cookie_goes_on_without(store, phone):
    """The cookie from before would lead back, and is taken away; the store has the call."""

    def fill(call):
        call.data["long"] = [str(number * 7919 % 100_003) for number in range(2000)]
        return ask("Full.")

    caller = phone({"count": State(count, Routes({"1": "full"})), "full": State(fill, Routes({"1": "count"}))})
    call = caller.call().press("1")
    assert call.heard_last == "Full."
    assert "Max-Age=0" in call.responses[-1].headers["Set-Cookie"]
    assert call.press("1").heard_last == "You are at 0."
