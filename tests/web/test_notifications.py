"""Notifications that a developer sends to the webhook by mistake: over HTTP, while each verb waits."""

from urllib.parse import urlencode

import pytest
from tests.flow.test_notifications import NOTIFICATIONS
from tests.web.conftest import WEBHOOK
from tests.web.sample_trees import SHOP, RecordingPlugin, sessions_of
from tests.web.webhook_calls import VERB_RESULTS, WebhookCall, in_process, over_http, pressed, serving, sign
from twilio.twiml.voice_response import Dial, Enqueue, Gather, Number, Record

from ivrkit import HOME, Goto, MenuOption, Routes, State
from ivrkit.flow.model import notifications
from ivrkit.flow.model.notifications import CALL_STATUS, PARTIAL_SPEECH, RECORDING, TRANSCRIPTION
from ivrkit.simulator import Simulator

NOTHING = b'<?xml version="1.0" encoding="UTF-8"?><Response />'
SILENCE = b'<?xml version="1.0" encoding="UTF-8"?><Response><Pause length="60" /></Response>'
#: A phone tree whose verbs send all of their notifications to the webhook.
MISDIRECTED = {
    "talk": State(
        Gather(input="dtmf speech", hints="sales", partial_result_callback="webhook"),
        Routes({"1": Goto(HOME, say="One.")}, tries=9),
        options=MenuOption("1", "to talk"),
    ),
    "record": State(
        Record(recording_status_callback="webhook", transcribe=True, transcribe_callback="webhook"),
        Routes({"recorded": Goto(None, say="Thank you.")}),
        options=MenuOption("2", "a message"),
    ),
    "dial": State(
        Dial().append(Number("+15550100", status_callback="webhook", status_callback_event="ringing completed")),
        Routes({"busy": Goto(None, say="They are busy.")}),
        options=MenuOption("3", "a person"),
    ),
    "queue": State(Enqueue("q"), Routes({"leave": Goto(None, say="Left.")}), options=MenuOption("4", "the queue")),
}
#: The notifications about a call that goes on.
ABOUT_THE_CALL = [(name, params) for name, params in NOTIFICATIONS if params.get("CallStatus") != "completed"]
#: Waiting verb -> the keys that lead there, and the result of the verb with the sentence that follows it.
WAITING = {
    "Gather": ("1", pressed("1"), "One."),
    "Record": ("2", VERB_RESULTS["Record", "recorded"], "Thank you."),
    "Dial": ("3", VERB_RESULTS["Dial", "busy"], "They are busy."),
    "Enqueue": ("4", {"QueueResult": "leave", "QueueSid": "QU1", "QueueTime": "3"}, "Left."),
}


def notify(send, url, params):
    """Send a notification with exactly these parameters, and return the response."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": sign(url, params.items())}
    return send("POST", url, urlencode(params).encode(), headers)


@pytest.mark.parametrize("verb", WAITING)
def test_a_notification_does_not_move_a_call(make_app, logged, verb):
    """While a verb waits, each notification gets an empty document, calls no hook and leaves the call where it is."""
    key, result, sentence = WAITING[verb]
    recorder = RecordingPlugin(MISDIRECTED)
    app = make_app(recorder, dev=True)
    store = sessions_of(app).store
    with serving(app, sessions_of(app)) as base:
        call = WebhookCall(over_http, f"{base}/webhook")
        call.dial()
        call.press(key)
        before, events = store.load(call.sid), list(recorder.events)
        logged()
        for name, params in ABOUT_THE_CALL:
            answer = notify(over_http, call.webhook, {**params, "CallSid": call.sid})
            assert (answer.status, answer.body) == (200, SILENCE if name == "QUEUE_WAIT" else NOTHING), name
            assert "Set-Cookie" not in answer.headers
            assert store.load(call.sid) == before
        assert recorder.events == events
        for line, (name, _) in zip(logged(), ABOUT_THE_CALL, strict=True):
            found = getattr(notifications, name)
            assert line == (
                f"WARNING 200 POST /webhook from 127.0.0.1: {found.name} arrived here by mistake (call {call.sid}): "
                f"{found.fix}"
            )
        assert sentence in call.finish_verb(result).heard


def test_the_end_of_a_call_is_recorded(new_call, logged):
    """The number's status callback, if it is sent to the webhook, ends the call as it does at its own address."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    recorder.events.clear()
    logged()
    ended = {"CallDuration": "9", "CallbackSource": "call-progress-events", "SequenceNumber": "0"}
    assert call.send(WEBHOOK, ended, status="completed").body == NOTHING
    assert recorder.events == [("ended", "completed")]
    (line,) = logged()
    assert line.endswith('set statusCallback (in Twilio\'s console: "Call status changes") to webhook/status')


