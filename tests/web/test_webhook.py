"""The pages that Twilio asks: what each answers, whatever comes in, and whatever fails behind it."""

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
    VERB_RESULTS,
    XML,
    WebhookCall,
    in_process,
    new_sid,
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
    """A number may be configured with either method; the answer is the same document."""
    got = new_call().send(WEBHOOK, method="GET")
    posted = new_call().send(WEBHOOK, method="POST")
    assert got.status == posted.status == 200
    assert got.body == posted.body
    assert got.root.find("Gather").get("action") == "webhook#rc=1&rp=ct"


def test_with_get_a_call_goes_on(new_call):
    """The parameters of a form are read from the query when the method is GET."""
    call = new_call()
    call.send(WEBHOOK, method="GET")
    assert call.send(WEBHOOK, pressed("2"), method="GET").state == "message"


@pytest.mark.parametrize("path", ["webhook", "webhook/status", "webhook/fallback"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_request_without_a_call_is_refused(new_call, path, method):
    """What names no call gets 400, which says when Twilio asks here."""
    call = new_call(sid="")
    call.sid = ""
    answer = call.send(f"https://ivr.example.com/{path}", method=method)
    assert (answer.status, answer.body) == (400, b"CallSid is missing: this URL answers Twilio's voice webhooks.\n")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_other_methods_and_pages_are_no_answers(new_call, make_app):
    """What Twilio never sends is refused by the web server's own rules, without a document."""
    send = in_process(make_app())
    assert {send(method, WEBHOOK, b"", {}).status for method in ("PUT", "DELETE", "PATCH")} == {405}
    assert {send("POST", f"{WEBHOOK}{path}", b"", {}).status for path in ("/", "/other", "s")} == {404}
    assert send("POST", "https://ivr.example.com/healthz", b"", {}).status == 405


def test_a_webhook_that_is_far_too_long_is_not_read(make_app):
    """No form of Twilio's has so many bytes; it is refused before anything is made of it."""
    send, head = in_process(make_app()), {"Content-Type": "application/x-www-form-urlencoded"}
    body = urlencode({**twilio_params("CA1"), "SpeechResult": "x" * 200_000})
    assert send("POST", WEBHOOK, body.encode(), head).status == 403
    assert send("POST", WEBHOOK, f"{body}{'x' * 56_000}".encode(), head).status == 413


def test_dev_answers_name_state_and_owner(new_call):
    """With ``dev``, an answer's headers say which state of which plugin it is from; without, they do not."""
    call = new_call(dev=True)
    answer = call.dial()
    assert answer.headers["Ivrkit-State"] == "menu"
    assert answer.headers["Ivrkit-Owner"] == f"ivrkit {version('ivrkit')}"
    assert call.press("2").headers["Ivrkit-Owner"] == "shop"
    answer = new_call(dev=False).dial()
    assert [name for name in dict(answer.headers) if "ivrkit" in name.lower()] == []


def test_the_cookie_of_another_call_is_not_used(make_app):
    """A call is known by its CallSid: what another call of the same caller left behind is nothing to it."""
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


def test_two_calls_at_once_do_not_meet(make_app):
    """Each call has its own session, however their webhooks come between one another."""
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
    """The status callback of a call that is over ends it, is told once, and gets nothing to say."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    watcher.events.clear()
    for _ in range(2):
        answer = call.send(STATUS, {"CallDuration": "7"}, status=status)
        assert (answer.status, answer.body) == (204, b"")
    assert watcher.events == [("ended", status)]
    late = call.send(WEBHOOK, pressed("2"))
    assert (late.status, late.body, late.headers["Content-Type"]) == (200, NOTHING, XML)
    assert watcher.events[1:] == [("left", "menu", "2")]


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress", "answered", "", "Completed"])
def test_another_status_ends_nothing(new_call, status):
    """Status callbacks that come on the way are taken without effect."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    watcher.events.clear()
    assert call.send(STATUS, status=status).status == 204
    assert watcher.events == []
    assert call.press("2").state == "message"


def test_a_recording_that_comes_after_the_end_is_still_taken(new_call):
    """Twilio sends status and verb action in any order: the recording is told, once, and the caller hears nothing."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    call.press("2")
    watcher.events.clear()
    assert call.send(STATUS, status="completed").status == 204
    recorded = {**VERB_RESULTS["Record", "recorded"], "Digits": "hangup"}
    for _ in range(2):
        assert call.send(WEBHOOK, recorded, status="completed").body == NOTHING
    assert watcher.events == [("ended", "completed"), ("left", "message", "recorded")]
    assert watcher.calls[-1].params["RecordingUrl"] == recorded["RecordingUrl"]


def test_a_recording_of_a_caller_who_is_gone_ends_the_call(new_call):
    """The action of a Record whose caller hung up is kept before the call ends; its status callback adds nothing."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    call.press("2")
    watcher.events.clear()
    assert call.send(WEBHOOK, VERB_RESULTS["Record", "recorded"], status="completed").body == NOTHING
    assert call.send(STATUS, status="completed").status == 204
    assert watcher.events == [("left", "message", "recorded"), ("ended", "completed")]


def test_after_the_flow_ended_a_call_late_webhooks_start_no_new_one(new_call):
    """A call that said goodbye stays ended: whatever still comes of it is answered with nothing."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    call.press("2")
    assert call.finish_verb(VERB_RESULTS["Record", "recorded"]).verbs == ["Say", "Hangup"]
    told = list(watcher.events)
    assert told[-1] == ("ended", "finished")
    for more in ({}, pressed("2"), VERB_RESULTS["Dial", "busy"]):
        assert call.send(WEBHOOK, more).body == NOTHING
    assert call.send(STATUS, status="completed").status == 204
    assert watcher.events == told


def test_a_call_that_never_came_here_is_ended_silently(new_call):
    """A status callback for an unknown call is kept, so that a late first webhook starts nothing; no hook is told."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    assert call.send(STATUS, status="no-answer").status == 204
    answer = call.send(WEBHOOK, status="ringing", token="one")
    assert (answer.body, answer.state) == (NOTHING, None)
    assert call.send(WEBHOOK, status="ringing", token="one").body == NOTHING
    assert watcher.events == []


# Requests that come twice.


def test_a_repeated_token_gets_the_same_bytes(new_call):
    """A retry is known by its token, up to eight webhooks later, and moves nothing."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    first = call.send(WEBHOOK, token="first")
    pressed_nine = call.send(WEBHOOK, pressed("9"), token="nine")
    told = list(watcher.events)
    for _ in range(3):
        again = call.send(WEBHOOK, pressed("9"), token="nine")
        assert (again.status, again.body, again.headers["Content-Type"]) == (200, pressed_nine.body, XML)
        assert again.state == "menu"
    assert watcher.events == told
    for number in range(6):
        call.send(WEBHOOK, pressed("9"), token=f"{number}")
    assert call.send(WEBHOOK, token="first").body == first.body != pressed_nine.body
    call.send(WEBHOOK, pressed("9"), token="one more")
    told = list(watcher.events)
    assert call.send(WEBHOOK, pressed("2"), token="first").state == "message"
    assert len(watcher.events) > len(told)


def test_a_token_belongs_to_one_call(make_app):
    """The same token in another call is another request."""
    app = make_app(dev=True)
    one, two = (WebhookCall(in_process(app), WEBHOOK) for _ in range(2))
    assert one.send(WEBHOOK, token="same").state == "menu"
    one.send(WEBHOOK, pressed("2"), token="other")
    assert two.send(WEBHOOK, token="same").state == "menu"
    assert two.send(WEBHOOK, pressed("0"), token="other").state == "operator"


def test_a_new_token_is_a_new_webhook(new_call):
    """The same input with another token, or with none, is the caller's next key."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    watcher.events.clear()
    for token in ("one", "two", None, None):
        call.send(WEBHOOK, pressed("9"), token=token)
    assert watcher.events == [("left", "menu", "9"), ("entered", "menu")] * 4


class Meeting:
    """Lets two runs of a handler meet, so that both have read the session before either saves it."""

    def __init__(self):
        self.barrier = threading.Barrier(2)
        self.keys = []

    def __call__(self, call):
        """Enter the state: note the key, wait for the other."""
        self.keys.append(call.turn_key)
        with suppress(threading.BrokenBarrierError):
            self.barrier.wait(10)
            self.barrier.abort()  # who comes later has nobody to wait for
        return ask("We met.")


@pytest.mark.parametrize("token", ["the-token", None])
@pytest.mark.parametrize("first", [False, True], ids=["later webhook", "first webhook"])
def test_two_copies_at_once_are_one_transition(make_app, token, first):
    """Two copies of one webhook at the same moment: one turn, one answer, and one key for the handlers' own effects."""
    meeting = Meeting()
    state = State(meeting, Routes({"1": SAME}), options=MenuOption("3", "meeting"))
    watcher = RecordingPlugin({"meeting": state})
    app = make_app(watcher, dev=True, start="meeting" if first else "greeting")
    with serving(app, sessions_of(app)) as base:
        call = WebhookCall(over_http, f"{base}/webhook")
        if not first:
            call.dial()
        watcher.events.clear()
        with ThreadPoolExecutor(2) as pool:
            copies = [pool.submit(call.send, call.webhook, pressed("3"), token=token) for _ in range(2)]
            answers = [copy.result() for copy in copies]
        assert [answer.status for answer in answers] == [200, 200]
        assert answers[0].body == answers[1].body
        assert answers[0].heard == "We met."
        assert meeting.keys == [f"{call.sid}:{1 if first else 2}"] * 2
        assert watcher.events == [("started",) if first else ("left", "menu", "3"), ("entered", "meeting")]
        assert call.send(call.webhook, pressed("1"), token="next").state == "meeting"
    assert meeting.keys[2] == f"{call.sid}:{2 if first else 3}"


def test_two_different_webhooks_at_once_are_two_turns(make_app):
    """The loser of a race with another webhook is answered from where the winner left the call."""
    meeting = Meeting()
    watcher = RecordingPlugin({"meeting": State(meeting, Routes({"1": SAME, "2": SAME}))})
    app = make_app(watcher, start="meeting")
    with serving(app, sessions_of(app)) as base:
        call = WebhookCall(over_http, f"{base}/webhook")
        meeting.barrier.abort()
        call.dial()
        meeting.barrier.reset()
        meeting.keys.clear()
        watcher.events.clear()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda key: call.send(call.webhook, pressed(key), token=key), "12"))
    assert sorted(meeting.keys) == [f"{call.sid}:2", f"{call.sid}:2", f"{call.sid}:3"]
    assert sorted(outcome for what, *_, outcome in watcher.events if what == "left") == ["1", "2"]


