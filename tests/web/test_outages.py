"""Outages of the store: no caller notices them, and the store gets the session again when it is back."""

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

pytestmark = pytest.mark.usefixtures("no_store_timeouts")

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
def store(session_url_of, request):
    """Return a real store that a test can make fail.

    "local" and "remote" are SQLite, and the store says that it is local or remote. Other parameters are store names.
    """
    url = session_url_of({"local": "sqlite", "remote": "sqlite"}.get(request.param, request.param))
    store = FailingStore(ivrkit_register_stores()[url.partition(":")[0]](url), remote=request.param != "local")
    yield store
    store.close()


SERVERS = [pytest.param(name, marks=pytest.mark.stores) for name in ("redis", "postgresql")]


@pytest.fixture
def make_phone(store):
    """Return a function that creates a phone for a tree whose sessions are in that store."""

    def make(tree=COUNTING, **settings):
        defaults = {"start": "count", "session_url": "failing:", "block": "acme-states", "auth_token": TOKEN}
        tree = tree if isinstance(tree, TreePlugin) else TreePlugin(tree)
        return Phone(
            create_app(dev=True, plugins={"tree": tree, "failing": FailingStores(store)}, **{**defaults, **settings})
        )

    return make


def last_cookie(call):
    """Return the value of the cookie in the last response of a call."""
    return call.responses[-1].headers["Set-Cookie"].partition(";")[0].partition("=")[2]


def close_circuit(phone):
    """Close the circuit breaker, so that the next webhook asks the store again."""
    phone.host.sessions.breaker.open_until = 0.0


def without_cookies(phone):
    """Return a simulator of the phone's app that keeps no cookies."""
    return Simulator.for_app(phone.app, "/webhook", token=TOKEN, assumptions=Assumptions(cookies=False))


def count_to(call, last, phone=None):
    """Press 1 until the caller hears a number. With a phone, close its circuit breaker before each key."""
    for number in range(int(call.heard_last.split()[-1].rstrip(".")) + 1, last + 1):
        if phone is not None:
            close_circuit(phone)
        call.press("1")
        assert call.heard_last == f"One more.\nYou are at {number}."
    return call


@pytest.mark.once
@pytest.mark.parametrize("store", ["local", "remote", *SERVERS], indirect=True)
@pytest.mark.parametrize("loses_reply", [False, True], ids=["request fails", "reply is lost"])
def test_no_single_failure_of_the_store_changes_a_call(store, make_phone, loses_reply):
    """If any one request of a call to the store fails, the caller does not notice it, and no turn counts twice."""
    phone = make_phone()
    count_to(phone.call(), TURNS, phone)
    requests = len(store.requests)
    store.loses_reply = loses_reply
    for number in range(1, requests + 1):
        store.requests.clear()
        store.fails = [number].__contains__
        close_circuit(phone)
        call = count_to(phone.call(), TURNS, phone)
        close_circuit(phone)
        store.fails = NEVER
        assert call.warnings == []
        call.press("2")
        assert (call.heard_last, call.ended.reason) == ("Thank you.", "hangup")
        session = phone.host.sessions.load(call.sid)
        assert (session.data["at"], len(set(session.data["keys"]))) == (TURNS, TURNS)


def test_a_call_survives_an_outage_of_the_store(store, make_phone):
    """A call goes on during an outage, and its next webhook after the outage saves the session in the store."""
    phone = make_phone()
    call = count_to(phone.call(), 2)
    store.fails = ALWAYS
    count_to(call, 7)
    store.fails = NEVER
    assert phone.host.sessions.load(call.sid).data["at"] == 2
    close_circuit(phone)
    count_to(call, 8)
    assert phone.host.sessions.load(call.sid).data["at"] == 8


def test_a_call_can_start_during_an_outage(store, make_phone):
    """A call that starts during an outage goes on with its cookie, and is in the store after the outage."""
    store.fails = ALWAYS
    phone = make_phone()
    call = count_to(phone.call(), 3)
    store.fails = NEVER
    close_circuit(phone)
    count_to(call, 4)
    assert phone.host.sessions.load(call.sid).data["at"] == 4


def test_a_call_without_cookies_waits_for_the_store(store, make_phone):
    """A call without cookies hears an apology during a short outage, and then goes on in its state."""
    phone = make_phone()
    call = count_to(without_cookies(phone).call(), 2)
    store.fails = [len(store.requests) + 1].__contains__
    call.press("1")
    assert call.heard_last == "We are sorry, something went wrong.\nYou are at 2."
    count_to(call, 4)


