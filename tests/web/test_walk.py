"""Whole calls of the ACME phone tree, by the simulator and over HTTP: every outcome of every state."""

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
from tests.web.conftest import REFUSED
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

from ivrkit import BACK, HOME, SAME, MenuOption, Routes, State, ask, edges
from ivrkit.flow.compile.graph import GIVE_UP
from ivrkit.simulator import HangUp, PickUp, Press, Refuse, Silence, Speak
from ivrkit.simulator.events import Said

KEYS = "1234567890*#"


@pytest.fixture
def acme(make_app):
    """Return a function that makes apps with ACME's states."""
    return lambda tree=(), **settings: make_app(TreePlugin(dict(tree)), **{"block": (), "dev": True, **settings})


def resolve_target(flow, target, state, sender):
    """Return the state of a target for a caller in ``state`` who came from ``sender``; ``None`` to hang up."""
    if target is SAME:
        return state
    if target is BACK:
        return sender
    if target is HOME:
        options = flow.states[state].state.menu_options
        return options[0].menu if options else flow.home
    return target


def edges_of_outcomes(flow):
    """Return the edges whose outcome one webhook can have: all except ``give_up``, which needs several failures."""
    return [edge for edge in edges(flow) if edge.outcome != GIVE_UP]


def shortest_paths(flow):
    """Return for each state the outcomes of the shortest path to it, and the state before it."""
    paths, queue = {flow.config.start: ((), None)}, [flow.config.start]
    while queue:
        state = queue.pop(0)
        outcomes, sender = paths[state]
        for edge in edges_of_outcomes(flow):
            target = resolve_target(flow, edge.target, state, sender) if edge.state == state else None
            if target is not None and target not in paths:
                paths[target] = ((*outcomes, *([edge.outcome] if edge.outcome else [])), state)
                queue.append(target)
    return paths


def passed_states(flow, state, sender):
    """Return the states that a caller passes from one state on, up to one that waits, or ``None`` for a hangup."""
    passed = [state]
    at_once = {edge.state: edge.target for edge in edges(flow) if edge.outcome is None}
    while passed[-1] in at_once:
        target = resolve_target(flow, at_once[passed[-1]], passed[-1], sender)
        sender = passed[-1]
        passed.append(target)
    return passed


def key_for(flow, state, outcome):
    """Return a key for an outcome: for ``no-match``, one that the state has no row for."""
    if outcome == "no-match":
        return next(key for key in KEYS if key not in flow.states[state].routes and key != "#")
    return outcome


def walk_edges(number, flow):
    """Follow every edge of a flow, each in its own call, and return the pairs of state and outcome."""
    paths, walked = shortest_paths(flow), []
    for edge in edges_of_outcomes(flow):
        outcomes, sender = paths[edge.state]
        call = number.call()
        for outcome in (*outcomes, *([edge.outcome] if edge.outcome else [])):
            reach_outcome(call, key_for(flow, call.state, outcome))
        passed = passed_states(flow, resolve_target(flow, edge.target, edge.state, sender), edge.state)
        where = f"{edge.state} -> {edge.outcome} -> {edge.target}"
        for name in filter(None, passed):
            content = flow.states[name].content
            # The prompts on the way are inside a Gather, before its own prompts.
            tag, _, rest = (content.xml.decode() if content else ">").partition(">")
            _, found, after = call.responses[-1].body.partition(f"{tag}>")
            assert found, f"{where}: nothing is heard of {name}"
            assert rest in after, f"{where}: {name} is not heard completely"
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


def possible_outcomes(flow):
    """Return the pairs of state and outcome that can happen: the rows of each state, and the outcomes of its verb."""
    outcomes = set()
    for name, compiled in flow.states.items():
        exit = compiled.state.exit
        if compiled.is_menu or isinstance(exit, Routes):
            verb = compiled.content.waiting_verb if compiled.content else "Gather"
            outcomes |= {(name, outcome) for outcome in compiled.routes}
            outcomes |= {(name, outcome) for each, outcome in ACTIONS_FOR_OUTCOME if each == verb}
            outcomes |= {(name, "no-match")} if verb == "Gather" else set()
        elif exit is not None:
            outcomes.add((name, None))
    return outcomes