def test_many_copies_of_a_final_status_end_the_call_once(make_app):
    """However many status callbacks come at once, ``ended`` is told once."""
    watcher = RecordingPlugin(SHOP)
    app = make_app(watcher)
    with serving(app, sessions_of(app)) as base:
        call = WebhookCall(over_http, f"{base}/webhook")
        call.dial()
        with ThreadPoolExecutor(6) as pool:
            copies = [pool.submit(call.send, f"{call.webhook}/status", status="completed") for _ in range(6)]
            assert {copy.result().status for copy in copies} == {204}
    assert watcher.events.count(("ended", "completed")) == 1


# A store that fails.


@pytest.fixture
def garbage(session_file):
    """Turn the session file into garbage: ``garbage(app)`` returns what undoes it."""

    def damage(app):
        sessions_of(app).close()
        kept = session_file.read_bytes()
        session_file.write_bytes(b"this is no database, whatever it was " * 400)

        def mend():
            sessions_of(app).close()
            session_file.write_bytes(kept)

        return mend

    return damage


def test_a_store_that_fails_is_an_apology_and_then_goodbye(make_app, garbage, logged):
    """While calls cannot be kept, a caller hears an apology and is asked again, twice, and then is let go."""
    app = make_app(dev=True)
    call = WebhookCall(in_process(app), WEBHOOK)
    call.dial()
    garbage(app)
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
    for why, told in zip(lines[::2], lines[1::2], strict=True):
        assert why.startswith(f"ERROR call {call.sid}: the session store could not be read\nTraceback")
        assert "SessionError: the session file" in why
        assert "file is not a database" in why
        assert told.startswith(f"ERROR call {call.sid} could not be answered\nTraceback")
        assert f"call {call.sid} has no session" in told


