"""The dispatcher: lost races, failing stores, expired sessions, and the order of hooks."""

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import SHOP, RecordingPlugin, TreePlugin
from tests.web.webhook_calls import SID, TOKEN, VERB_RESULTS, WebhookCall, in_process, sign, twilio_params

from ivrkit import MenuOption, Routes, State, ask, leads_to

STATUS = f"{WEBHOOK}/status"
NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response />'


@pytest.fixture
def sql(session_file):
    """Return a function that runs SQL on the session file, from outside the host."""

    def run(statement):
        with closing(sqlite3.connect(session_file)) as file, file:
            return file.execute(statement).fetchall()

    return run


def lose_saves(times):
    """Return SQL for a trigger that ignores the next saves of a session, as if other requests had saved first."""
    return f"""CREATE TRIGGER lose BEFORE UPDATE ON sessions WHEN (SELECT count(*) FROM lost) < {times}
        BEGIN INSERT INTO lost VALUES (1); SELECT RAISE(IGNORE); END"""


@pytest.mark.parametrize("times", [1, 3, 49])
def test_a_webhook_that_lost_a_race_is_answered_again(new_call, sql, times):
    """A webhook that finds the session changed reads it again, answers, and notifies the plugins once."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    sql("CREATE TABLE lost (one)")
    sql(lose_saves(times))
    recorder.events.clear()
    assert call.press("2").state == "message"
    assert recorder.events == [("left", "menu", "2"), ("entered", "message")]
    assert sql("SELECT count(*) FROM lost") == [(times,)]


def test_a_status_callback_that_lost_a_race_is_recorded(new_call, sql):
    """A status callback that finds the session changed ends the call, and notifies the plugins once."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    sql("CREATE TABLE lost (one)")
    sql(lose_saves(2))
    recorder.events.clear()
    assert call.send(STATUS, status="completed").status == 204
    assert recorder.events == [("ended", "completed")]


@pytest.mark.parametrize("url", [STATUS, WEBHOOK])
def test_a_call_without_a_store_ends_once(make_app, url):
    """Without a session store, a status callback sets a cookie, so that a late webhook does not end the call again."""
    recorder = RecordingPlugin(SHOP)
    client = make_app(tree=recorder, session_url="cookie:").test_client()

    def send(url, status, **more):
        params = twilio_params(SID, status, **more)
        return client.post(url, data=params, headers={"X-Twilio-Signature": sign(url, params.items(), TOKEN)})

    send(WEBHOOK, "ringing")
    recorder.events.clear()
    for _ in range(2):
        send(url, "completed", CallbackSource="call-progress-events")
    assert send(WEBHOOK, "completed").data == NOTHING
    assert recorder.events == [("ended", "completed")]


def test_a_store_that_ignores_saves_is_an_error(new_call, sql, logged):
    """After 50 lost races the caller hears an apology, and the log names the store as the problem."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    sql("CREATE TABLE lost (one)")
    sql(lose_saves(1000))
    recorder.events.clear()
    logged()
    assert call.press("2").verbs == ["Say", "Pause", "Redirect"]
    assert call.send(STATUS, status="completed").status == 204
    assert sql("SELECT count(*) FROM lost") == [(100,)]
    assert recorder.events == []
    answer, status = logged()
    assert answer.startswith(f"ERROR call {call.sid} could not be answered\nTraceback")
    assert status.startswith(f"ERROR the end of call {call.sid} could not be saved\nTraceback")
    for message in (answer, status):
        assert message.endswith(
            f"ivrkit.errors.SessionError: call {call.sid}: another request saved the session first, "
            "50 times in a row\n"
            "  hint: check the session store: it does not return the sessions that are saved in it"
        )


def test_a_failing_save_does_not_interrupt_the_call(new_call, sql, logged):
    """A call whose session can be read but not saved goes on; without a cookie it continues from the stored session."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    sql("CREATE TRIGGER full BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    recorder.events.clear()
    logged()
    assert call.press("2").heard == "Speak after the tone."
    assert recorder.events == [("left", "menu", "2"), ("entered", "message")]
    (message,) = logged()
    assert message.startswith(f"ERROR call {call.sid}: the session store could not be written\n")
    assert "the disk is full" in message
    sql("DROP TRIGGER full")
    assert call.press("0").state == "operator"


