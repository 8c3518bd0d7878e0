"""The page that ``ivrkit doctor`` asks: for nobody else it is there."""

import time

import pytest
from tests.web.webhook_calls import ACCOUNT, TOKEN, sign

from ivrkit.web.doctor_endpoint import DOCTOR_HEADER, hash_form, is_valid_proof, make_proof

PAGE = "https://ivr.example.com/webhook/doctor"
NONCE = "n1"


@pytest.fixture
def ask(make_app):
    """Ask the page of an app: ``ask(app, header, ...)``."""

    def asked(app, header, url=PAGE, method="POST", **given):
        headers = {**({DOCTOR_HEADER: header} if header else {}), **given.pop("headers", {})}
        base, _, path = url.partition("/webhook")
        return app.test_client().open(f"/webhook{path}", method=method, base_url=base, headers=headers, **given)

    return asked


def good(token=TOKEN, seconds=None):
    """Return a proof."""
    return make_proof(token, int(time.time()) if seconds is None else seconds, NONCE)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_it_is_not_there_for_whoever_does_not_know_the_token(make_app, ask, method):
    """Whatever the method, it answers as a page does that there never was."""
    app = make_app(dev=True)
    none = app.test_client().open("/webhook/none", method=method)
    for header in ("", good("another"), good(seconds=1)):
        answer = ask(app, header, method=method)
        assert (answer.status_code, answer.data) == (404, none.data)
        assert dict(answer.headers) == dict(none.headers)


def test_without_a_token_it_is_for_nobody(make_app, ask):
    """In dev mode without a token, nobody can prove anything."""
    app = make_app(auth_token=(), dev=True)
    assert ask(app, good("")).status_code == 404


NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (make_proof("a", NOW, NONCE), True),
        (make_proof("b", NOW, NONCE), True),
        (make_proof("c", NOW, NONCE), False),
        (make_proof("a", NOW - 300, NONCE), True),
        (make_proof("a", NOW - 301, NONCE), False),
        (make_proof("a", NOW + 300, NONCE), True),
        (make_proof("a", NOW + 301, NONCE), False),
        (make_proof("a", NOW, NONCE) + "x", False),
        (make_proof("a", NOW, NONCE).upper(), False),
        (make_proof("a", NOW, "two words"), False),
        (f"0{make_proof('a', NOW, NONCE)}", False),
        (f"{NOW} {'0' * 64} {NONCE}", False),
        (f"x{NOW} y {NONCE}", False),
        (f"{'9' * 5000} y {NONCE}", False),
        (f"\u0661 y {NONCE}", False),
        (f"{NOW} \u00e9 {NONCE}", False),
        ("", False),
    ],
)
def test_a_proof_is_fresh_and_of_one_of_the_tokens(value, is_one):
    """Five minutes to either side, and nothing but what the token's owner makes."""
    assert is_valid_proof(value, ["a", "b"], NOW) is is_one
    assert not is_valid_proof(value, [], NOW)


def test_the_proof_is_one_that_anybody_could_compute():
    """As documented: the time, HMAC-SHA256 over doctor:time:nonce, and the nonce; the digest is openssl's."""
    digest = "f5207eee5fbc89adc80336fc94c02ff5e6f1e9ee59410f9152ddb8c6158e0e02"
    assert make_proof("12345", NOW, NONCE) == f"1700000000 {digest} n1"


def test_it_tells_what_the_app_saw(make_app, ask):
    """Everything that a signature hangs on, and what proxies added; nothing secret."""
    app = make_app(trusted_proxies=1)
    form = {"CallSid": "CA1", "Digits": "4711"}
    url = f"{PAGE}?a=1&b=%20x"
    headers = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "198.51.100.7",
        "Via": "1.1 x",
        "Cookie": "secret=1",
        "X-Twilio-Signature": sign(url, form.items()),
    }
    answer = ask(app, good(), url.replace("https", "http", 1), data=form, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json
    assert abs(told.pop("time") - time.time()) < 300
    assert sorted(map(tuple, told.pop("headers"))) == [
        ("Via", "1.1 x"),
        ("X-Forwarded-For", "198.51.100.7"),
        ("X-Forwarded-Proto", "https"),
    ]
    assert told.pop("ivrkit")
    assert told == {
        "method": "POST",
        "scheme": "https",
        "host": "ivr.example.com",
        "root_path": "",
        "path": "/webhook/doctor",
        "query": "a=1&b=%20x",
        "remote_address": "198.51.100.7",
        "content_type": "application/x-www-form-urlencoded",
        "parameters": ["CallSid", "Digits"],
        "form": hash_form(form.items()),
        "signed": True,
        "signed_url": url,
        "refusal": None,
        "settings": {"public_url": None, "trusted_proxies": 1, "url_prefix": ""},
    }
    assert "4711" not in answer.text
    assert TOKEN not in answer.text


def test_it_tells_why_the_signature_does_not_fit(make_app, ask):
    """In the words of the log."""
    told = ask(make_app(), good(), data={"CallSid": "CA1"}).json
    assert told["signed"] is False
    assert told["refusal"] == f"no X-Twilio-Signature for {PAGE!r}: only requests that Twilio signed are answered"


def test_a_sub_accounts_token_is_one(make_app, ask):
    """Where only sub-accounts have tokens, each proves who asks."""
    app = make_app(auth_token=(), accounts={ACCOUNT: "sub"})
    assert ask(app, good("sub")).status_code == 200
    assert ask(app, good("main")).status_code == 404
