"""Whole calls of the ACME tree, as Twilio makes them: signed, over HTTP, each answer held against its rules."""

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from urllib.parse import urljoin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.processes import start
from tests.web.sample_trees import TreePlugin, sessions_of
from tests.web.simulated_calls import (
    ACTIONS_FOR_OUTCOME,
    hold_key,
    reach_outcome,
    simulator_for_app,
    simulator_for_url,
    webhook_count,
)
from tests.web.webhook_calls import WebhookCall, over_http, serving
from twilio.twiml.voice_response import Dial
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from ivrkit import BACK, HOME, SAME, Routes, State, ask, edges
from ivrkit.simulator import HangUp, PickUp, Press, Refuse, Silence, Speak

KEYS = "1234567890*#"


@pytest.fixture
def acme(make_app):
    """Make apps that serve ACME's states."""
    return lambda tree=(), **settings: make_app(TreePlugin(dict(tree)), **{"block": (), "dev": True, **settings})


def resolve(flow, target, state, sender):
    """Return the state that a target means for a caller in ``state``, sent there by ``sender``; ``None`` to hang up."""
    if target is SAME:
        return state
    if target is BACK:
        return sender
    if target is HOME:
        options = flow.states[state].state.menu_options
        return options[0].menu if options else flow.home
    return target


def ways(flow):
    """Return for each state the outcomes that bring a caller there by the shortest way, and who sends them."""
    found, queue = {flow.config.start: ((), None)}, [flow.config.start]
    while queue:
        state = queue.pop(0)
        outcomes, sender = found[state]
        for edge in edges(flow):
            target = resolve(flow, edge.target, state, sender) if edge.state == state else None
            if target is not None and target not in found:
                found[target] = ((*outcomes, *([edge.outcome] if edge.outcome else [])), state)
                queue.append(target)
    return found


def settle(flow, state, sender):
    """Return the states that a caller passes who comes to one, until it waits or hangs up (``None``)."""
    passed = [state]
    at_once = {edge.state: edge.target for edge in edges(flow) if edge.outcome is None}
    while passed[-1] in at_once:
        target = resolve(flow, at_once[passed[-1]], passed[-1], sender)
        sender = passed[-1]
        passed.append(target)
    return passed


def key_of(flow, state, outcome):
    """Return the key of an outcome where it is none of a verb's own: one that leads nowhere."""
    if outcome == "no-match":
        return next(key for key in KEYS if key not in flow.states[state].routes and key != "#")
    return outcome


def walk(number, flow):
    """Walk every edge of a flow, each in a call of its own; return the edges that were walked."""
    found, walked = ways(flow), []
    for edge in edges(flow):
        outcomes, sender = found[edge.state]
        call = number.call()
        for outcome in (*outcomes, *([edge.outcome] if edge.outcome else [])):
            reach_outcome(call, key_of(flow, call.state, outcome))
        passed = settle(flow, resolve(flow, edge.target, edge.state, sender), edge.state)
        where = f"{edge.state} -> {edge.outcome} -> {edge.target}"
        for name in filter(None, passed):
            content = flow.states[name].content
            heard = content is None or content.xml.decode() in call.responses[-1].body
            assert heard, f"{where}: nothing is heard of {name}"
        assert call.warnings == [], where
        if passed[-1] is None:
            assert call.ended, f"{where} does not hang up"
            assert call.ended.reason == "hangup", where
        else:
            assert call.ended is None, where
            assert call.state == passed[-1], where
            call.hangs_up()
            assert call.warnings == [], where
        walked.append((edge.state, edge.outcome))
    return walked


def must_be_walked(flow):
    """Return all that can happen in each state, from what it waits with: told by its rows and by its verb."""
    told = set()
    for name, compiled in flow.states.items():
        exit = compiled.state.exit
        if compiled.is_menu or isinstance(exit, Routes):
            verb = compiled.content.waiting_verb if compiled.content else "Gather"
            told |= {(name, outcome) for outcome in compiled.routes}
            told |= {(name, outcome) for each, outcome in ACTIONS_FOR_OUTCOME if each == verb}
            told |= {(name, "no-match")} if verb == "Gather" else set()
        elif exit is not None:
            told.add((name, None))
    return told