def test_a_call_without_cookies_ends_if_the_store_stays_unavailable(store, make_phone, caplog):
    """A call without cookies ends if the outage lasts, and the log says why and what to check."""
    phone = make_phone()
    call = without_cookies(phone).call()
    store.fails = ALWAYS
    call.press("1")
    assert call.ended
    assert (
        f"call {call.sid} has no session: the session store is unavailable and the request has no cookie" in caplog.text
    )
    assert "hint: check the session store, and that the proxy passes cookies on" in caplog.text


def test_the_end_of_a_call_is_observed_during_an_outage(store, make_phone):
    """A caller who hangs up during an outage ends the call, because the cookie says that it has started."""
    plugin = RecordingPlugin(COUNTING)
    call = make_phone(plugin).call()
    store.fails = ALWAYS
    call.hangs_up()
    assert plugin.events[-1] == ("ended", "completed")


def test_a_copy_of_a_webhook_is_recognized_during_an_outage(store, make_phone):
    """A copy of an answered webhook gets the current state during an outage, and is not counted."""
    phone = make_phone()
    call = count_to(phone.call(), 1)
    store.fails = ALWAYS
    count_to(call, 2)
    request = [event for event in call.events if isinstance(event, Requested)][-1]
    client = phone.app.test_client()
    client.set_cookie("ivrkit", last_cookie(call), domain="ivr.example.com")
    headers = {name: value for name, value in request.headers.items() if name != "Cookie"}
    for _ in range(2):
        response = client.post(request.url, data=dict(request.params), headers=headers)
        assert "You are at 2." in response.text


def test_healthz_answers_200_during_an_outage(store, make_phone, caplog):
    """During an outage `/healthz` answers 200 with "degraded", because calls can still be answered."""
    phone = make_phone()
    client = phone.app.test_client()
    assert client.get("/healthz").json["status"] == "ok"
    store.fails = ALWAYS
    phone.host.sessions.health.check_at = 0.0
    response = client.get("/healthz")
    assert (response.status_code, response.json["status"], response.json["store"]) == (200, "degraded", "not ok")
    assert "the session store cannot be read" in caplog.text


def test_a_call_goes_on_with_cookies_only(make_phone):
    """With `cookie:`, a call goes on without any store."""
    phone = make_phone(session_url="cookie:")
    call = count_to(phone.call(), TURNS)
    assert phone.host.sessions.load(call.sid) is None


def test_explore_walks_the_same_paths_with_cookies_only(make_phone):
    """With `cookie:`, `explore` walks as many paths as with a store, although it cannot load any session."""
    with_store, with_cookies = make_phone().explore(2), make_phone(session_url="cookie:").explore(2)
    assert (with_cookies.paths, with_cookies.problems) == (with_store.paths, [])
    assert with_cookies.paths > 20


def test_data_that_is_too_large_for_a_cookie_fails_its_handler(make_phone, caplog):
    """With `cookie:`, a handler that stores too much data fails, and the caller hears an apology."""

    def store_too_much(call):
        call.data["long"] = "x" * 3000
        return ask("Too long.")

    caplog.set_level(logging.ERROR)
    tree = {"count": State(store_too_much, Routes({}), on_error="other"), "other": OTHER}
    call = make_phone(tree, session_url="cookie:").call()
    assert call.heard_last == "We are sorry, something went wrong.\nSomewhere else."
    assert "call.data must have at most 2048 bytes in this session store, not 3012" in caplog.text
    assert "hint: store less in it, or set session_url to a store without this limit" in caplog.text


def test_a_session_that_is_too_large_for_a_cookie_is_in_the_store(store, make_phone):
    """A call whose session does not fit into its cookie loses the old cookie, and goes on with the store."""

    def fill(call):
        call.data["long"] = [str(number * 7919 % 100_003) for number in range(2000)]
        return ask("Full.")

    phone = make_phone({"count": State(count, Routes({"1": "full"})), "full": State(fill, Routes({"1": "count"}))})
    call = phone.call().press("1")
    assert call.heard_last == "Full."
    assert "Max-Age=0" in call.responses[-1].headers["Set-Cookie"]
    assert call.press("1").heard_last == "You are at 0."