def test_a_store_that_is_well_again_lets_the_call_go_on(make_app, garbage):
    """After one failure the stored state is entered again; the key that was pressed meanwhile is not counted."""
    app = make_app(dev=True)
    call = WebhookCall(in_process(app), WEBHOOK)
    call.dial()
    mend = garbage(app)
    call.press("7")
    mend()
    assert call.follow_redirect().state == "menu"
    assert call.press("2").state == "message"


def test_after_two_failures_the_way_out_is_taken(make_app, garbage):
    """When the store is well again only at the second attempt, the caller is sent to the operator."""
    app = make_app(dev=True)
    call = WebhookCall(in_process(app), WEBHOOK)
    call.dial()
    mend = garbage(app)
    call.press("2")
    call.follow_redirect()
    mend()
    assert call.follow_redirect().state == "operator"


def test_the_end_of_a_call_that_cannot_be_kept_is_logged(make_app, garbage, logged):
    """A status callback never fails: Twilio could do nothing about it."""
    app = make_app()
    call = WebhookCall(in_process(app), WEBHOOK)
    call.dial()
    mend = garbage(app)
    logged()
    assert call.send(STATUS, status="completed").status == 204
    assert logged()[1].startswith(f"ERROR the end of call {call.sid} could not be saved\nTraceback")
    mend()
    assert call.send(STATUS, status="completed").status == 204
    assert call.send(WEBHOOK).body == NOTHING


