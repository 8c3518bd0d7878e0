"""The way of one webhook where a store loses, forgets or refuses, and where the clock decides."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import SHOP, RecordingPlugin, TreePlugin
from tests.web.webhook_calls import TOKEN, VERB_RESULTS, WebhookCall, in_process, sign, twilio_params

from ivrkit import Routes, State, ask

STATUS = f"{WEBHOOK}/status"
NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response />'


@pytest.fixture
def sql(session_file):
    """Run SQL on the session file, from outside."""

    def run(statement):
        with closing(sqlite3.connect(session_file)) as file, file:
            return file.execute(statement).fetchall()

    return run


def losing(times):
    """Return a trigger that lets the next saves of a session come to nothing, as if others had been first."""
    return f"""CREATE TRIGGER lose BEFORE UPDATE ON sessions WHEN (SELECT count(*) FROM lost) < {times}
        BEGIN INSERT INTO lost VALUES (1); SELECT RAISE(IGNORE); END"""


@pytest.mark.parametrize("times", [1, 3, 49])
def test_a_lost_race_is_run_again(new_call, sql, times):
    """A webhook whose save comes too late reads the session again and is answered all the same, and told once."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    sql("CREATE TABLE lost (one)")
    sql(losing(times))
    watcher.events.clear()
    assert call.press("2").state == "message"
    assert watcher.events == [("left", "menu", "2"), ("entered", "message")]
    assert sql("SELECT count(*) FROM lost") == [(times,)]


def test_a_lost_race_of_a_status_is_run_again(new_call, sql):
    """The end of a call is kept too when another webhook was faster, and told once."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    sql("CREATE TABLE lost (one)")
    sql(losing(2))
    watcher.events.clear()
    assert call.send(STATUS, status="completed").status == 204
    assert watcher.events == [("ended", "completed")]


def test_a_race_that_is_lost_for_ever_is_a_fault_of_the_store(new_call, sql, logged):
    """A store that keeps nothing is noticed after fifty attempts: the caller hears an apology, the log the mend."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    sql("CREATE TABLE lost (one)")
    sql(losing(1000))
    watcher.events.clear()
    logged()
    assert call.press("2").verbs == ["Say", "Pause", "Redirect"]
    assert call.send(STATUS, status="completed").status == 204
    assert sql("SELECT count(*) FROM lost") == [(100,)]
    assert watcher.events == []
    answer, status = logged()
    assert answer.startswith(f"ERROR call {call.sid} could not be answered\nTraceback")
    assert status.startswith(f"ERROR the end of call {call.sid} could not be saved\nTraceback")
    for told in (answer, status):
        assert told.endswith(
            f"ivrkit.errors.SessionError: call {call.sid}: another request saved the session first, "
            "50 times in a row\n"
            "  hint: check the session store: it does not return the sessions that are saved in it"
        )


def test_a_save_that_fails_is_not_heard(new_call, sql, logged):
    """When a session can be read but not written, the call goes on; who brings no cookie is where the store has it."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    sql("CREATE TRIGGER full BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
    watcher.events.clear()
    logged()
    assert call.press("2").heard == "Speak after the tone."
    assert watcher.events == [("left", "menu", "2"), ("entered", "message")]
    (told,) = logged()
    assert told.startswith(f"ERROR call {call.sid}: the session store could not be written\n")
    assert "the disk is full" in told
    sql("DROP TRIGGER full")
    assert call.press("0").state == "operator"


# The clock.

MONDAY = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("UTC"))


def test_a_handler_is_given_the_time_of_the_set_zone(new_call):
    """``call.now`` is the time of the webhook in the zone of the settings."""
    state = State(lambda call: ask(call.now.strftime("%A %H:%M %Z")), Routes({"1": "clock"}))
    call = new_call(tree={"clock": state}, start="clock", timezone="Europe/Vienna")
    with time_machine.travel(MONDAY, tick=False) as clock:
        assert call.dial().heard == "Monday 13:00 CET"
        clock.shift(timedelta(hours=11))
        assert call.press("1").heard == "Tuesday 00:00 CET"


def test_a_call_is_kept_for_a_day_and_an_hour_after_its_last_webhook(make_app, sql):
    """An ended call stays a tombstone until Twilio cannot ask any more; then another call's webhook removes it."""
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
    """Return the time that the clock shows."""
    return datetime.now(ZoneInfo("UTC")).timestamp()