@pytest.mark.parametrize("path", ["/webhook", "/webhook/status"])
def test_the_end_of_a_leg_is_ignored(make_app, new_call, caplog, path):
    """The end of a leg of a Dial neither ends the call, nor does it appear as the end of a call in the call log."""
    app = make_app(dev=True)
    call, leg = new_call(app), new_call(app)
    call.dial()
    caplog.set_level("INFO", logger="ivrkit.calls")
    caplog.clear()
    ended = {"ParentCallSid": call.sid, "CallDuration": "9", "CallbackSource": "call-progress-events"}
    assert leg.send(f"https://ivr.example.com{path}", ended, status="completed").status in (200, 204)
    assert [each for each in caplog.records if each.name == "ivrkit.calls"] == []
    assert sessions_of(app).store.load(leg.sid) is None
    assert call.press("1").state is not None


def test_a_late_transcription_is_no_second_recording(new_call):
    """The transcription of a recording arrives after the call and has its RecordingUrl; the recording counts once."""
    recorder = RecordingPlugin(SHOP)
    call = new_call(tree=recorder)
    call.dial()
    call.press("2")
    assert call.send(f"{WEBHOOK}/status", status="completed").status == 204
    recorder.events.clear()
    transcription = {"TranscriptionSid": "TR1", "TranscriptionStatus": "completed", "TranscriptionText": "Hello."}
    recorded = VERB_RESULTS["Record", "recorded"]
    assert call.send(WEBHOOK, {**recorded, **transcription}, status="completed").body == NOTHING
    assert recorder.events == []
    assert call.send(WEBHOOK, {**recorded, "Digits": "hangup"}, status="completed").body == NOTHING
    assert recorder.events == [("left", "message", "recorded")]


def test_the_parameters_of_an_app_do_not_hide_a_call(new_call, logged):
    """A call from an app with Twilio's Voice SDK can have parameters with the names of Twilio's; it is answered."""
    call = new_call(tree=MISDIRECTED)
    logged()
    first = call.send(WEBHOOK, {"For": "sales", "Timestamp": "now", "QueuePosition": "1"}, status="ringing")
    assert (first.state, logged()) == ("menu", [])
    assert call.send(WEBHOOK, {**pressed("1"), "For": "sales", "QueuePosition": "1"}).state == "talk"
    assert logged() == []


@pytest.mark.parametrize("path", ["/webhook", "/webhook/fallback", "/webhook/status"])
def test_a_notification_without_a_call_is_accepted(make_app, logged, path):
    """A notification of a conference can have no CallSid. Each endpoint accepts it, so that Twilio reports no error."""
    send = in_process(make_app())
    logged()
    params = {"ConferenceSid": "CF1", "StatusCallbackEvent": "conference-start", "SequenceNumber": "1"}
    answer = notify(send, f"https://ivr.example.com{path}", params)
    assert (answer.status, answer.body) == (200, NOTHING)
    expected = (
        f"WARNING 200 POST {path} from an unknown address: a status callback of a conference arrived here by mistake: "
        "set statusCallback of the Conference to a page of your own, or to webhook/status, which ignores it"
    )
    assert logged() == [expected] * (path != "/webhook/status")


def test_simulated_calls_are_not_moved_by_their_notifications(make_app, logged):
    """The simulator sends the notifications that the verbs ask for to the webhook, and the calls go on undisturbed."""
    simulator = Simulator.for_app(make_app(MISDIRECTED), token="12345")
    logged()
    call = simulator.call().press("1").says("billing or something else").says("sales, please").press("1")
    assert "One." in call.heard
    call = simulator.call().press("2").says("I need an anvil, and I need it soon.").press("#")
    assert call.heard_last == "Thank you."
    call = simulator.call().press("3").callee.is_busy()
    assert call.heard_last == "They are busy."
    found = {line.partition(": ")[2].partition(" arrived")[0] for line in logged()}
    assert found == {each.name for each in (PARTIAL_SPEECH, RECORDING, TRANSCRIPTION, CALL_STATUS)}