@pytest.mark.parametrize("body", ["[]", "{}", "null", "not json", '{"responses": [], "sid": "CA1", "turn": "one"}'])
def test_a_session_that_something_else_wrote_begins_the_call_anew(make_app, session_file, body):
    """What cannot be read as a session is no reason to let a caller go."""
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
def test_a_fallback_without_the_mark_is_the_first(new_call, logged, url, path):
    """Whatever Twilio says failed, the caller is asked again; the log names its path and none of its parameters."""
    call = new_call()
    logged()
    answer = call.send(FALLBACK, {"ErrorCode": "11200", "ErrorUrl": url})
    assert answer.status == 200
    assert answer.root.findtext("Redirect") == "../webhook?again=1#rc=1&rp=ct"
    assert logged() == [f"ERROR call {call.sid}: Twilio requested the fallback after error 11200 at {path}"]


def test_the_fallback_apologises_in_the_language_of_the_call(make_app, garbage, logged):
    """In the flow's own where the store can't tell which that is."""
    app = make_app(dev=True, languages=["es-MX"], numbers={"+15005550006": {"language": "es-MX"}})
    call = WebhookCall(in_process(app), WEBHOOK)
    assert "Para news, marque uno." in call.dial().heard
    asked = {"ErrorCode": "11200", "ErrorUrl": WEBHOOK}
    assert call.send(FALLBACK, asked).heard == "Lo sentimos, algo salió mal."
    garbage(app)
    logged()
    assert call.send(FALLBACK, asked).heard == APOLOGY
    assert logged()[-1].startswith(f"ERROR call {call.sid}: the session store could not be read\nTraceback")


def test_who_did_not_hear_the_last_answer_hears_a_goodbye(new_call):
    """The call is over all the same; a caller who is gone hears nothing."""
    call = new_call(tree={"one": State(ask("One?"), Routes({"1": None}))}, start="one")
    call.dial()
    assert call.press("1").verbs == ["Say", "Hangup"]
    again = call.send(f"{WEBHOOK}?again=1")
    assert (again.heard, again.verbs) == ("Goodbye.", ["Say", "Hangup"])
    assert call.send(f"{WEBHOOK}?again=1", status="completed").body == NOTHING


