"""The endpoints that Twilio requests: their responses to valid, repeated, late and odd requests, and to failures."""

import json
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from importlib.metadata import version
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import SHOP, RecordingPlugin, TreePlugin, sessions_of
from tests.web.webhook_calls import (
    FORGED_SIGNATURE,
    VERB_RESULTS,
    XML,
    WebhookCall,
    in_process,
    over_http,
    pressed,
    serving,
    sign,
    twilio_params,
)
from twilio.twiml.voice_response import Record

from ivrkit import HOME, SAME, MenuOption, Routes, State, ask, hookimpl, leads_to

APOLOGY = "We are sorry, something went wrong."
NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response />'
STATUS, FALLBACK = f"{WEBHOOK}/status", f"{WEBHOOK}/fallback"
FINAL = ["completed", "busy", "failed", "no-answer", "canceled"]


# The webhook.


def test_get_and_post_are_answered_alike(new_call):
    """The first webhook gets the same document with GET and with POST."""
    got = new_call().send(WEBHOOK, method="GET")
    posted = new_call().send(WEBHOOK, method="POST")
    assert got.status == posted.status == 200
    assert got.body == posted.body
    assert got.root.find("Gather").get("action") == "webhook#rc=1&rp=ct"


def test_parameters_are_read_from_the_query_with_get(new_call):
    """With GET, the parameters of a webhook are read from the query."""
    call = new_call()
    call.send(WEBHOOK, method="GET")
    assert call.send(WEBHOOK, pressed("2"), method="GET").state == "message"