@pytest.mark.acme
def test_every_outcome_of_every_state_is_walked(acme):
    """Whatever can happen in a state of ACME's or of the core is brought over HTTP, and leads where the flow says."""
    app = acme()
    flow = app.extensions["ivrkit"].loaded.flow
    assert set(flow.states) == {"greeting", "menu", "error", "hours", "reception", "sales", "support"}
    with serving(app, sessions_of(app)) as base:
        walked = walk(simulator_for_url(f"{base}/webhook"), flow)
    assert len(walked) == len(set(walked))
    assert set(walked) == must_be_walked(flow)
    assert len(walked) > 20


@pytest.mark.acme
@pytest.mark.parametrize(
    ("key", "state", "heard"),
    [
        ("1", "sales", "After the tone"),
        ("2", "support", "Please stay on the line"),
        ("3", "hours", "Monday to Friday, from 9:00 AM to 6:00 PM"),
        ("0", "reception", "we are ringing reception"),
        ("9", "menu", "For sales, press one. For support, press two."),
        ("7", "menu", "That choice is not valid. For sales"),
        ("", "menu", "For sales, press one."),
    ],
)
def test_each_key_of_the_menu(acme, key, state, heard):
    """The menu of ACME leads where its prompt says; a wrong key is told, silence is not."""
    call = simulator_for_app(acme()).call()
    assert "Thank you for calling our company." in call.heard
    call.press(key) if key else call.stays_silent()
    assert call.state == state
    assert heard in call.heard_last.replace("\n", " ")
    assert ("not valid" in call.heard_last) == (key == "7")


@pytest.mark.acme
@pytest.mark.server
def test_every_outcome_is_walked_on_the_real_server(acme, tmp_path):
    """``ivrkit serve`` with a token and in dev mode answers the whole tree, and refuses a forged request."""
    flow = acme(session_url=f"sqlite:///{tmp_path}/other.sqlite3").extensions["ivrkit"].loaded.flow
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("IVRKIT_", "TWILIO_"))}
    command = [sys.executable, "-c", "from ivrkit.cli.main import main; main()", "serve", "--dev", "--port", str(port)]
    environ["TWILIO_AUTH_TOKEN"] = "12345"
    server = start(command, cwd=tmp_path, env=environ)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for(base)
        walked = walk(simulator_for_url(f"{base}/webhook"), flow)
        call = WebhookCall(over_http, f"{base}/webhook")
        assert call.send(call.webhook, signature="forged").status == 403
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    assert set(walked) == must_be_walked(flow)


def wait_for(base):
    """Wait until a server answers that it is well."""
    for _ in range(600):
        try:
            answer = over_http("GET", f"{base}/healthz", b"", {})
        except OSError:
            time.sleep(0.1)
        else:
            assert answer.status == 200
            return
    pytest.fail("the server does not answer")


