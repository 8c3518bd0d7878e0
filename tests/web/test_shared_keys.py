"""Signatures with shared keys: a refusal names the header, the id, the algorithm or the secret that is wrong."""

import json
from hashlib import sha256

import pytest
from tests.web.webhook_calls import ACCOUNT, SID, TOKEN, in_process, sign, twilio_params
from twilio.request_validator import RequestValidator

from ivrkit import Settings, SettingsError
from ivrkit.web import create_app
from ivrkit.web.shared_keys import Sha256Validator

URL = "https://ivr.example.com/webhook/status"
LOGGED = "POST /webhook/status from an unknown address:"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
KEY, OTHER = "webhooks_sharedkey_01k2a", "webhooks_sharedkey_01k9z"
KEYS = {KEY: "secret of the first", OTHER: "secret of the other"}
HEADER = "X-Twilio-Webhooks-Signature-Settings"


@pytest.fixture
def send(make_app, logged):
    """Return a function that sends a signed request, and returns its status and the line in the log."""

    def sent(secret, algorithm="sha256", *, header=f"key={KEY},algorithm=HMAC_SHA256", account=ACCOUNT, **settings):
        client = in_process(make_app(**{"shared_keys": KEYS, **settings}))
        logged()
        form = twilio_params(SID, AccountSid=account)
        signature = sign(URL, form.items(), secret, algorithm)
        headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
        body = "&".join(f"{name}={value.replace('+', '%2B').replace(' ', '+')}" for name, value in form.items())
        answer = client("POST", URL, body.encode(), headers if header is None else {**headers, HEADER: header})
        return answer.status, *logged()

    return sent


def test_account_token_and_shared_keys_are_accepted_side_by_side(send):
    """Every shared key signs with both algorithms, and requests without the header are signed with the token."""
    for key, secret in KEYS.items():
        assert send(secret, "sha1", header=f"key={key},algorithm=HMAC_SHA1") == (204,)
        assert send(secret, "sha256", header=f"key={key},algorithm=HMAC_SHA256") == (204,)
    assert send(TOKEN, "sha1", header=None) == (204,)
    assert send(TOKEN, "sha1", header=" ") == (204,)


@pytest.mark.parametrize(
    "header",
    [
        f"key={KEY},algorithm=HMAC_SHA256",
        f"algorithm=HMAC_SHA256,key={KEY}",
        f" key = {KEY} , algorithm = hmac_sha256 ",
        f"key={KEY},algorithm=HMAC_SHA256,version=2",
        f"key={KEY},algorithm=HMAC_SHA256,key={OTHER},algorithm=HMAC_SHA1",
        f"key=,key={KEY},algorithm=HMAC_SHA256",
    ],
)
def test_the_header_may_be_written_in_several_ways(send, header):
    """Order, white space, case of the algorithm and further parts do not matter; the first part of a name counts."""
    assert send(KEYS[KEY], header=header) == (204,)


def test_without_an_algorithm_the_signature_is_sha1(send):
    """A header without an algorithm means HMAC-SHA1, as in Twilio's library."""
    assert send(KEYS[KEY], "sha1", header=f"key={KEY}") == (204,)
    assert send(KEYS[KEY], "sha256", header=f"key={KEY}")[0] == 403


def test_a_line_may_have_shared_keys_only(send, make_app, logged):
    """Without an auth token, signatures of the shared keys are checked and other requests are refused."""
    assert send(KEYS[KEY], auth_token=()) == (204,)
    assert send(TOKEN, "sha1", header=None, auth_token=()) == (
        403,
        (
            f"WARNING 403 {LOGGED} no auth token for account '{ACCOUNT}' and no {HEADER} in the request: set "
            f"TWILIO_AUTH_TOKEN or "
            f"TWILIO_AUTH_TOKEN_{ACCOUNT}"
        ),
    )
    client = in_process(make_app(auth_token=(), shared_keys=KEYS))
    assert client("POST", URL, b"CallSid=CA1", {"Content-Type": FORM}).status == 403


def test_the_key_counts_for_every_account(send):
    """A shared key is chosen by its id alone, even if the subaccount has a token of its own."""
    account = "AC" + "a" * 32
    assert send(KEYS[KEY], account=account, accounts={account: "sub"}) == (204,)
    assert send("sub", "sha1", account=account, accounts={account: "sub"})[0] == 403