@pytest.mark.parametrize("path", ["webhook", "webhook/status", "webhook/fallback"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_without_call_sid_is_refused(new_call, path, method):
    """A request without ``CallSid`` gets status 400 and a text that says so."""
    call = new_call(sid="")
    call.sid = ""
    answer = call.send(f"https://ivr.example.com/{path}", method=method)
    assert (answer.status, answer.body) == (400, b"CallSid is missing: this URL answers Twilio's voice webhooks.\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_other_methods_and_paths_are_errors(new_call, make_app):
    """Methods and paths that Twilio never requests get status 405 and 404."""
    send = in_process(make_app())
    assert {send(method, WEBHOOK, b"", {}).status for method in ("PUT", "DELETE", "PATCH")} == {405}
    assert {send("POST", f"{WEBHOOK}{path}", b"", {}).status for path in ("/other", "s", "/whisper/")} == {404}
    assert send("POST", "https://ivr.example.com/healthz", b"", {}).status == 405


def test_a_webhook_that_is_too_large_is_refused(make_app):
    """A form of more than 65,536 bytes gets status 413."""
    send, head = in_process(make_app()), {"X-Twilio-Signature": FORGED_SIGNATURE}
    head["Content-Type"] = "application/x-www-form-urlencoded"
    body = urlencode({**twilio_params("CA1"), "SpeechResult": "x" * 60_000})
    assert send("POST", WEBHOOK, body.encode(), head).status == 403
    assert send("POST", WEBHOOK, f"{body}{'x' * 6_000}".encode(), head).status == 413


def test_responses_name_state_and_owner_in_dev_mode(new_call):
    """In dev mode, the headers of a response name the state and its owner; otherwise no header names ivrkit."""
    call = new_call(dev=True)
    answer = call.dial()
    assert answer.headers["Ivrkit-State"] == "menu"
    assert answer.headers["Ivrkit-Owner"] == f"ivrkit {version('ivrkit')}"
    assert answer.headers["Ivrkit-Path"] == "greeting, menu"
    assert call.press("2").headers["Ivrkit-Owner"] == "shop"
    answer = new_call(dev=False).dial()
    assert [name for name in dict(answer.headers) if "ivrkit" in name.lower()] == []


def test_the_cookie_of_another_call_is_not_used(make_app):
    """A webhook that has the cookie of another call is answered by its own CallSid."""
    app = make_app(dev=True)
    first, second = (WebhookCall(in_process(app), WEBHOOK) for _ in range(2))
    first.dial()
    answer = first.press("2")
    assert answer.state == "message"
    left_behind = answer.headers["Set-Cookie"].partition(";")[0]
    params = twilio_params(second.sid)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": sign(WEBHOOK, params.items()),
        "Cookie": left_behind,
    }
    answer = in_process(app)("POST", WEBHOOK, urlencode(params).encode(), headers)
    assert answer.state == "menu"
    assert answer.headers["Set-Cookie"].startswith("ivrkit=")
    assert "; HttpOnly; Path=/; SameSite=Lax" in answer.headers["Set-Cookie"]
    assert second.send(WEBHOOK, pressed("0")).state == "operator"
    assert first.finish_verb(VERB_RESULTS["Record", "recorded"]).heard == "Thank you."


def test_calls_at_the_same_time_are_independent(make_app):
    """Calls at the same time have separate sessions, in any order of their webhooks."""
    app = make_app(dev=True)
    calls = [WebhookCall(in_process(app), WEBHOOK) for _ in range(3)]
    for call in calls:
        assert call.dial().state == "menu"
    assert [call.press(key).state for call, key in zip(calls, "209", strict=True)] == ["message", "operator", "menu"]
    assert calls[1].finish_verb(VERB_RESULTS["Dial", "busy"]).heard.startswith("They are busy.")
    assert calls[0].finish_verb(VERB_RESULTS["Record", "recorded"]).heard == "Thank you."


# The end of a call.


@pytest.mark.parametrize("status", FINAL)
def test_a_final_status_ends_the_call(new_call, status):
    """A final status ends the call once, gets 204, and later webhooks get an empty document."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    recorder.events.clear()
    for _ in range(2):
        answer = call.send(STATUS, {"CallDuration": "7"}, status=status)
        assert (answer.status, answer.body) == (204, b"")
    assert recorder.events == [("ended", status)]
    late = call.send(WEBHOOK, pressed("2"))
    assert (late.status, late.body, late.headers["Content-Type"]) == (200, NOTHING, XML)
    assert recorder.events[1:] == [("left", "menu", "2")]


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress", "answered", "", "Completed"])
def test_another_status_does_not_end_the_call(new_call, status):
    """A status that is not final gets 204 and changes nothing."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    recorder.events.clear()
    assert call.send(STATUS, status=status).status == 204
    assert recorder.events == []
    assert call.press("2").state == "message"


def test_a_recording_after_the_end_is_reported_once(new_call):
    """A recording that arrives after the final status is reported to the plugins once, and gets an empty document."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    call.press("2")
    recorder.events.clear()
    assert call.send(STATUS, status="completed").status == 204
    recorded = {**VERB_RESULTS["Record", "recorded"], "Digits": "hangup"}
    for _ in range(2):
        assert call.send(WEBHOOK, recorded, status="completed").body == NOTHING
    assert recorder.events == [("ended", "completed"), ("left", "message", "recorded")]
    assert recorder.calls[-1].params["RecordingUrl"] == recorded["RecordingUrl"]


def test_a_recording_ended_by_hanging_up_ends_the_call(new_call):
    """The action of a ``Record`` whose caller hung up is reported before the end; the final status adds nothing."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    call.press("2")
    recorder.events.clear()
    assert call.send(WEBHOOK, VERB_RESULTS["Record", "recorded"], status="completed").body == NOTHING
    assert call.send(STATUS, status="completed").status == 204
    assert recorder.events == [("left", "message", "recorded"), ("ended", "completed")]


def test_late_webhooks_do_not_restart_an_ended_call(new_call):
    """A call that ended with a goodbye stays ended: late webhooks get an empty document, and no hook is called."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    call.press("2")
    assert call.finish_verb(VERB_RESULTS["Record", "recorded"]).verbs == ["Say", "Hangup"]
    events = list(recorder.events)
    assert events[-1] == ("ended", "finished")
    for more in ({}, pressed("2"), VERB_RESULTS["Dial", "busy"]):
        assert call.send(WEBHOOK, more).body == NOTHING
    assert call.send(STATUS, status="completed").status == 204
    assert recorder.events == events


def test_a_final_status_before_the_first_webhook_ends_the_call(new_call):
    """A final status of an unknown call is saved without a hook call; its late first webhook gets an empty document."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    assert call.send(STATUS, status="no-answer").status == 204
    answer = call.send(WEBHOOK, status="ringing", token="one")
    assert (answer.body, answer.state) == (NOTHING, None)
    assert call.send(WEBHOOK, status="ringing", token="one").body == NOTHING
    assert recorder.events == []


# Repeated requests.


def test_a_repeated_token_gets_the_same_bytes(new_call):
    """A request with a token of the last eight webhooks gets the same bytes again and changes nothing."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    first = call.send(WEBHOOK, token="first")
    pressed_nine = call.send(WEBHOOK, pressed("9"), token="nine")
    events = list(recorder.events)
    for _ in range(3):
        again = call.send(WEBHOOK, pressed("9"), token="nine")
        assert (again.status, again.body, again.headers["Content-Type"]) == (200, pressed_nine.body, XML)
        assert again.state == "menu"
    assert recorder.events == events
    for number in range(6):
        call.send(WEBHOOK, pressed("9"), token=f"{number}")
    assert call.send(WEBHOOK, token="first").body == first.body != pressed_nine.body
    call.send(WEBHOOK, pressed("9"), token="one more")
    events = list(recorder.events)
    assert call.send(WEBHOOK, pressed("2"), token="first").state == "message"
    assert len(recorder.events) > len(events)


def test_a_token_belongs_to_one_call(make_app):
    """The same idempotency token in another call is a new request."""
    app = make_app(dev=True)
    one, two = (WebhookCall(in_process(app), WEBHOOK) for _ in range(2))
    assert one.send(WEBHOOK, token="same").state == "menu"
    one.send(WEBHOOK, pressed("2"), token="other")
    assert two.send(WEBHOOK, token="same").state == "menu"
    assert two.send(WEBHOOK, pressed("0"), token="other").state == "operator"


def test_a_new_token_is_a_new_webhook(new_call):
    """The same input with a new token, or without one, is the next input of the caller."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    recorder.events.clear()
    for token in ("one", "two", None, None):
        call.send(WEBHOOK, pressed("9"), token=token)
    assert recorder.events == [("left", "menu", "9"), ("entered", "menu")] * 4


class Meeting:
    """An enter function of which two runs wait for each other, so that both read the session before either saves it."""

    def __init__(self):
        self.barrier = threading.Barrier(2)
        self.keys = []

    def __call__(self, call):
        """Note the key of the turn, and wait for the other run."""
        self.keys.append(call.turn_key)
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait(10)
            self.barrier.abort()  # later runs do not wait
        return ask("We met.")


@pytest.mark.parametrize("token", ["the-token", None])
@pytest.mark.parametrize("first", [False, True], ids=["later webhook", "first webhook"])
def test_two_copies_at_once_are_one_turn(make_app, token, first):
    """Two copies of a webhook at the same moment are one turn, with one response and one ``turn_key``."""
    meeting = Meeting()
    state = State(meeting, Routes({"1": SAME}), options=MenuOption("3", "meeting"))
    recorder = RecordingPlugin({"meeting": state})
    app = make_app(recorder, dev=True, start="meeting" if first else "greeting")
    with serving(app, sessions_of(app)) as base:
        call = WebhookCall(over_http, f"{base}/webhook")
        if not first:
            call.dial()
        recorder.events.clear()
        with ThreadPoolExecutor(2) as pool:
            copies = [pool.submit(call.send, call.webhook, pressed("3"), token=token) for _ in range(2)]
            answers = [copy.result() for copy in copies]
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].body == answers[1].body
        assert answers[0].heard == "We met."
        assert meeting.keys == [f"{call.sid}:{1 if first else 2}"] * 2
        assert recorder.events == [("started",) if first else ("left", "menu", "3"), ("entered", "meeting")]
        assert call.send(call.webhook, pressed("1"), token="next").state == "meeting"
    assert meeting.keys[2] == f"{call.sid}:{2 if first else 3}"


def test_two_different_webhooks_at_once_are_two_turns(make_app):
    """Two different webhooks at the same moment are two turns, the second from the session that the first one saved."""
    meeting = Meeting()
    recorder = RecordingPlugin({"meeting": State(meeting, Routes({"1": SAME, "2": SAME}))})
    app = make_app(recorder, start="meeting")
    with serving(app, sessions_of(app)) as base:
        call = WebhookCall(over_http, f"{base}/webhook")
        meeting.barrier.abort()
        call.dial()
        meeting.barrier.reset()
        meeting.keys.clear()
        recorder.events.clear()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda key: call.send(call.webhook, pressed(key), token=key), "12"))
    assert sorted(meeting.keys) == [f"{call.sid}:2", f"{call.sid}:2", f"{call.sid}:3"]
    assert sorted(outcome for what, *_, outcome in recorder.events if what == "left") == ["1", "2"]