@pytest.mark.acme
def test_every_outcome_leads_where_the_flow_says(acme):
    """Every outcome of every state of ACME and of the core leads where the flow says, over HTTP."""
    app = acme()
    flow = app.extensions["ivrkit"].loaded.flow
    assert set(flow.states) == {"greeting", "menu", "error", "hours", "reception", "sales", "support"}
    with serving(app, sessions_of(app)) as base:
        walked = walk_edges(simulator_for_url(f"{base}/webhook"), flow)
    assert len(walked) == len(set(walked))
    assert set(walked) == possible_outcomes(flow)
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
def test_each_key_of_the_menu_leads_to_its_state(acme, key, state, heard):
    """Each key of ACME's menu leads to its state; a wrong key is named as an error, silence is not."""
    call = simulator_for_app(acme()).call()
    assert "Thank you for calling our company." in call.heard
    call.press(key) if key else call.stays_silent()
    assert call.state == state
    assert heard in call.heard_last.replace("\n", " ")
    assert ("not valid" in call.heard_last) == (key == "7")


@pytest.mark.acme
def test_a_key_during_the_greeting_is_taken(acme):
    """Over HTTP, greeting and menu are in one answer, and a key that is pressed during the greeting is taken."""
    app = acme()
    with serving(app, sessions_of(app)) as base:
        call = simulator_for_url(f"{base}/webhook").call()
        assert len(call.responses) == 1
        assert "Thank you for calling our company." in call.heard
        assert "For sales, press one." in call.heard
        call.do(Press("1", after=0.5))
    assert len(call.responses) == 2
    assert call.state == "sales"
    first = next(event for event in call.events if isinstance(event, Said))
    assert (first.cut, first.seconds) == (True, 0.5)
    assert "For sales" not in call.heard


@pytest.mark.parametrize(
    "words", ["billing", "five", "Five.", "5.", "press five", "billing, please", "I have a question about billing"]
)
def test_a_caller_says_a_key_or_a_sentence(make_app, words):
    """Over HTTP, a menu that listens takes a spoken key, and a phrase inside a sentence."""
    option = MenuOption("5", "billing", phrases=("billing", "invoices"))
    app = make_app({"billing": State("Billing reached.", HOME, options=option)}, dev=True)
    with serving(app, sessions_of(app)) as base:
        call = simulator_for_url(f"{base}/webhook").call()
        call.do(Speak(words))
    assert "Billing reached." in call.heard_last
    assert call.warnings == []


@pytest.mark.parametrize("voice", [None, "Polly.Joanna"])
def test_a_long_text_is_spoken(make_app, voice):
    """Over HTTP, a text that is too long for its voice is said in several parts, without a warning of Twilio."""
    text = "All is well. " * 350
    app = make_app({"rules": State(text, HOME, options=MenuOption("5", "the rules"))}, dev=True, voice=voice)
    with serving(app, sessions_of(app)) as base:
        call = simulator_for_url(f"{base}/webhook").call()
        call.do(Press("5"))
    assert call.heard_last.count("All is well.") == 350
    assert call.warnings == []


@pytest.mark.acme
@pytest.mark.server
def test_every_outcome_leads_where_the_flow_says_on_the_server(acme, tmp_path):
    """``ivrkit serve --dev`` with a token answers every outcome, and refuses a forged request."""
    flow = acme(session_url=f"sqlite:///{tmp_path}/other.sqlite3").extensions["ivrkit"].loaded.flow
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("IVRKIT_", "TWILIO_"))}
    command = [sys.executable, "-c", "from ivrkit.cli.main import main; main()", "serve", "--dev", "--port", str(port)]
    environ["TWILIO_AUTH_TOKEN"] = "12345"
    server = start(command, cwd=tmp_path, env=environ)
    base = f"http://127.0.0.1:{port}"
    try:
        wait_for_server(base)
        walked = walk_edges(simulator_for_url(f"{base}/webhook"), flow)
        call = WebhookCall(over_http, f"{base}/webhook")
        assert call.send(call.webhook, signature="forged").status == 403
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
    assert set(walked) == possible_outcomes(flow)


