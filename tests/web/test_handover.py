"""Webhooks on a WSGI server: a caller is answered even if the code of a plugin hangs."""

import io
import sqlite3
import threading
from dataclasses import replace
from types import SimpleNamespace

import flask
import pytest
from tests.web.sample_trees import RecordingPlugin
from tests.web.webhook_calls import TOKEN, sign, twilio_params

from ivrkit import HOME, MenuOption, Routes, State, ask, hookimpl
from ivrkit.host.deadlines import answering, attempt
from ivrkit.host.deadlines.attempt import Attempt, TurnAbandoned
from ivrkit.web import Ivrkit, with_deadlines
from ivrkit.web.handover import Handover
from ivrkit.web.wsgi_call import ATTEMPT, WsgiCall

WEBHOOK = "https://ivr.example.com/webhook"
STATUS = f"{WEBHOOK}/status"
APOLOGY = b"something went wrong"
SID = "CA" + "1" * 32
#: A server sets this variable of the environ.
SERVER = {"SERVER_SOFTWARE": "Test/1.0"}


@pytest.fixture
def hang():
    """Return events: code that hangs waits for ``release``, sets ``entered`` before and ``left`` after it."""
    events = SimpleNamespace(release=threading.Event(), entered=threading.Event(), left=threading.Event(), on=set())
    yield events
    events.release.set()


class Tree(RecordingPlugin):
    """States and hooks that hang."""

    def __init__(self, hang):
        self.hang, self.threads = hang, []
        slow = State(self.enter, Routes({"1": HOME}), on_error="sorry", deadline=0.1, options=MenuOption("1", "slow"))
        sorry = State(ask("What now?"), Routes({"1": "slow", "2": HOME}))
        super().__init__({"slow": slow, "sorry": sorry})

    def wait(self, name):
        """Hang if the test wants it."""
        if name in self.hang.on:
            self.hang.entered.set()
            self.hang.release.wait()
            self.hang.left.set()

    def enter(self, call):
        """Hang, and say something too late."""
        self.threads.append(threading.current_thread().name)
        call.data["late"] = True
        self.wait("enter")
        return ask(f"Path {flask.request.path} of {flask.current_app.name}.")

    @hookimpl
    def ivrkit_call_ended(self, call, reason):
        """Hang."""
        self.events.append(("ended", reason))
        self.wait("ended")

    @hookimpl
    def ivrkit_state_left(self, call, state, outcome):
        """Hang."""
        self.wait("left")


@pytest.fixture
def tree(hang):
    """Return the plugin with the states."""
    return Tree(hang)


@pytest.fixture
def send(make_app, tree):
    """Return a function that sends a webhook to an app as a server does: ``send(Digits="1")``."""
    client = make_app(tree=tree, deadline=0.1).test_client()

    def run(url=WEBHOOK, status="in-progress", *, environ=SERVER, **params):
        params = twilio_params(SID, status, **params)
        headers = {"X-Twilio-Signature": sign(url, params.items(), TOKEN)}
        return client.post(url, data=params, headers=headers, environ_overrides=environ)

    return run


def test_a_webhook_runs_in_a_thread_for_turns(send, tree):
    """On a server, the code of plugins runs in a thread for turns, with Flask's request and app."""
    send(status="ringing")
    assert b"Path /webhook of ivrkit." in send(Digits="1").data
    assert tree.threads == ["ivrkit-turn-1"]


def test_in_a_test_a_webhook_runs_in_its_own_thread(send, tree):
    """Without a server, such as in the simulator, the code of plugins runs in the thread that calls the app."""
    send(status="ringing", environ={})
    assert send(Digits="1", environ={}).status_code == 200
    assert tree.threads == [threading.current_thread().name]


def test_the_caller_of_a_function_that_hangs_hears_an_apology(send, tree, hang, logged):
    """After its deadline, the caller goes to on_error. The late answer and its data are thrown away."""
    send(status="ringing")
    hang.on.add("enter")
    logged()
    response = send(Digits="1")
    assert APOLOGY in response.data
    assert b"What now?" in response.data
    (missed,) = logged()
    assert missed.startswith("ERROR state 'slow' of shop has run for 0.")
    assert f"seconds in call {SID}, but its deadline is 0.1 seconds: its stack\n" in missed
    assert "in wait\n" in missed
    hang.release.set()
    hang.left.wait()
    hang.on.clear()
    assert send(Digits="1").status_code == 200, "on_error was the next state, and key 1 leads from it to the slow state"
    assert len(tree.threads) == 2
    assert ("left", "sorry", "1") not in tree.events


def test_the_next_webhook_starts_from_on_error(send, hang, tree):
    """The late answer is not saved, even if the code ends before the next webhook."""
    send(status="ringing")
    hang.on.add("enter")
    send(Digits="1")
    hang.release.set()
    hang.left.wait()
    hang.on.clear()
    assert b"For slow, press one." in send(Digits="2").data, "key 2 of on_error leads to the menu"


@pytest.mark.parametrize("url", [WEBHOOK, STATUS])
def test_the_answer_is_sent_if_an_observing_hook_hangs(send, hang, tree, url):
    """An observing hook runs after the session was saved, so the answer is sent, and the turn counts once."""
    send(status="ringing")
    hang.on.add("ended")
    response = send(url, "completed", CallbackSource="call-progress-events")
    assert response.status_code in (200, 204)
    assert APOLOGY not in response.data
    hang.release.set()
    hang.left.wait()
    assert [each for each in tree.events if each[0] == "ended"] == [("ended", "completed")]