def test_many_copies_of_a_final_status_end_the_call_once(make_app):
    """Many copies of a final status at the same moment report the end of the call once."""
    recorder = RecordingPlugin(SHOP)
    app = make_app(recorder)
    with serving(app, sessions_of(app)) as base:
        call = WebhookCall(over_http, f"{base}/webhook")
        call.dial()
        with ThreadPoolExecutor(6) as pool:
            copies = [pool.submit(call.send, f"{call.webhook}/status", status="completed") for _ in range(6)]
            assert {copy.result().status for copy in copies} == {204}
    assert recorder.events.count(("ended", "completed")) == 1


# Failing stores.


@pytest.fixture
def damage_store(session_file):
    """Return a function that overwrites the session file of an app, and returns a function that restores it."""

    def damage(app):
        sessions_of(app).close()
        saved = session_file.read_bytes()
        session_file.write_bytes(b"these bytes are garbage " * 400)

        def restore():
            sessions_of(app).close()
            session_file.write_bytes(saved)

        return restore

    return damage


def test_a_failing_store_is_an_apology_and_then_a_hangup(make_app, damage_store, logged):
    """While sessions cannot be read, the caller hears an apology and is redirected twice; then the call ends."""
    app = make_app(dev=True)
    call = WebhookCall(in_process(app), WEBHOOK)
    call.dial()
    damage_store(app)
    logged()
    answer = call.press("2")
    for mark in ("1", "2"):
        assert answer.verbs == ["Say", "Pause", "Redirect"]
        assert answer.heard == APOLOGY
        assert answer.root.findtext("Redirect") == f"webhook?again={mark}#rc=1&rp=ct"
        assert answer.state is None
        answer = call.follow_redirect()
    assert (answer.heard, answer.verbs) == (APOLOGY, ["Say", "Hangup"])
    lines = logged()
    assert len(lines) == 6
    for cause, message in zip(lines[::2], lines[1::2], strict=True):
        assert cause.startswith(f"ERROR call {call.sid}: the session store could not be read\nTraceback")
        assert "SessionError: the session file" in cause
        assert "file is not a database" in cause
        assert message.startswith(f"ERROR call {call.sid} could not be answered\nTraceback")
        assert f"call {call.sid} has no session" in message


