"""The doctor endpoint: it reports requests with a valid proof, and does not exist for others."""

import time

import pytest
from tests.web.webhook_calls import ACCOUNT, TOKEN, sign

from ivrkit.web.doctor_endpoint import hash_form, is_valid_proof, make_proof
from ivrkit.web.early_refusal import DOCTOR_HEADER

PAGE = "https://ivr.example.com/webhook/doctor"
NONCE = "n1"


@pytest.fixture
def request_page(make_app):
    """Return a function that requests the endpoint of an app: ``request_page(app, header, ...)``."""

    def send(app, header, url=PAGE, method="POST", **options):
        headers = {**({DOCTOR_HEADER: header} if header else {}), **options.pop("headers", {})}
        base, _, path = url.partition("/webhook")
        return app.test_client().open(f"/webhook{path}", method=method, base_url=base, headers=headers, **options)

    return send


def valid_proof(token=TOKEN, seconds=None):
    """Return a proof with the current time."""
    return make_proof(token, int(time.time()) if seconds is None else seconds, NONCE)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_without_a_valid_proof_the_endpoint_does_not_exist(make_app, request_page, method):
    """Without a valid proof, every method gets the response of a page that does not exist."""
    app = make_app(dev=True)
    missing = app.test_client().open("/webhook/none", method=method)
    for header in ("", valid_proof("another"), valid_proof(seconds=1)):
        answer = request_page(app, header, method=method)
        assert (answer.status_code, answer.data) == (404, missing.data)
        assert dict(answer.headers) == dict(missing.headers)


def test_without_a_token_the_endpoint_does_not_exist(make_app, request_page):
    """Without a token in the settings, the endpoint gets 404 for every proof."""
    app = make_app(auth_token=(), dev=True)
    assert request_page(app, valid_proof("")).status_code == 404


NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("value", "valid"),
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
def test_a_proof_is_recent_and_made_with_a_token(value, valid):
    """A proof is valid for five minutes in both directions, and only with the digest of one of the tokens."""
    assert is_valid_proof(value, ["a", "b"], NOW) is valid
    assert not is_valid_proof(value, [], NOW)


def test_a_proof_is_computed_as_documented():
    """A proof has the time, the HMAC-SHA256 of ``doctor:time:nonce`` and the nonce; openssl made this digest."""
    digest = "f5207eee5fbc89adc80336fc94c02ff5e6f1e9ee59410f9152ddb8c6158e0e02"
    assert make_proof("12345", NOW, NONCE) == f"1700000000 {digest} n1"


def test_the_report_of_a_request(make_app, request_page):
    """The report has all that the signature depends on and the headers of proxies, and no secret."""
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
    answer = request_page(app, valid_proof(), url.replace("https", "http", 1), data=form, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    report = answer.json
    assert abs(report.pop("time") - time.time()) < 300
    assert sorted(map(tuple, report.pop("headers"))) == [
        ("Via", "1.1 x"),
        ("X-Forwarded-For", "198.51.100.7"),
        ("X-Forwarded-Proto", "https"),
    ]
    assert report.pop("ivrkit")
    assert report == {
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
        "signature_settings": None,
        "signed_url": url,
        "refusal": None,
        "settings": {"public_url": None, "trusted_proxies": 1, "url_prefix": "", "shared_keys": []},
    }
    assert "4711" not in answer.text
    assert TOKEN not in answer.text


def test_the_report_has_the_refusal(make_app, request_page):
    """The report has the reason of a refusal as the log has it."""
    report = request_page(make_app(), valid_proof(), data={"CallSid": "CA1"}).json
    assert report["signed"] is False
    assert report["refusal"] == f"no X-Twilio-Signature for {PAGE!r}: only requests that Twilio signed are answered"


def test_the_report_of_a_signature_with_a_shared_key(make_app, request_page):
    """The report has the header of the signature and the ids of the shared keys; a shared key also gives a proof."""
    app = make_app(auth_token=(), shared_keys={"key_b": "sesame", "key_a": "open"})
    settings = {"X-Twilio-Webhooks-Signature-Settings": "key=key_b,algorithm=HMAC_SHA256"}
    headers = {**settings, "X-Twilio-Signature": sign(PAGE, [("CallSid", "CA1")], "sesame", "sha256")}
    for proof in ("sesame", "open"):
        answer = request_page(app, valid_proof(proof), data={"CallSid": "CA1"}, headers=headers)
        assert answer.json["signature_settings"] == "key=key_b,algorithm=HMAC_SHA256"
        assert answer.json["settings"]["shared_keys"] == ["key_a", "key_b"]
        assert answer.json["refusal"] is None
        assert "sesame" not in answer.text
    assert request_page(app, valid_proof("12345")).status_code == 404


def test_a_proof_with_the_token_of_a_sub_account(make_app, request_page):
    """If only subaccounts have tokens, a proof with one of them is valid."""
    app = make_app(auth_token=(), accounts={ACCOUNT: "sub"})
    assert request_page(app, valid_proof("sub")).status_code == 200
    assert request_page(app, valid_proof("main")).status_code == 404


def test_a_body_that_is_too_large_is_refused_with_a_proof(make_app, request_page):
    """With a valid proof, a body over the limit gets status 413, as at the webhook."""
    answer = request_page(make_app(max_body_bytes=2_000), valid_proof(), data="x" * 2_001)
    assert (answer.status_code, answer.text) == (413, "The request body must have at most 2000 bytes.\n")