def wait_for_server(base):
    """Wait until the health check of a server answers 200."""
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
    """A request without a valid signature gets 403 without any text of the flow; the log has the URL and the fix."""
    call = new_call(dev=False)
    logged()
    unsigned = call.send(call.webhook, signature="")
    forged = call.send(call.webhook, signature="RSOYDt4T1cUTdK1PDd93/VVr8B8=")
    for answer in (unsigned, forged):
        assert (answer.status, answer.body) == (403, b"Forbidden\n")
    fix = (
        "if Twilio requested another URL, set IVRKIT_PUBLIC_URL to its base URL (or IVRKIT_TRUSTED_PROXIES behind a "
        "proxy); if the URL is right, TWILIO_AUTH_TOKEN belongs to another account"
    )
    assert logged() == [
        f"{REFUSED}no X-Twilio-Signature for {call.webhook!r}: only requests that Twilio signed are answered",
        f"{REFUSED}X-Twilio-Signature does not match {call.webhook!r}: {fix}",
    ]


MOUNTS = {
    "at the root": ("", ""),
    "under url_prefix": ("/phone/tree", ""),
    "under SCRIPT_NAME": ("", "/ivr"),
    "under both": ("/phone", "/ivr"),
}


@pytest.mark.acme
@pytest.mark.parametrize(("prefix", "mount"), MOUNTS.values(), ids=MOUNTS)
def test_a_call_goes_on_under_any_prefix(acme, prefix, mount):
    """A call goes on under any ``url_prefix`` and ``SCRIPT_NAME``, after a fallback as well."""
    app = acme(url_prefix=prefix)
    wsgi = DispatcherMiddleware(NotFound(), {mount: app}) if mount else app
    with serving(wsgi, sessions_of(app)) as base:
        webhook = f"{base}{mount}{prefix}/webhook"
        call = simulator_for_url(webhook).call().press("3").press("1")
        assert call.path == ["greeting", "menu", "hours", "hours"]
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
def test_three_fallbacks_in_a_row(acme, new_call, logged):
    """The first fallback leads to the stored state, the second to the operator, and the third ends the call."""
    call = new_call(acme())
    fallback = f"{call.webhook}/fallback"
    logged()
    call.dial()
    call.press("3")

    error = {"ErrorCode": "11200", "ErrorUrl": call.webhook}
    answer = call.request_document(fallback, error)
    assert answer.heard == "We are sorry, something went wrong."
    assert answer.verbs == ["Say", "Redirect"]
    assert answer.root.findtext("Redirect") == "../webhook?again=1#rc=1&rp=ct"
    assert call.follow_redirect().state == "hours"
    assert call.url == f"{call.webhook}?again=1"

    answer = call.request_document(fallback, {**error, "ErrorUrl": f"{call.webhook}?again=1"})
    assert answer.root.findtext("Redirect") == "../webhook?again=2#rc=1&rp=ct"
    assert call.follow_redirect().state == "reception"

    answer = call.request_document(fallback, {**error, "ErrorUrl": f"{call.webhook}?again=2"})
    assert answer.verbs == ["Say", "Hangup"]
    assert answer.heard == "We are sorry, something went wrong."
    line = f"ERROR call {call.sid}: Twilio requested the fallback after error 11200 at /webhook"
    assert logged() == [line, line, line]


@pytest.mark.acme
def test_a_fallback_before_the_first_response_leads_to_the_operator(acme, new_call):
    """The fallback of a call without a session leads to the operator: the start state may have ended the process."""
    call = new_call(acme())
    call.request_document(
        f"{call.webhook}/fallback", {"ErrorCode": "11205", "ErrorUrl": call.webhook}, status="ringing"
    )
    answer = call.follow_redirect()
    assert answer.heard == "One moment, we are ringing reception."
    assert answer.state == "reception"


@pytest.mark.acme
def test_a_fallback_does_not_repeat_a_dial(acme, new_call):
    """The fallback from a state that waits with a ``Dial`` leads to the menu."""
    call = new_call(acme())
    call.dial()
    call.press("0")
    call.request_document(f"{call.webhook}/fallback", {"ErrorCode": "11200", "ErrorUrl": call.webhook})
    assert call.follow_redirect().state == "menu"