def test_a_call_goes_on_when_the_store_works_again(make_app, damage_store):
    """After one failure the stored state is entered again, and the key that was pressed meanwhile is not counted."""
    app = make_app(dev=True)
    call = WebhookCall(in_process(app), WEBHOOK)
    call.dial()
    restore = damage_store(app)
    call.press("7")
    restore()
    assert call.follow_redirect().state == "menu"
    assert call.press("2").state == "message"


def test_after_two_failures_the_operator_is_entered(make_app, damage_store):
    """If the store works again at the second attempt only, the caller is sent to the operator."""
    app = make_app(dev=True)
    call = WebhookCall(in_process(app), WEBHOOK)
    call.dial()
    restore = damage_store(app)
    call.press("2")
    call.follow_redirect()
    restore()
    assert call.follow_redirect().state == "operator"


def test_a_status_callback_gets_204_while_the_store_fails(make_app, damage_store, logged):
    """A status callback gets 204 and a log line if the session cannot be saved; a later one ends the call."""
    app = make_app()
    call = WebhookCall(in_process(app), WEBHOOK)
    call.dial()
    restore = damage_store(app)
    logged()
    assert call.send(STATUS, status="completed").status == 204
    assert logged()[1].startswith(f"ERROR the end of call {call.sid} could not be saved\nTraceback")
    restore()
    assert call.send(STATUS, status="completed").status == 204
    assert call.send(WEBHOOK).body == NOTHING


@pytest.mark.parametrize("body", ["[]", "{}", "null", "not json", '{"responses": [], "sid": "CA1", "turn": "one"}'])
def test_an_unreadable_session_restarts_the_call(make_app, session_file, body):
    """A stored session that cannot be read starts the call again; the caller is not hung up on."""
    app = make_app(dev=True)
    call = WebhookCall(in_process(app), WEBHOOK)
    call.dial()
    with closing(sqlite3.connect(session_file)) as file, file:
        file.execute("UPDATE sessions SET body = ?", (body,))
    assert call.press("2").state == "menu"
    assert call.press("2").state == "message"


# The fallback.


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("", ""),
        ("https://ivr.example.com/webhook?Digits=4711", "/webhook"),
        ("https://[::1/webhook?again=2", ""),
        ("nonsense", "nonsense"),
        ("https://ivr.example.com/webhook?again=3&again=", "/webhook"),
    ],
)
def test_a_fallback_without_a_mark_is_the_first(new_call, logged, url, path):
    """The fallback redirects to the mark 1 for any ``ErrorUrl`` without a mark, and logs the path without the query."""
    call = new_call()
    logged()
    answer = call.send(FALLBACK, {"ErrorCode": "11200", "ErrorUrl": url})
    assert answer.status == 200
    assert answer.root.findtext("Redirect") == "../webhook?again=1#rc=1&rp=ct"
    assert logged() == [f"ERROR call {call.sid}: Twilio requested the fallback after error 11200 at {path}"]


