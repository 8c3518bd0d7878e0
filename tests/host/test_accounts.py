"""A call belongs to the account that began it: the token of another account does not move it."""

import json
import sqlite3
from contextlib import closing

import pytest
from tests.web.conftest import REFUSED
from tests.web.webhook_calls import ACCOUNT, TOKEN, WebhookCall, in_process, pressed

WEBHOOK = "https://ivr.example.com/webhook"
SUB = "AC" + "5e" * 16
#: The verbs of the state with key 2.
RECORDING = ["Say", "Record", "Redirect"]
OTHER = "AC" + "a1" * 16


@pytest.fixture
def app(make_app):
    """Return an app with the token of a main account and the tokens of two subaccounts."""
    return make_app(accounts={SUB: "sub", OTHER: "other"})


def call_of(app, account, token, sid=None):
    """Return a function that sends a webhook of a call, signed with the token of an account, and its CallSid."""
    call = WebhookCall(in_process(app), WEBHOOK, token=token, sid=sid)

    def send(path="", status="in-progress", **params):
        return call.send(f"{WEBHOOK}{path}", {"AccountSid": account, **params}, status=status)

    return send, call.sid


OWNERS = [(ACCOUNT, TOKEN, SUB, "sub"), (SUB, "sub", ACCOUNT, TOKEN), (SUB, "sub", OTHER, "other")]


@pytest.mark.parametrize(("account", "token", "foreign", "foreign_token"), OWNERS)
def test_another_account_neither_moves_nor_ends_a_call(app, logged, account, token, foreign, foreign_token):
    """A key, a status callback and a repeated webhook of another account get 403, and the call stays in its state."""
    send, sid = call_of(app, account, token)
    assert "press" in send(status="ringing").heard
    attack, _ = call_of(app, foreign, foreign_token, sid)
    logged()
    answers = [attack(**pressed("2")), attack("/status", "completed"), attack("?again=1"), attack(status="completed")]
    assert {(each.status, each.body) for each in answers} == {(403, b"Forbidden\n")}
    problem = (
        f"call {sid} belongs to the account {account.lower()!r}, not to {foreign.lower()!r}: use the token of each "
        "subaccount for the calls of this subaccount only"
    )
    assert logged() == [
        f"{REFUSED}{problem}",
        f"{REFUSED.replace('/webhook', '/webhook/status')}{problem}",
        *[f"{REFUSED}{problem}"] * 2,
    ]
    assert send(**pressed("2")).verbs == RECORDING


def test_the_case_of_the_account_does_not_matter(app):
    """An AccountSid in another upper and lower case is the same account."""
    send, sid = call_of(app, SUB, "sub")
    send(status="ringing")
    again, _ = call_of(app, SUB.upper(), "sub", sid)
    assert again(**pressed("2")).status == 200


def test_a_webhook_without_an_account_belongs_to_the_main_account(app):
    """A webhook without an AccountSid is signed with the main token, and moves the call."""
    send, _ = call_of(app, ACCOUNT, TOKEN)
    send(status="ringing")
    assert send(AccountSid="", **pressed("2")).verbs == RECORDING


def test_a_call_of_an_earlier_version_goes_on(app, session_file):
    """A session without an account, which an earlier version stored, is bound to the account of its next webhook."""
    send, sid = call_of(app, SUB, "sub")
    send(status="ringing")
    with closing(sqlite3.connect(session_file)) as file, file:
        ((body,),) = file.execute("SELECT body FROM sessions").fetchall()
        session = json.loads(body)
        assert session.pop("account") == SUB.lower()
        file.execute("UPDATE sessions SET body = ?", [json.dumps(session)])
    assert send(**pressed("2")).verbs == RECORDING
    attack, _ = call_of(app, OTHER, "other", sid)
    assert attack("/status", "completed").status == 403


def test_the_refusal_explains_itself_in_dev_mode(make_app):
    """In dev mode, the response has the reason of the refusal."""
    app = make_app(dev=True, accounts={SUB: "sub"})
    send, sid = call_of(app, ACCOUNT, TOKEN)
    send(status="ringing")
    attack, _ = call_of(app, SUB, "sub", sid)
    assert attack().body.decode().startswith(f"call {sid} belongs to the account {ACCOUNT.lower()!r}, not to ")


def test_a_call_with_cookies_only_is_bound(make_app):
    """Without a session store, the session in the cookie has the account."""
    app = make_app(session_url="cookie:", accounts={SUB: "sub"})
    call = WebhookCall(in_process(app), WEBHOOK)
    cookie = call.send(WEBHOOK, status="ringing").headers["Set-Cookie"].partition(";")[0]

    def send_with_cookie(method, url, body, headers):
        return in_process(app)(method, url, body, {**headers, "Cookie": cookie})

    attack = WebhookCall(send_with_cookie, WEBHOOK, token="sub", sid=call.sid)
    assert attack.send(WEBHOOK, {"AccountSid": SUB, **pressed("2")}).status == 403