def test_unsigned_and_forged_requests_are_refused(new_call, logged):
    """Who cannot sign gets 403 and not a word of the flow; one line says which URL was signed over and what to set."""
    call = new_call(dev=False)
    logged()
    unsigned = call.send(call.webhook, signature="")
    forged = call.send(call.webhook, signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    for answer in (unsigned, forged):
        assert (answer.status, answer.body) == (403, b"Forbidden\n")
    mend = (
        "if Twilio requested another URL, set IVRKIT_PUBLIC_URL to its base URL (or IVRKIT_TRUSTED_PROXIES behind a "
        "proxy); if the URL is right, TWILIO_AUTH_TOKEN belongs to another account"
    )
    assert logged() == [
        f"WARNING 403: no X-Twilio-Signature for {call.webhook!r}: only requests that Twilio signed are answered",
        f"WARNING 403: X-Twilio-Signature does not match {call.webhook!r}: {mend}",
    ]


MOUNTS = {
    "at the root": ("", ""),
    "under url_prefix": ("/phone/tree", ""),
    "under SCRIPT_NAME": ("", "/ivr"),
    "under both": ("/phone", "/ivr"),
}


@pytest.mark.acme
@pytest.mark.parametrize(("prefix", "mount"), MOUNTS.values(), ids=MOUNTS)
def test_a_call_goes_on_wherever_the_app_is_mounted(acme, prefix, mount):
    """Every address in an answer is relative, and right under any prefix; so is the way back from the fallback."""
    app = acme(url_prefix=prefix)
    wsgi = DispatcherMiddleware(NotFound(), {mount: app}) if mount else app
    with serving(wsgi, sessions_of(app)) as base:
        webhook = f"{base}{mount}{prefix}/webhook"
        call = simulator_for_url(webhook).call().press("3").press("1")
        assert call.path == ["menu", "hours", "hours"]
        same_call = WebhookCall(over_http, webhook, sid=call.sid)
        same_call.request_document(urljoin(f"{webhook}/", "fallback"), {"ErrorCode": "11205", "ErrorUrl": webhook})
        assert same_call.follow_redirect().state == "hours"
        assert call.press("5").state == "menu"
        assert call.press("0").state == "reception"
        assert call.callee.is_busy().state == "menu"
        assert call.press("1").press("#").ended.reason == "hangup"
        assert call.warnings == []
        if mount or prefix:
            assert same_call.send(f"{base}/webhook").status == 404


@pytest.mark.acme
def test_after_a_fallback_the_call_goes_on(acme, new_call, logged):
    """The first failure enters the stored state again, the second takes the operator, the third says goodbye."""
    call = new_call(acme())
    fallback = f"{call.webhook}/fallback"
    logged()
    call.dial()
    call.press("3")

    failed = {"ErrorCode": "11200", "ErrorUrl": call.webhook}
    answer = call.request_document(fallback, failed)
    assert answer.heard == "We are sorry, something went wrong."
    assert answer.verbs == ["Say", "Redirect"]
    assert answer.root.findtext("Redirect") == "../webhook?again=1#rc=1&rp=ct"
    assert call.follow_redirect().state == "hours"
    assert call.url == f"{call.webhook}?again=1"

    answer = call.request_document(fallback, {**failed, "ErrorUrl": f"{call.webhook}?again=1"})
    assert answer.root.findtext("Redirect") == "../webhook?again=2#rc=1&rp=ct"
    assert call.follow_redirect().state == "reception"

    answer = call.request_document(fallback, {**failed, "ErrorUrl": f"{call.webhook}?again=2"})
    assert answer.verbs == ["Say", "Hangup"]
    assert answer.heard == "We are sorry, something went wrong."
    told = f"ERROR call {call.sid}: Twilio requested the fallback after error 11200 at /webhook"
    assert logged() == [told, told, told]


@pytest.mark.acme
def test_a_fallback_before_the_first_answer_starts_the_call(acme, new_call):
    """Where nothing is known of a call yet, the fallback leads to the start state."""
    call = new_call(acme())
    call.request_document(
        f"{call.webhook}/fallback", {"ErrorCode": "11205", "ErrorUrl": call.webhook}, status="ringing"
    )
    answer = call.follow_redirect()
    assert "Thank you for calling" in answer.heard
    assert answer.state == "menu"


@pytest.mark.acme
def test_a_fallback_does_not_ring_or_record_a_second_time(acme, new_call):
    """After a fallback from a state that waits with anything but a question, the caller is at the menu."""
    call = new_call(acme())
    call.dial()
    call.press("0")
    call.request_document(f"{call.webhook}/fallback", {"ErrorCode": "11200", "ErrorUrl": call.webhook})
    assert call.follow_redirect().state == "menu"


@pytest.fixture
def short(acme):
    """An app of ACME's states that lets nobody stay for long."""
    return acme(max_turns=20)


COMES_TO = [(verb, outcome) for verb, outcome in ACTIONS_FOR_OUTCOME if verb in ("Dial", "Enqueue")]


@pytest.mark.acme
@pytest.mark.parametrize("came", [each for each in COMES_TO if each[0] == "Dial"])
def test_a_telephone_that_was_put_down_is_let_go(acme, came):
    """Silence for ever ends the call soon: six silences in a row, then the operator, then goodbye."""
    call = hold_key(simulator_for_app(acme()).call(), "", [came])
    assert call.ended.reason == "hangup"
    assert 3 < webhook_count(call) < 20, "the menu was not even repeated, or without end"
    assert call.warnings == []


@pytest.mark.once
@pytest.mark.acme
@pytest.mark.parametrize("key", KEYS)
def test_a_caller_who_leans_on_one_key_is_let_go(acme, key):
    """No key keeps a call on the line for more webhooks than ``max_turns`` and the operator take."""
    number = simulator_for_app(acme(), max_documents=105)
    for came in ([], [("Dial", "busy"), ("Enqueue", "leave")], [("Dial", "declined"), ("Enqueue", "failed")]):
        call = hold_key(number.call(), key, came)
        assert call.ended.reason == "hangup"
        assert call.warnings == []


@pytest.mark.acme
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(["", *KEYS]), came=st.lists(st.sampled_from(COMES_TO), max_size=8))
def test_whatever_dials_and_queues_come_to_the_call_ends(short, key, came):
    """No row of results, with any key or none, makes a ring that nobody leaves."""
    call = hold_key(simulator_for_app(short, max_documents=25).call(), key, came)
    assert call.ended.reason == "hangup"