def test_the_fallback_apologises_in_the_language_of_the_call(make_app, damage_store, logged):
    """The fallback apologises in the language of the call, or of the settings if the session cannot be read."""
    app = make_app(dev=True, languages=["es-MX"], numbers={"+15005550006": {"language": "es-MX"}})
    call = WebhookCall(in_process(app), WEBHOOK)
    assert "Para news, marque uno." in call.dial().heard
    error = {"ErrorCode": "11200", "ErrorUrl": WEBHOOK}
    assert call.send(FALLBACK, error).heard == "Lo sentimos, algo salió mal."
    damage_store(app)
    logged()
    assert call.send(FALLBACK, error).heard == APOLOGY
    assert logged()[-1].startswith(f"ERROR call {call.sid}: the session store could not be read\nTraceback")


def test_a_caller_who_missed_the_last_response_hears_a_goodbye(new_call):
    """A call that ended with a response that failed says goodbye at the redirect, unless the caller hung up."""
    call = new_call(tree={"one": State(ask("One?"), Routes({"1": None}))}, start="one")
    call.dial()
    assert call.press("1").verbs == ["Say", "Hangup"]
    again = call.send(f"{WEBHOOK}?again=1")
    assert (again.heard, again.verbs) == ("Goodbye.", ["Say", "Hangup"])
    assert call.send(f"{WEBHOOK}?again=1", status="completed").body == NOTHING


def test_the_last_mark_counts(new_call):
    """Of several marks in a URL, the last one counts."""
    call = new_call()
    answer = call.send(FALLBACK, {"ErrorUrl": f"{WEBHOOK}?again=2&again=1"})
    assert answer.root.findtext("Redirect") == "../webhook?again=2#rc=1&rp=ct"
    assert call.send(FALLBACK, {"ErrorUrl": f"{WEBHOOK}?again=1&again=2"}).verbs == ["Say", "Hangup"]


# The health check.


def test_healthz_reports_the_status(make_app):
    """The health check needs no signature, and reports the status and the store only."""
    app = make_app()
    answer = in_process(app)("GET", "https://ivr.example.com/healthz", b"", {})
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok", "store": "ok"})
    assert answer.headers["Content-Type"] == "application/json"


def test_healthz_reports_safe_mode(make_app):
    """In safe mode the details of the health check say so, and they have only the states of the core."""
    report = make_app(SHOP, safe=True).test_client().get("/healthz").json
    assert report["safe_mode"] is True
    assert [*report["states"]] == ["greeting", "menu"]


def test_healthz_reports_plugins_and_states_to_this_machine(make_app):
    """To a request of this machine the health check also reports plugins, states, owners, versions and problems."""
    app = make_app({**SHOP, "odd": lambda settings: None}, strict=False)
    report = app.test_client().get("/healthz").json
    own = version("ivrkit")
    report["plugins"].pop("acme-states", None)
    assert report == {
        "status": "ok",
        "store": "ok",
        "plugins": {"ivrkit": own, "shop": ""},
        "states": {
            "greeting": f"ivrkit {own}",
            "menu": f"ivrkit {own}",
            "news": "shop",
            "message": "shop",
            "operator": "shop",
        },
        "quarantine": {},
        "problems": report["problems"],
    }
    assert len(report["problems"]) == 1
    assert report["problems"][0].startswith(
        "plugin shop: 'odd' of its hook ivrkit_register_states cannot be made into a state: "
    )


def test_healthz_reports_a_damaged_store(make_app, damage_store, logged):
    """The health check reports a damaged session file as degraded with status 200, until the file is restored."""
    app = make_app()
    send = in_process(app)
    restore = damage_store(app)
    logged()
    answer = send("GET", "https://ivr.example.com/healthz", b"", {})
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "degraded", "store": "not ok"})
    assert answer.headers["Content-Type"] == "application/json"
    (message,) = logged()
    assert message.startswith("ERROR the session store cannot be read: ")
    assert "\n" not in message
    restore()
    sessions = sessions_of(app)
    sessions.breaker.open_until = sessions.health.check_at = 0.0
    answer = send("GET", "https://ivr.example.com/healthz", b"", {})
    assert json.loads(answer.body) == {"status": "ok", "store": "ok"}