def test_the_last_mark_counts(new_call):
    """Where a URL carries several marks, the last one is meant."""
    call = new_call()
    answer = call.send(FALLBACK, {"ErrorUrl": f"{WEBHOOK}?again=2&again=1"})
    assert answer.root.findtext("Redirect") == "../webhook?again=2#rc=1&rp=ct"
    assert call.send(FALLBACK, {"ErrorUrl": f"{WEBHOOK}?again=1&again=2"}).verbs == ["Say", "Hangup"]


# The health of the host.


def test_the_host_tells_that_it_is_well(make_app):
    """Without a signature, anybody may ask whether calls can be answered; nothing else is told."""
    app = make_app()
    answer = in_process(app)("GET", "https://ivr.example.com/healthz", b"", {})
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok", "store": "ok"})
    assert answer.headers["Content-Type"] == "application/json"


def test_in_dev_the_host_tells_what_it_is_made_of(make_app):
    """With ``dev``, plugins, states, owners, versions and what was left out are told too."""
    app = make_app({**SHOP, "odd": lambda settings: None}, dev=True, strict=False)
    told = json.loads(in_process(app)("GET", "https://ivr.example.com/healthz", b"", {}).body)
    own = version("ivrkit")
    told["plugins"].pop("acme-states", None)
    assert told == {
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
        "problems": told["problems"],
    }
    assert len(told["problems"]) == 1
    assert told["problems"][0].startswith("plugin shop: 'odd' of its hook ivrkit_register_states gave no state: ")


def test_a_host_that_cannot_read_its_calls_is_not_well(make_app, garbage, logged):
    """It can still answer: a damaged session file is told, and takes no host out of service; mended, it is well."""
    app = make_app()
    send = in_process(app)
    mend = garbage(app)
    logged()
    answer = send("GET", "https://ivr.example.com/healthz", b"", {})
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "degraded", "store": "not ok"})
    assert answer.headers["Content-Type"] == "application/json"
    (told,) = logged()
    assert told.startswith("ERROR the session store cannot be read\nTraceback")
    mend()
    answer = send("GET", "https://ivr.example.com/healthz", b"", {})
    assert json.loads(answer.body) == {"status": "ok", "store": "ok"}


def test_a_host_whose_calls_were_removed_makes_the_file_anew(make_app, session_file):
    """A session file that somebody removed is made again by every thread that opens it."""
    app = make_app()
    sessions_of(app).close()
    session_file.unlink()
    with serving(app, sessions_of(app)) as base:
        assert over_http("GET", f"{base}/healthz", b"", {}).status == 200


# Plugins that fail.


def kaboom(call):
    """Raise what must not be spoken."""
    raise RuntimeError("kaboom")


def leave(call):
    """End the process, if nobody minds."""
    raise SystemExit("kaboom")


@pytest.mark.parametrize("crash", [kaboom, leave])
@pytest.mark.parametrize("where", ["enter", "exit"])
def test_a_state_that_crashes_does_not_hurt_the_caller(new_call, logged, crash, where):
    """The caller hears an apology and is at the menu; what was raised is in the log, with owner and CallSid."""
    state = State(crash, Routes({"1": SAME})) if where == "enter" else State(ask("Press one."), leads_to(HOME)(crash))
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
    (told,) = logged()
    assert told.startswith(f"ERROR state 'broken' of shop failed in call {call.sid}\nTraceback")
    assert told.endswith("RuntimeError: kaboom" if crash is kaboom else "SystemExit: kaboom")
    assert call.press("2").state == "message"


OBSERVERS = ["ivrkit_call_started", "ivrkit_state_entered", "ivrkit_state_left", "ivrkit_call_ended"]