RINGS = {
    "questions": (ask("One."), ask("Two.")),
    "dials": (Dial("+15550100"), Dial("+15550101")),
    "a question and a dial": (ask("One."), Dial("+15550101")),
}


@pytest.mark.once
@pytest.mark.parametrize("key", ["", "1", "5", "#"])
@pytest.mark.parametrize(("one", "two"), RINGS.values(), ids=RINGS)
@pytest.mark.parametrize("rows", [{}, {"no-input": SAME}, {"busy": SAME, "no-answer": HOME}], ids=repr)
def test_two_states_whose_otherwise_name_each_other_let_the_caller_go(make_app, one, two, rows, key):
    """A ring of tables ends with ``max_turns`` at the latest, whatever the caller does and whoever answers."""

    def state(enter, other):
        verb = enter.name
        fitting = {row: target for row, target in rows.items() if (verb == "Gather") == (row == "no-input")}
        return State(enter, Routes(fitting, otherwise=other))

    app = make_app({"one": state(one, "two"), "two": state(two, "one")}, start="one", max_turns=12)
    number = simulator_for_app(app, max_documents=16)
    for came in ([("Dial", "busy")], [("Dial", "no-answer")], [("Dial", "failed"), ("Dial", "canceled")]):
        call = hold_key(number.call(), key, came)
        assert call.ended.reason == "hangup"
        assert webhook_count(call) >= 2


def test_the_callers_of_these_tests_notice_a_ring(make_app):
    """What lets these tests fail: a caller who is not let go is noticed."""
    app = make_app({"one": State(ask("One."), Routes(otherwise=SAME))}, start="one", max_turns=1000, max_failures=1000)
    call = hold_key(simulator_for_app(app, max_documents=50).call(), "5")
    assert call.ended.reason == "too-many-documents"


@pytest.mark.acme
@pytest.mark.parametrize(
    "script",
    [
        [Press("3"), Press("1"), Silence(), HangUp()],
        [Press("1"), Speak("I want an anvil."), Press("#")],
        [Press("1"), Silence()],
        [Press("1"), HangUp(after=9)],
        [Press("2"), PickUp(who="agent"), HangUp(who="agent", after=60)],
        [Press("2"), HangUp(after=30)],
        [Press("0"), Refuse("busy"), Press("7"), Silence(), Silence(), HangUp()],
        [Press("0"), PickUp(), HangUp(who="callee")],
        [Press("8"), Press("8"), Press("8"), Refuse("no-answer"), Press("9"), HangUp()],
        [Press("3", after=1.0), Press("5"), HangUp()],
    ],
    ids=lambda script: ", ".join(map(str, script)),
)
def test_a_call_is_the_same_in_process_and_over_http(acme, script):
    """The same caller hears the same words, at the same time of the call's clock, whichever way the host is reached."""
    in_process = simulator_for_app(acme()).call(script)
    app = acme()
    with serving(app, sessions_of(app)) as base:
        over_http = simulator_for_url(f"{base}/webhook").call(script)
    assert over_http.transcript().replace(base, "https://ivr.example.com") == in_process.transcript()
    assert in_process.ended
    assert in_process.warnings == []