def test_a_deleted_session_file_is_created_again(make_app, session_file):
    """A session file that was deleted is created again by the thread that opens it next."""
    app = make_app()
    sessions_of(app).close()
    session_file.unlink()
    with serving(app, sessions_of(app)) as base:
        assert over_http("GET", f"{base}/healthz", b"", {}).status == 200


# Failing plugins.


def fail(call):
    """Raise an exception whose text must not be spoken."""
    raise RuntimeError("kaboom")


def exit_process(call):
    """Exit the process, unless the exception is caught."""
    raise SystemExit("kaboom")


@pytest.mark.parametrize("raise_error", [fail, exit_process])
@pytest.mark.parametrize("where", ["enter", "exit"])
def test_a_failing_state_is_an_apology(new_call, logged, raise_error, where):
    """If an enter or exit function raises, the caller hears an apology and the menu; the log has owner and CallSid."""
    state = (
        State(raise_error, Routes({"1": SAME}))
        if where == "enter"
        else State(ask("Press one."), leads_to(HOME)(raise_error))
    )
    broken = State(state.enter, state.exit, options=MenuOption("4", "trouble"))
    call = new_call(tree={**SHOP, "broken": broken})
    call.dial()
    logged()
    answer = call.press("4")
    if where == "exit":
        assert answer.state == "broken"
        answer = call.press("1")
    assert answer.state == "menu"
    assert answer.heard.startswith(APOLOGY)
    assert b"kaboom" not in answer.body
    (message,) = logged()
    error = "RuntimeError: kaboom" if raise_error is fail else "SystemExit: kaboom"
    assert message.startswith(f"ERROR state 'broken' of shop failed in call {call.sid}: {error}\n  Traceback")
    assert message.endswith(error)
    assert call.press("2").state == "message"


OBSERVERS = ["ivrkit_call_started", "ivrkit_state_entered", "ivrkit_state_left", "ivrkit_recorded", "ivrkit_call_ended"]


@pytest.mark.parametrize("raise_error", [fail, exit_process])
@pytest.mark.parametrize("hook", [*OBSERVERS, "ivrkit_edit_response"])
def test_a_failing_hook_does_not_change_the_response(make_app, logged, raise_error, hook):
    """If a hook raises, the log has owner and CallSid, and the response is the one without the hook."""
    plugin_class = type("FailingPlugin", (TreePlugin,), {hook: hookimpl(lambda self, call: raise_error(call))})
    app, plain = make_app(plugin_class(SHOP)), make_app(SHOP)
    call, other = WebhookCall(in_process(app), WEBHOOK), WebhookCall(in_process(plain), WEBHOOK)
    logged()
    assert call.dial().body == other.dial().body
    assert call.press("2").body == other.press("2").body
    assert (
        call.finish_verb(VERB_RESULTS["Record", "recorded"]).body
        == other.finish_verb(VERB_RESULTS["Record", "recorded"]).body
    )
    lines = logged()
    assert lines
    for message in lines:
        error = "RuntimeError: kaboom" if raise_error is fail else "SystemExit: kaboom"
        assert message.startswith(f"ERROR {hook} of shop failed in call {call.sid}: {error}\n  Traceback")
        assert message.endswith(error)


@pytest.mark.parametrize("raise_error", [fail, exit_process])
def test_a_failing_state_failed_hook_counts_as_no_decision(new_call, logged, raise_error):
    """If ``ivrkit_state_failed`` raises, the caller goes where it would without the hook."""
    plugin_class = type(
        "FailingPlugin", (TreePlugin,), {"ivrkit_state_failed": hookimpl(lambda self, call: raise_error(call))}
    )
    call = new_call(tree=plugin_class({**SHOP, "broken": State(fail, HOME, options=MenuOption("4", "trouble"))}))
    call.dial()
    logged()
    assert call.press("4").state == "menu"
    first, second = logged()
    assert first.startswith("ERROR state 'broken' of shop failed")
    error = "RuntimeError: kaboom" if raise_error is fail else "SystemExit: kaboom"
    assert second.startswith(f"ERROR ivrkit_state_failed of shop failed in call {call.sid}: {error}\n  Traceback")


# Deploys under a live call.