def test_expired_calls_are_looked_for_every_ten_minutes(make_app, sql):
    """Most webhooks do not pay for the removal: it is done at the first one, and at the first after ten minutes."""
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


def test_a_removal_that_fails_does_not_hurt_the_caller(make_app, sql, logged):
    """The answer is good and kept already when expired calls cannot be removed: that is logged, and tried later."""
    app = make_app(dev=True)
    with time_machine.travel(MONDAY, tick=False) as clock:
        WebhookCall(in_process(app), WEBHOOK).dial()
        sql("CREATE TRIGGER stuck BEFORE DELETE ON sessions BEGIN SELECT RAISE(ABORT, 'nothing goes'); END")
        clock.shift(timedelta(hours=26))
        logged()
        call = WebhookCall(in_process(app), WEBHOOK)
        assert call.dial().state == "menu"
        assert call.press("2").state == "message"
        (told,) = logged()
        assert told.startswith("ERROR expired sessions could not be removed\nTraceback")
        assert "nothing goes" in told
        sql("DROP TRIGGER stuck")
        clock.shift(timedelta(minutes=10))
        call.finish_verb(VERB_RESULTS["Record", "recorded"])
        assert sql("SELECT sid FROM sessions") == [(call.sid,)]
        assert logged() == []


# What plugins are told.


def test_hooks_are_told_in_the_order_in_which_it_happened(new_call):
    """Of one webhook, everything is told once, in order, after it was kept."""
    watcher = RecordingPlugin(SHOP)
    call = new_call(tree=watcher)
    call.dial()
    assert watcher.events == [("started",), ("entered", "greeting"), ("left", "greeting", None), ("entered", "menu")]
    watcher.events.clear()
    call.press("1")
    assert watcher.events == [
        ("left", "menu", "1"),
        ("entered", "news"),
        ("left", "news", None),
        ("entered", "menu"),
    ]
    watcher.events.clear()
    call.press("2")
    call.finish_verb(VERB_RESULTS["Record", "recorded"])
    assert watcher.events == [
        ("left", "menu", "2"),
        ("entered", "message"),
        ("left", "message", "recorded"),
        ("ended", "finished"),
    ]
    assert {call.sid for call in watcher.calls} == {call.sid}


def test_hooks_are_told_what_is_kept(make_app, sql):
    """When a plugin hears of a state, the session already says so: it may look, and finds nothing half done."""
    found = []

    class Looking(RecordingPlugin):
        def _keep(self, call, *what):
            found.extend(sql(f"SELECT turn FROM sessions WHERE sid = '{call.sid}'"))

    call = WebhookCall(in_process(make_app(Looking(SHOP))), WEBHOOK)
    call.dial()
    call.press("9")
    assert found == [(1,)] * 4 + [(2,)] * 2


def test_a_hook_that_nobody_implements_is_not_called(new_call):
    """A plugin with one hook is told of that alone."""
    kind = type(
        "One", (TreePlugin,), {"ivrkit_call_ended": RecordingPlugin.ivrkit_call_ended, "_keep": RecordingPlugin._keep}
    )
    plugin = kind(SHOP)
    plugin.events, plugin.calls = [], []
    call = new_call(tree=plugin)
    call.dial()
    call.press("2")
    call.finish_verb(VERB_RESULTS["Record", "recorded"])
    assert plugin.events == [("ended", "finished")]


def test_what_was_pressed_cannot_be_found_by_trying(make_app, sql):
    """The hash of a request is made with the token, which is not in the file; any worker makes the same."""
    hashes = []
    form = twilio_params("CA" + "1" * 32, "ringing")
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