# Time.

MONDAY = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("UTC"))


def test_call_now_is_in_the_configured_time_zone(new_call):
    """``call.now`` is the time of the webhook in the time zone of the settings."""
    state = State(lambda call: ask(call.now.strftime("%A %H:%M %Z")), Routes({"1": "clock"}))
    call = new_call(tree={"clock": state}, start="clock", timezone="Europe/Vienna")
    with time_machine.travel(MONDAY, tick=False) as clock:
        assert call.dial().heard == "Monday 13:00 CET"
        clock.shift(timedelta(hours=11))
        assert call.press("1").heard == "Tuesday 00:00 CET"


def test_a_session_is_kept_for_session_hours_after_the_last_webhook(make_app, sql):
    """The session of an ended call is kept for ``session_hours``; then the webhook of another call removes it."""
    app = make_app(session_hours=25)
    with time_machine.travel(MONDAY, tick=False) as clock:
        old = WebhookCall(in_process(app), WEBHOOK)
        old.dial()
        clock.shift(timedelta(hours=20))
        old.send(STATUS, status="completed")
        clock.shift(timedelta(hours=24, minutes=59))
        WebhookCall(in_process(app), WEBHOOK).dial()
        assert old.send(WEBHOOK, token="late").body == NOTHING
        clock.shift(timedelta(hours=25, minutes=1))
        new = WebhookCall(in_process(app), WEBHOOK)
        new.dial()
        assert sql("SELECT sid FROM sessions") == [(new.sid,)]
        assert sql("SELECT expires FROM sessions") == [(clock_seconds() + 25 * 3600,)]


def clock_seconds():
    """Return the time of the frozen clock, in seconds since 1970."""
    return datetime.now(ZoneInfo("UTC")).timestamp()


def test_expired_sessions_are_removed_every_ten_minutes(make_app, sql):
    """Expired sessions are removed at the first webhook, and then at the first webhook after ten minutes."""
    app = make_app(session_hours=1)
    with time_machine.travel(MONDAY, tick=False) as clock:
        first = WebhookCall(in_process(app), WEBHOOK)
        first.dial()
        clock.shift(timedelta(minutes=55))
        WebhookCall(in_process(app), WEBHOOK).dial()
        clock.shift(timedelta(minutes=9, seconds=59))
        WebhookCall(in_process(app), WEBHOOK).dial()
        assert sql("SELECT count(*) FROM sessions") == [(3,)]
        clock.shift(timedelta(seconds=1))
        WebhookCall(in_process(app), WEBHOOK).dial()
        assert sql("SELECT count(*) FROM sessions") == [(3,)]
        assert sql(f"SELECT count(*) FROM sessions WHERE sid = '{first.sid}'") == [(0,)]


def test_a_failing_removal_does_not_interrupt_the_call(make_app, sql, logged):
    """If expired sessions cannot be removed, the error is logged, the caller is answered, and it is tried later."""
    app = make_app(dev=True)
    with time_machine.travel(MONDAY, tick=False) as clock:
        WebhookCall(in_process(app), WEBHOOK).dial()
        sql("CREATE TRIGGER locked BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'the table is locked'); END")
        clock.shift(timedelta(hours=26))
        logged()
        call = WebhookCall(in_process(app), WEBHOOK)
        assert call.dial().state == "menu"
        assert call.press("2").state == "message"
        (message,) = logged()
        assert message.startswith("ERROR expired sessions could not be removed\nTraceback")
        assert "the table is locked" in message
        sql("DROP TRIGGER locked")
        clock.shift(timedelta(minutes=10))
        call.finish_verb(VERB_RESULTS["Record", "recorded"])
        assert sql("SELECT sid FROM sessions") == [(call.sid,)]
        assert logged() == []


# Observing hooks.