@pytest.fixture
def short_app(acme):
    """Return an app of ACME's states whose calls end after 20 webhooks."""
    return acme(max_turns=20)


RESULTS = [(verb, outcome) for verb, outcome in ACTIONS_FOR_OUTCOME if verb in ("Dial", "Enqueue")]


@pytest.mark.acme
@pytest.mark.parametrize("result", [each for each in RESULTS if each[0] == "Dial"])
def test_a_silent_caller_is_hung_up_on(acme, result):
    """A caller who stays silent hears the menu again, then the operator, then the goodbye."""
    call = hold_key(simulator_for_app(acme()).call(), "", [result])
    assert call.ended.reason == "hangup"
    assert 3 < webhook_count(call) < 20, "the menu was not repeated, or too often"
    assert call.warnings == []


@pytest.mark.once
@pytest.mark.acme
@pytest.mark.parametrize("key", KEYS)
def test_a_caller_who_holds_one_key_is_hung_up_on(acme, key):
    """A caller who holds one key is hung up on after ``max_turns`` webhooks at the latest."""
    number = simulator_for_app(acme(), max_documents=105)
    for results in ([], [("Dial", "busy"), ("Enqueue", "leave")], [("Dial", "declined"), ("Enqueue", "failed")]):
        call = hold_key(number.call(), key, results)
        assert call.ended.reason == "hangup"
        assert call.warnings == []


@pytest.mark.acme
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(["", *KEYS]), results=st.lists(st.sampled_from(RESULTS), max_size=8))
def test_a_call_ends_with_any_results_of_dials_and_queues(short_app, key, results):
    """A call ends with every sequence of results of dials and queues, and with every held key."""
    call = hold_key(simulator_for_app(short_app, max_documents=25).call(), key, results)
    assert call.ended.reason == "hangup"


LOOPS = {
    "questions": (ask("One."), ask("Two.")),
    "dials": (Dial("+15550100"), Dial("+15550101")),
    "a question and a dial": (ask("One."), Dial("+15550101")),
}


@pytest.mark.once
@pytest.mark.parametrize("key", ["", "1", "5", "#"])
@pytest.mark.parametrize(("one", "two"), LOOPS.values(), ids=LOOPS)
@pytest.mark.parametrize("rows", [{}, {"no-input": SAME}, {"busy": SAME, "no-answer": HOME}], ids=repr)
def test_a_loop_of_otherwise_targets_ends(make_app, one, two, rows, key):
    """A call between two states whose ``otherwise`` name each other ends after ``max_turns`` at the latest."""

    def state(enter, other):
        verb = enter.name
        fitting = {row: target for row, target in rows.items() if (verb == "Gather") == (row == "no-input")}
        return State(enter, Routes(fitting, otherwise=other))

    app = make_app({"one": state(one, "two"), "two": state(two, "one")}, start="one", max_turns=12)
    number = simulator_for_app(app, max_documents=16)
    for results in ([("Dial", "busy")], [("Dial", "no-answer")], [("Dial", "failed"), ("Dial", "canceled")]):
        call = hold_key(number.call(), key, results)
        assert call.ended.reason == "hangup"
        assert webhook_count(call) >= 2


def test_hold_key_reports_an_endless_call(make_app):
    """``hold_key`` reports a call that does not end: without this, the tests of endless calls could not fail."""
    app = make_app({"one": State(ask("One."), Routes(otherwise=SAME))}, start="one", max_turns=1000, max_failures=1000)
    call = hold_key(simulator_for_app(app, max_documents=50).call(), "5")
    assert call.ended.reason == "too-many-documents"


@pytest.mark.acme
@pytest.mark.parametrize(
    "script",
    [
        [Press("3"), Press("1"), Silence(), HangUp()],
        [Press("1"), Speak("I want an anvil."), Press("#")],
        [Press("1"), Silence(), HangUp()],
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
    """The same script gives the same transcript in process and over HTTP."""
    in_process = simulator_for_app(acme()).call(script)
    app = acme()
    with serving(app, sessions_of(app)) as base:
        over_http = simulator_for_url(f"{base}/webhook").call(script)
    assert over_http.transcript().replace(base, "https://ivr.example.com") == in_process.transcript()
    assert in_process.ended
    assert in_process.warnings == []