def test_a_removed_state_leads_to_the_start_menu(make_app):
    """A caller in a state that a deploy removed is in the start menu after the next webhook."""
    recorder = RecordingPlugin({"news": SHOP["news"]})
    before, after = make_app(SHOP), make_app(recorder, dev=True)
    call = WebhookCall(in_process(before), WEBHOOK)
    call.dial()
    call.press("2")
    same_call = WebhookCall(in_process(after), WEBHOOK, sid=call.sid)
    answer = same_call.request_document(WEBHOOK, VERB_RESULTS["Record", "recorded"])
    assert answer.state == "menu"
    assert answer.heard == "For news, press one. To hear this again, press nine."
    assert recorder.events == [("entered", "menu")]


def test_changed_routes_are_read_out_before_a_key_counts(make_app):
    """A key that was pressed before the caller heard the routes of a new deploy reads the menu again."""
    recorder = RecordingPlugin({"news": SHOP["message"], "message": SHOP["news"]})
    before, after = make_app(SHOP), make_app(recorder, dev=True)
    call = WebhookCall(in_process(before), WEBHOOK)
    call.dial()
    same_call = WebhookCall(in_process(after), WEBHOOK, sid=call.sid)
    answer = same_call.request_document(WEBHOOK, pressed("2"))
    assert answer.state == "menu"
    assert answer.heard.startswith("For news, press one. For a message, press two.")
    assert ("entered", "news") not in recorder.events
    assert same_call.press("2").heard.startswith("Speak after the tone.")


def test_a_repeated_token_after_a_deploy_gets_the_old_response(make_app):
    """A repeated request gets its stored response even if a deploy removed the state."""
    before, after = make_app(SHOP), make_app({}, dev=True)
    call = WebhookCall(in_process(before), WEBHOOK)
    call.dial()
    answer = call.send(WEBHOOK, pressed("2"), token="one")
    again = WebhookCall(in_process(after), WEBHOOK, sid=call.sid).send(WEBHOOK, pressed("2"), token="one")
    assert again.body == answer.body
    assert again.state is None


# Secrets.

PIN, WRONG, WORD = "8294055173", "7390528461", "open xylophone"


def test_the_input_of_a_secret_state_is_stored_nowhere(make_app, session_file, damage_store, logged):
    """The digits and words of a secret state reach its exit function, and no log, file or observing plugin."""
    seen = []

    @leads_to("inside", SAME)
    def check(call):
        seen.append(call.digits or call.speech)
        if call.digits == WRONG:
            raise ValueError(f"{call.digits} is not the number, and {call.params['Digits']} was pressed")
        return "inside" if call.digits == PIN else SAME

    question = ask("Your number?", num_digits=10, input="dtmf speech")
    recorder = RecordingPlugin(
        {
            "secret": State(question, check, secret=True, options=MenuOption("5", "members")),
            "inside": State(["Come in.", Record()], Routes({"recorded": None})),
        }
    )
    app = make_app(recorder, dev=True)
    call = WebhookCall(in_process(app), WEBHOOK)
    logged()
    call.dial()
    call.press("5")
    assert call.press(WRONG).heard.startswith(APOLOGY)
    call.press("5")
    assert call.finish_verb({"SpeechResult": WORD, "Confidence": "0.9"}).state == "secret"
    call.send(WEBHOOK, pressed(PIN), signature="forged")
    call.send(f"{WEBHOOK}?x=1", pressed(PIN), signature="forged", method="GET")
    call.send(FALLBACK, {"ErrorCode": "11200", "ErrorUrl": f"{WEBHOOK}?Digits={PIN}"})
    restore = damage_store(app)
    call.send(WEBHOOK, pressed(PIN))
    restore()
    assert call.send(WEBHOOK, pressed(PIN)).state == "inside"
    stored = b"".join(file.read_bytes() for file in session_file.parent.glob(f"{session_file.name}*"))

    gone = WebhookCall(in_process(app), WEBHOOK)
    gone.dial()
    gone.press("5")
    gone.send(WEBHOOK, pressed(PIN), status="completed")
    gone.send(WEBHOOK, pressed(PIN), status="completed")

    sessions_of(app).close()
    stored += b"".join(file.read_bytes() for file in session_file.parent.glob(f"{session_file.name}*"))
    text = "\n".join(logged())
    observed = repr(recorder.events) + repr(recorder.calls)
    assert seen == [WRONG, WORD, PIN]
    assert "ValueError (its message is hidden, because the input was secret)" in text
    assert ("left", "secret", "(secret)") in recorder.events
    assert call.sid.encode() in stored
    for secret in (PIN, WRONG, WORD):
        assert secret.encode() not in stored
        assert secret not in text
        assert secret.replace(" ", "+") not in text
        assert secret not in observed