def test_hooks_are_called_in_the_order_of_events(new_call):
    """The observing hooks are called once per event of a webhook, in the order of the events."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    assert recorder.events == [("started",), ("entered", "greeting"), ("left", "greeting", None), ("entered", "menu")]
    recorder.events.clear()
    call.press("1")
    assert recorder.events == [
        ("left", "menu", "1"),
        ("entered", "news"),
        ("left", "news", None),
        ("entered", "menu"),
    ]
    recorder.events.clear()
    call.press("2")
    call.finish_verb(VERB_RESULTS["Record", "recorded"])
    assert recorder.events == [
        ("left", "menu", "2"),
        ("entered", "message"),
        ("left", "message", "recorded"),
        ("ended", "finished"),
    ]
    assert {each.sid for each in recorder.calls} == {call.sid}


def test_hooks_are_called_after_the_session_is_saved(make_app, sql):
    """A hook that reads the session store finds the turn that it was called for."""
    found = []

    class StoreReader(RecordingPlugin):
        def _record(self, call, *what):
            found.extend(sql(f"SELECT turn FROM sessions WHERE sid = '{call.sid}'"))

    call = WebhookCall(in_process(make_app(StoreReader(SHOP))), WEBHOOK)
    call.dial()
    call.press("9")
    assert found == [(1,)] * 4 + [(2,)] * 2


def test_a_plugin_is_notified_of_its_own_hooks_only(new_call):
    """A plugin that implements one observing hook is notified of that event only."""
    members = {"ivrkit_call_ended": RecordingPlugin.ivrkit_call_ended, "_record": RecordingPlugin._record}
    plugin_class = type("OneHook", (TreePlugin,), members)
    plugin = plugin_class(SHOP)
    plugin.events, plugin.calls = [], []
    call = new_call(tree=plugin)
    call.dial()
    call.press("2")
    call.finish_verb(VERB_RESULTS["Record", "recorded"])
    assert plugin.events == [("ended", "finished")]


def test_the_hash_of_a_request_depends_on_the_token(make_app, sql):
    """The stored hash of a request is keyed with the auth token, and is the same in every process."""
    hashes = []
    form = twilio_params(SID, "ringing")
    for token in (TOKEN, TOKEN, "another"):
        headers = {"X-Twilio-Signature": sign(WEBHOOK, form.items(), token)}
        client = make_app(RecordingPlugin(SHOP), auth_token=token).test_client()
        assert (
            client.post("/webhook", base_url="https://ivr.example.com", data=form, headers=headers).status_code == 200
        )
        hashes += [json.loads(body)["responses"][0][2] for (body,) in sql("SELECT body FROM sessions")]
        sql("DELETE FROM sessions")
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 32


def test_a_call_knows_its_path_and_its_start(new_call):
    """Handlers and hooks read the states and outcomes so far, and the time of the first webhook of the call."""
    seen = []

    def look(call):
        seen.append(("enter", call.path, call.started))
        return ask("Look?")

    @leads_to("news")
    def go(call):
        seen.append(("exit", call.path, call.started))
        return "news"

    class Plugin(RecordingPlugin):
        def _record(self, call, *what):
            seen.append((*what, call.path, call.started))

    before = datetime.now(UTC)
    call = new_call(tree=Plugin({**SHOP, "look": State(look, go, options=MenuOption("8", "a look"))}))
    call.dial()
    call.press("8")
    seen.clear()
    call.press("1")
    came = (("greeting", None), ("menu", "8"), ("look", "1"))
    went = (*came, ("news", None), ("menu", None))
    started = seen[0][-1]
    assert seen == [
        ("exit", came, started),
        ("left", "look", "1", went, started),
        ("entered", "news", went, started),
        ("left", "news", None, went, started),
        ("entered", "menu", went, started),
    ]
    assert before <= started <= datetime.now(UTC)
    assert started.utcoffset() is not None


def test_the_path_hides_secret_input(new_call):
    """The path has no input of a secret state, and a handler cannot change the path."""
    seen = []

    def look(call):
        seen.append(call.path)
        return "Right."

    pin = State(ask("Your PIN?"), Routes({"1234": "look"}), options=MenuOption("7", "a PIN"), secret=True)
    call = new_call(tree={"pin": pin, "look": State(look, "menu")})
    call.dial()
    call.press("7")
    call.press("1234")
    assert seen == [(("greeting", None), ("menu", "7"), ("pin", "(secret)"))]
    call.press("7")
    call.press("1234")
    assert seen[1][3:] == (("look", None), ("menu", "7"), ("pin", "(secret)"))