def test_an_abandoned_status_callback_ends_no_call(send, tree):
    """If the session store answers too late, an abandoned attempt does not save the end of the call."""
    send(status="ringing")
    abandoned = Attempt()
    assert abandoned.abandon()
    with pytest.raises(TurnAbandoned):
        send(STATUS, "completed", environ={ATTEMPT: abandoned})
    assert ("ended", "completed") not in tree.events


def test_the_answer_of_a_turn_is_sent_if_an_observing_hook_hangs(send, hang):
    """The caller hears the state that the turn has entered."""
    send(status="ringing")
    hang.on.add("left")
    assert b"Path /webhook of ivrkit." in send(Digits="1").data


@pytest.mark.parametrize(("url", "status"), [(WEBHOOK, 200), (STATUS, 204)])
def test_a_session_store_that_hangs_costs_no_answer(make_app, tree, monkeypatch, logged, hang, url, status):
    """If there is no time for the session, the caller hears an apology, and Twilio asks again."""
    monkeypatch.setattr(answering, "LAST_RESORT_AFTER", 0.1)
    app = make_app(tree=tree)
    store = app.extensions["ivrkit"].sessions.store
    monkeypatch.setattr(store, "load", lambda sid: hang.release.wait())
    params = twilio_params(SID, "completed")
    headers = {"X-Twilio-Signature": sign(url, params.items(), TOKEN)}
    response = app.test_client().post(url, data=params, headers=headers, environ_overrides=SERVER)
    assert response.status_code == status
    assert (b"<Redirect>webhook?again=1#rc=1&amp;rp=ct</Redirect>" in response.data) == (url == WEBHOOK)
    (line,) = logged()
    assert "SessionError: there was no time left to read the session" in line


def test_a_request_without_an_answer_gets_503(send, hang, monkeypatch, logged):
    """If not even the last attempt has an answer, Twilio gets a 503, and requests the fallback."""
    monkeypatch.setattr(answering, "LAST_RESORT_AFTER", 0.01)
    monkeypatch.setattr(answering, "ANSWER_WITHIN", 0.02)
    monkeypatch.setattr(WsgiCall, "answer", lambda self, attempt: hang.release.wait())
    response = send(status="ringing")
    assert response.status == "503 Service Unavailable"
    assert logged() == ["ERROR POST /webhook: the request was not answered within 0.02 seconds"]


def test_an_error_of_the_app_reaches_the_server():
    """An error behind the handover is raised in the thread of the server."""

    def app(environ, start_response):
        raise RuntimeError("no")

    handover = Handover(app, {"/webhook": answering.Answering(1)})
    with pytest.raises(RuntimeError, match="no"):
        handover({"PATH_INFO": "/webhook/", "wsgi.input": None, **SERVER}, None)


def test_other_requests_pass_through(make_app):
    """Only requests that run the code of plugins are handed over."""
    app, threads = make_app(), []
    app.before_request(lambda: threads.append(threading.current_thread().name))
    for path in ("/healthz", "/webhook/fallback", "/other"):
        app.test_client().get(path, environ_overrides=SERVER)
    app.test_client().get("/webhook", environ_overrides=SERVER)
    assert threads == [threading.current_thread().name] * 3 + ["ivrkit-turn-1"]


def test_the_whole_request_runs_in_one_thread(tmp_path, make_app, tree):
    """Code of the app around a handler, such as a teardown that closes a connection to SQLite, has the same thread."""
    app = make_app(tree=tree)

    @app.before_request
    def connect():
        flask.g.db = sqlite3.connect(tmp_path / "app.sqlite3")

    @app.teardown_request
    def close(error):
        flask.g.db.close()

    params = twilio_params(SID, "ringing")
    headers = {"X-Twilio-Signature": sign(WEBHOOK, params.items(), TOKEN)}
    response = app.test_client().post(WEBHOOK, data=params, headers=headers, environ_overrides=SERVER)
    assert response.status_code == 200


def test_an_app_with_mounted_trees_can_be_wrapped(make_app):
    """``with_deadlines`` hands over the webhooks of all phone trees of an app, and nothing else."""
    app, threads = flask.Flask("team"), []
    for name in ("one", "two"):
        tree = make_app().extensions["ivrkit"]
        Ivrkit(app, name=name, settings=replace(tree.settings, url_prefix=f"/{name}"))
    app.add_url_rule("/webhook", "other", lambda: "other")
    app.before_request(lambda: threads.append(threading.current_thread().name))
    app.wsgi_app = with_deadlines(app)
    for path in ("/one/webhook", "/two/webhook/status", "/webhook"):
        app.test_client().get(path, environ_overrides=SERVER)
    for name in ("one", "two"):
        app.extensions[name].sessions.close()
    assert threads == ["ivrkit-turn-1", "ivrkit-turn-1", threading.current_thread().name]


def test_the_response_of_a_wsgi_app_is_collected_whole():
    """The chunks that the app writes and returns make the body, and the response of the app is closed."""
    closed = []

    class Body(list):
        def close(self):
            closed.append(True)

    def app(environ, start_response):
        write = start_response("200 OK", [("A", "b")])
        write(b"one ")
        return Body([b"two ", environ["wsgi.input"].read()])

    environ = {"wsgi.input": io.BytesIO(b"three")}
    call = WsgiCall(app, environ)
    for _ in range(2):
        assert call.answer(attempt.Attempt()) == ("200 OK", [("A", "b")], b"one two three")
    assert closed == [True, True]


def test_a_wsgi_app_may_return_a_plain_list():
    """The response of a WSGI app needs no method ``close``."""

    def app(environ, start_response):
        start_response("200 OK", [])
        return [b"one"]

    assert WsgiCall(app, {"wsgi.input": io.BytesIO()}).answer(attempt.Attempt()).body == b"one"