@pytest.mark.parametrize("crash", [kaboom, leave])
@pytest.mark.parametrize("hook", [*OBSERVERS, "ivrkit_edit_response"])
def test_a_hook_that_crashes_does_not_hurt_the_caller(make_app, logged, crash, hook):
    """A hook that fails is logged with owner and CallSid, and the answer is what it would have been without it."""
    kind = type("Crashing", (TreePlugin,), {hook: hookimpl(lambda self, call: crash(call))})
    app, plain = make_app(kind(SHOP)), make_app(SHOP)
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
    for told in lines:
        assert told.startswith(f"ERROR {hook} of shop failed in call {call.sid}\nTraceback")
        assert told.endswith("kaboom")


@pytest.mark.parametrize("crash", [kaboom, leave])
def test_a_hook_that_crashes_over_a_crash_does_not_hurt_the_caller(new_call, logged, crash):
    """When the plugin that decides about a failure fails itself, it counts as no decision."""
    kind = type("Crashing", (TreePlugin,), {"ivrkit_state_failed": hookimpl(lambda self, call: crash(call))})
    call = new_call(tree=kind({**SHOP, "broken": State(kaboom, HOME, options=MenuOption("4", "trouble"))}))
    call.dial()
    logged()
    assert call.press("4").state == "menu"
    first, second = logged()
    assert first.startswith("ERROR state 'broken' of shop failed")
    assert second.startswith(f"ERROR ivrkit_state_failed of shop failed in call {call.sid}\nTraceback")


# Deploys under a live call.


def test_a_state_that_a_deploy_removed_leads_to_the_start_menu(make_app):
    """A caller who waits in a state that is not there any more is at the start menu with the next webhook."""
    watcher = RecordingPlugin({"news": SHOP["news"]})
    before, after = make_app(SHOP), make_app(watcher, dev=True)
    call = WebhookCall(in_process(before), WEBHOOK)
    call.dial()
    call.press("2")
    moved = WebhookCall(in_process(after), WEBHOOK, sid=call.sid)
    answer = moved.request_document(WEBHOOK, VERB_RESULTS["Record", "recorded"])
    assert answer.state == "menu"
    assert answer.heard == "For news, press one. To hear this again, press nine."
    assert watcher.events == [("entered", "menu")]


def test_exits_that_a_deploy_changed_are_read_out_before_a_key_counts(make_app):
    """A key pressed to the old prompt is not taken for the new one's: the menu is read again first."""
    watcher = RecordingPlugin({"news": SHOP["message"], "message": SHOP["news"]})
    before, after = make_app(SHOP), make_app(watcher, dev=True)
    call = WebhookCall(in_process(before), WEBHOOK)
    call.dial()
    moved = WebhookCall(in_process(after), WEBHOOK, sid=call.sid)
    answer = moved.request_document(WEBHOOK, pressed("2"))
    assert answer.state == "menu"
    assert answer.heard.startswith("For news, press one. For a message, press two.")
    assert ("entered", "news") not in watcher.events
    assert moved.press("2").heard.startswith("Speak after the tone.")


def test_a_repeated_token_after_a_deploy_gets_the_old_answer(make_app):
    """A retry is answered with the bytes it already got, even when their state is gone by now."""
    before, after = make_app(SHOP), make_app({}, dev=True)
    call = WebhookCall(in_process(before), WEBHOOK)
    call.dial()
    answer = call.send(WEBHOOK, pressed("2"), token="one")
    again = WebhookCall(in_process(after), WEBHOOK, sid=call.sid).send(WEBHOOK, pressed("2"), token="one")
    assert again.body == answer.body
    assert again.state is None


# What is secret.

PIN, WRONG, WORD = "8294055173", "7390528461", "open xylophone"