# Random requests.

PAGES = ["", "", "", "?again=1", "?again=2", "?again=x&again", "/status", "/fallback", "?Digits=1"]
RESULT_FORMS = st.sampled_from([*VERB_RESULTS.values(), *(pressed(key) for key in "1234567890*#"), {}])
ODD_FORMS = st.dictionaries(
    st.sampled_from(["Digits", "SpeechResult", "DialCallStatus", "QueueResult", "Result", "ErrorUrl", "Confidence"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    max_size=3,
)
#: The names of calls with a valid CallSid.
VALID_SIDS = ("a", "b")
REQUESTS = st.fixed_dictionaries(
    {
        "page": st.sampled_from(PAGES),
        "form": RESULT_FORMS | ODD_FORMS,
        "sid": st.sampled_from(["a", "a", "a", "b", "", "\x00'\""]),
        "status": st.sampled_from(["in-progress", "in-progress", "in-progress", "ringing", "completed", "odd", ""]),
        "token": st.sampled_from(["a", "b", None, "", ""]),
        "method": st.sampled_from(["POST", "POST", "GET"]),
        "signature": st.sampled_from([None, None, None, None, "forged"]),
    }
)


@pytest.fixture
def app_with_all_states(make_app):
    """Return an app with states of many sorts, for many examples."""
    more = {
        "pin": State(ask("PIN?"), leads_to(HOME, SAME)(lambda call: SAME if "1" in call.digits else HOME), secret=True),
        "broken": State(fail, HOME, options=MenuOption("4", "trouble")),
        "queue": State(ask("Speak.", input="speech"), Routes({"no-match": "pin"}), options=MenuOption("5", "talk")),
    }
    return make_app({**SHOP, **more}, max_turns=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(REQUESTS, max_size=14))
def test_every_sequence_of_requests_gets_valid_responses(app_with_all_states, requests):
    """No sequence of requests gets a server error or invalid XML."""
    calls = {}
    for request in requests:
        page, sid = request["page"], request["sid"]
        call = calls.setdefault(sid, WebhookCall(in_process(app_with_all_states), WEBHOOK))
        call.sid = call.sid if sid in VALID_SIDS else sid
        answer = call.send(
            f"{WEBHOOK}{page}",
            request["form"],
            status=request["status"],
            method=request["method"],
            token=request["token"],
            signature=request["signature"],
        )
        assert (
            answer.status == 403
            if request["signature"]
            else 400
            if sid not in VALID_SIDS
            else answer.status in (200, 204)
        )
        assert answer.status != 204 or page == "/status"
        if answer.status == 200:
            assert answer.root.tag == "Response"
            assert answer.headers["Content-Type"] == XML
            assert b"kaboom" not in answer.body


@pytest.mark.parametrize(
    "sid", ["CA1", f"CA{'1' * 31}", f"CA{'1' * 33}", f"AC{'1' * 32}", f"CA{'g' * 32}", f"CA{'1' * 31}\n", "CA\n2026 x"]
)
@pytest.mark.parametrize("page", ["", "/status", "/fallback", "/whisper", "/wait"])
def test_a_call_sid_must_be_one_of_twilio(new_call, logged, sid, page):
    """Outside of dev mode, a signed request with another CallSid than Twilio's is refused, and logged in one line."""
    call = new_call(dev=False)
    logged()
    answer = call.send(f"{WEBHOOK}{page}", {"CallSid": sid})
    problem = f"CallSid must be CA and 32 hexadecimal digits, not {sid!r}"
    assert (answer.status, answer.body.decode()) == (400, f"{problem}\n")
    assert logged() == [
        f"WARNING 400 POST /webhook{page} from an unknown address: {problem}: use this URL for Twilio only"
    ]


def test_a_call_sid_may_be_short_in_dev_mode(new_call):
    """In dev mode, a CallSid of printable characters is accepted, and in production a CallSid in capitals."""
    assert new_call(dev=True, sid="CA1").dial().status == 200
    answer = new_call(dev=True, sid="CA1").send(WEBHOOK, {"CallSid": "CA1\nforged"})
    assert (answer.status, answer.body) == (400, b"CallSid must be printable, not 'CA1\\nforged'\n")
    assert new_call(dev=False, sid=f"CA{'AF' * 16}").dial().status == 200