CHANGED_URL = (
    "if Twilio requested another URL, set IVRKIT_PUBLIC_URL to its base URL (or IVRKIT_TRUSTED_PROXIES behind a "
    "proxy); if the URL is right, "
)
REFUSED = [
    (
        "algorithm=HMAC_SHA256",
        (
            f"{HEADER} must be 'key=<id>,algorithm=HMAC_SHA256', not 'algorithm=HMAC_SHA256': check that no "
            f"proxy changes "
            "this header"
        ),
    ),
    (
        "x" * 200,
        (
            f"{HEADER} must be 'key=<id>,algorithm=HMAC_SHA256', not '{'x' * 100}...': check that no proxy "
            f"changes this "
            "header"
        ),
    ),
    (
        f"key={KEY},algorithm=HMAC_MD5",
        (
            f"the algorithm in {HEADER} must be HMAC_SHA1 or HMAC_SHA256, not 'HMAC_MD5': choose one of these in the "
            "signature of the webhook setting at Twilio"
        ),
    ),
    (
        "key=other_key,algorithm=HMAC_SHA256",
        (
            f"the shared key 'other_key' in {HEADER} is not set, only '{KEY}', '{OTHER}': set "
            "IVRKIT_SHARED_KEYS__other_key to its secret, or add it to the table [shared_keys] of ivrkit.toml"
        ),
    ),
    (
        "key=a;b\x0b,algorithm=HMAC_SHA256",
        (
            f"the shared key 'a;b' in {HEADER} is not set, only '{KEY}', '{OTHER}': set "
            f"IVRKIT_SHARED_KEYS__<id> to its "
            "secret, or add it to the table [shared_keys] of ivrkit.toml"
        ),
    ),
    (
        f"key={OTHER},algorithm=HMAC_SHA256",
        (
            f"X-Twilio-Signature does not match {URL!r} with the shared key '{OTHER}' and HMAC_SHA256: {CHANGED_URL}"
            "the secret in shared_keys belongs to another key"
        ),
    ),
    (
        f"key={KEY},algorithm=HMAC_SHA1",
        (
            f"X-Twilio-Signature does not match {URL!r} with the shared key '{KEY}' and HMAC_SHA1: {CHANGED_URL}"
            "the secret in shared_keys belongs to another key"
        ),
    ),
    (
        None,
        (
            f"X-Twilio-Signature is a signature with a shared key, but {HEADER} is missing: "
            "check that no proxy removes this header"
        ),
    ),
]


@pytest.mark.parametrize(("header", "reason"), REFUSED, ids=[str(header)[-40:] for header, _ in REFUSED])
def test_a_refusal_names_the_reason(send, header, reason):
    """The log says which part is wrong, with the fix, and contains no secret."""
    assert send(KEYS[KEY], header=header) == (403, f"WARNING 403 {LOGGED} {reason}")
    assert "secret of" not in reason


def test_an_unknown_key_without_any_shared_keys(send):
    """If no shared key is set, the refusal of a request with the header says so."""
    assert send(KEYS[KEY], shared_keys={}) == (
        403,
        (
            f"WARNING 403 {LOGGED} the shared key '{KEY}' in {HEADER} is not set, and no other: set "
            f"IVRKIT_SHARED_KEYS__{KEY} to "
            "its secret, or add it to the table [shared_keys] of ivrkit.toml"
        ),
    )


def test_the_case_of_an_id_counts_if_two_keys_differ_by_it(send):
    """An id from a variable in capitals is found, but an equal id has priority."""
    capitals = {KEY.upper(): KEYS[KEY]}
    assert send(KEYS[KEY], shared_keys=capitals) == (204,)
    assert send(KEYS[KEY], shared_keys={**capitals, KEY: "another"})[0] == 403
    assert send("another", shared_keys={**capitals, KEY: "another"}) == (204,)


def test_a_host_without_any_secret_does_not_start():
    """A host starts with shared keys alone, and does not start without any secret."""
    create_app(Settings(shared_keys=KEYS, session_url="cookie:", block="acme-states"))
    with pytest.raises(SettingsError, match="no auth token is set"):
        create_app(Settings(session_url="cookie:", block="acme-states"))


@pytest.mark.parametrize("change", [b"", b" "])
@pytest.mark.parametrize("header", [None, f"key={KEY},algorithm=HMAC_SHA256"])
def test_a_body_that_is_no_form_is_checked_by_its_hash(make_app, logged, change, header):
    """Twilio signs only the hash of a JSON body, so the body itself must have this hash."""
    client = in_process(make_app(shared_keys=KEYS))
    logged()
    body = json.dumps({"text": "Zoë"}).encode()
    url = f"{URL}?bodySHA256={sha256(body).hexdigest()}"
    signature = sign(url, (), KEYS[KEY], "sha256") if header else sign(url)
    headers = {
        "Content-Type": "application/json",
        "X-Twilio-Signature": signature,
        **({HEADER: header} if header else {}),
    }
    status = client("POST", url, body + change, headers).status
    # A request without CallSid gets 400, but only after its signature was accepted.
    assert status == (403 if change else 400)
    (line,) = logged()
    assert line == (
        f"WARNING 403 {LOGGED} the body does not match bodySHA256 in {url!r}: check that no proxy changes the body"
        if change
        else f"WARNING 400 {LOGGED} CallSid is missing: use this URL for voice webhooks only"
    )


def test_the_validator_with_sha256_is_that_of_twilio():
    """The validator signs with SHA-256 as Twilio's does, and twilio's method ``validate`` uses it in any version."""
    form = {"a": ["2", "1", "2"], "B": [""], "ä": ["中"]}
    signature = Sha256Validator("s").compute_signature(URL, form)
    assert signature == sign(URL, [(name, value) for name, values in form.items() for value in values], "s", "sha256")
    for validator, accepts in (
        (Sha256Validator("s"), True),
        (Sha256Validator("t"), False),
        (RequestValidator("s"), False),
    ):
        assert validator.validate(URL.replace(".com", ".com:443"), _MultiDict(form), signature) is accepts


class _MultiDict(dict):
    getall = dict.__getitem__