def test_what_is_pressed_in_a_secret_state_is_kept_nowhere(make_app, session_file, garbage, logged):
    """The digits and words of a secret state reach its own exit, and no log, file or watching plugin."""
    seen = []

    @leads_to("inside", SAME)
    def check(call):
        seen.append(call.digits or call.speech)
        if call.digits == WRONG:
            raise ValueError(f"{call.digits} is not the number, and {call.params['Digits']} was pressed")
        return "inside" if call.digits == PIN else SAME

    question = ask("Your number?", num_digits=10, input="dtmf speech")
    watcher = RecordingPlugin(
        {
            "secret": State(question, check, secret=True, options=MenuOption("5", "members")),
            "inside": State(["Come in.", Record()], Routes({"recorded": None})),
        }
    )
    app = make_app(watcher, dev=True)
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
    mend = garbage(app)
    call.send(WEBHOOK, pressed(PIN))
    mend()
    assert call.send(WEBHOOK, pressed(PIN)).state == "inside"
    kept = b"".join(file.read_bytes() for file in session_file.parent.glob(f"{session_file.name}*"))

    gone = WebhookCall(in_process(app), WEBHOOK)
    gone.dial()
    gone.press("5")
    gone.send(WEBHOOK, pressed(PIN), status="completed")
    gone.send(WEBHOOK, pressed(PIN), status="completed")

    sessions_of(app).close()
    kept += b"".join(file.read_bytes() for file in session_file.parent.glob(f"{session_file.name}*"))
    text = "\n".join(logged())
    told = repr(watcher.events) + repr(watcher.calls)
    assert seen == [WRONG, WORD, PIN]
    assert "ValueError, and what it says is hidden: the input was secret" in text
    assert ("left", "secret", "(secret)") in watcher.events
    assert call.sid.encode() in kept
    for secret in (PIN, WRONG, WORD):
        assert secret.encode() not in kept
        assert secret not in text
        assert secret.replace(" ", "+") not in text
        assert secret not in told


# Anything at all.

PAGES = ["", "", "", "?again=1", "?again=2", "?again=x&again", "/status", "/fallback", "?Digits=1"]
RESULT_FORMS = st.sampled_from([*VERB_RESULTS.values(), *(pressed(key) for key in "1234567890*#"), {}])
ODD_FORMS = st.dictionaries(
    st.sampled_from(["Digits", "SpeechResult", "DialCallStatus", "QueueResult", "Result", "ErrorUrl", "Confidence"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    max_size=3,
)
REQUESTS = st.fixed_dictionaries(
    {
        "page": st.sampled_from(PAGES),
        "form": RESULT_FORMS | ODD_FORMS,
        "sid": st.sampled_from(["CAa", "CAa", "CAa", "CAb", "", "\x00'\""]),
        "status": st.sampled_from(["in-progress", "in-progress", "in-progress", "ringing", "completed", "odd", ""]),
        "token": st.sampled_from(["a", "b", None, "", ""]),
        "method": st.sampled_from(["POST", "POST", "GET"]),
        "signature": st.sampled_from([None, None, None, None, "forged"]),
    }
)


@pytest.fixture
def everything(make_app):
    """An app with a state of every kind, for many examples."""
    more = {
        "pin": State(ask("PIN?"), leads_to(HOME, SAME)(lambda call: SAME if "1" in call.digits else HOME), secret=True),
        "broken": State(kaboom, HOME, options=MenuOption("4", "trouble")),
        "queue": State(ask("Speak.", input="speech"), Routes({"no-match": "pin"}), options=MenuOption("5", "talk")),
    }
    return make_app({**SHOP, **more}, max_turns=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=st.lists(REQUESTS, max_size=14))
def test_whatever_comes_the_answer_is_one_that_twilio_can_use(everything, requests):
    """No row of requests, in whatever order and however odd, is answered with a problem of the server or broken XML."""
    calls = {}
    for request in requests:
        page, sid = request["page"], request["sid"]
        call = calls.setdefault(
            sid, WebhookCall(in_process(everything), WEBHOOK, sid=f"{sid}{new_sid()}" if sid else "x")
        )
        call.sid = call.sid if sid else ""
        answer = call.send(
            f"{WEBHOOK}{page}",
            request["form"],
            status=request["status"],
            method=request["method"],
            token=request["token"],
            signature=request["signature"],
        )
        assert answer.status == 403 if request["signature"] else 400 if not sid else answer.status in (200, 204)
        assert answer.status != 204 or page == "/status"
        if answer.status == 200:
            assert answer.root.tag == "Response"
            assert answer.headers["Content-Type"] == XML
            assert b"kaboom" not in answer.body
