"""Requests that cannot be from Twilio are refused before their bodies are read."""

import io

import pytest
from tests.web.conftest import REFUSED
from tests.web.webhook_calls import FORGED_SIGNATURE
from werkzeug.datastructures import Headers
from werkzeug.test import Client

from ivrkit.web.early_refusal import needs_body

SITE = "https://ivr.example.com"
SHA256_SIGNATURE = f"{'A' * 43}="
SIGNED = {"X-Twilio-Signature": FORGED_SIGNATURE}
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
SETTINGS = {SETTINGS_HEADER: "key=a,algorithm=HMAC_SHA256"}
UNCHANGED = "check that no proxy changes this header"
UNREMOVED = "check that no proxy removes this header"
PATHS = ["/webhook", "/webhook/status", "/webhook/fallback", "/webhook/whisper", "/webhook/wait"]


class UnreadBody(io.RawIOBase):
    """A body that fails the test if it is read."""

    def readable(self):
        """Return ``True``, as every body."""
        return True

    def readinto(self, buffer):
        """Fail."""
        raise AssertionError("the body was read")


def post_unread(app, path, headers):
    """Return the response to a POST whose body must not be read."""
    environ = {"wsgi.input": UnreadBody(), "CONTENT_LENGTH": "1000"}
    return Client(app).post(path, SITE, headers=headers, environ_overrides=environ)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "signature", ["", "x", "x" * 28, FORGED_SIGNATURE[:-1], f"{FORGED_SIGNATURE} ", "é" * 27 + "="]
)
def test_a_body_without_a_plausible_signature_is_not_read(make_app, path, signature):
    """A request without a header of the length and the characters of a signature is refused, and its body not read."""
    headers = [("X-Twilio-Signature", signature.encode().decode("latin-1"))] if signature else []
    answer = post_unread(make_app(), path, headers)
    assert (answer.status_code, answer.text) == (403, "Forbidden\n")


def test_two_signatures_are_refused(make_app):
    """A request with two signature headers is refused before its body is read."""
    headers = Headers([("X-Twilio-Signature", FORGED_SIGNATURE)] * 2)
    assert post_unread(make_app(), "/webhook", headers).status_code == 403


def test_a_body_from_another_machine_is_not_read_without_a_token(make_app):
    """Without a token, the body of a request from another machine is not read."""
    app = make_app(auth_token=(), dev=True)
    answer = Client(app).post(
        "/webhook",
        "http://localhost",
        environ_overrides={"REMOTE_ADDR": "203.0.113.9", "wsgi.input": UnreadBody(), "CONTENT_LENGTH": "1000"},
    )
    assert answer.status_code == 403
    assert answer.text.startswith("the request comes from 203.0.113.9 and no auth token is set: ")


def test_the_doctor_endpoint_reads_no_body_without_a_proof(make_app):
    """The doctor endpoint responds with 404 to a request without a valid proof, and does not read its body."""
    assert post_unread(make_app(), "/webhook/doctor", {"Ivrkit-Doctor": "1 x y"}).status_code == 404


@pytest.mark.parametrize(
    ("headers", "problem"),
    [
        ({}, f"no X-Twilio-Signature for '{SITE}/webhook': only requests that Twilio signed are answered"),
        (
            {"X-Twilio-Signature": "x" * 500},
            f"X-Twilio-Signature must be base64 of 28 characters, not '{'x' * 60}...': {UNCHANGED}",
        ),
        (
            {"X-Twilio-Signature": "x", **SETTINGS},
            f"X-Twilio-Signature must be base64 of 28 or 44 characters, not 'x': {UNCHANGED}",
        ),
        (
            {"X-Twilio-Signature": SHA256_SIGNATURE},
            f"X-Twilio-Signature is a signature with a shared key, but {SETTINGS_HEADER} is missing: {UNREMOVED}",
        ),
    ],
)
def test_an_early_refusal_is_logged(make_app, logged, headers, problem):
    """The log line of an early refusal has the problem of the signature and the fix."""
    app = make_app(shared_keys={"a": "secret"})
    logged()
    assert post_unread(app, "/webhook", headers).status_code == 403
    assert logged() == [REFUSED + problem]


@pytest.mark.parametrize(
    ("method", "path", "headers", "needed"),
    [
        *(("POST", path, SIGNED, True) for path in PATHS),
        *(("POST", path, {}, False) for path in PATHS),
        ("POST", "/phone/webhook/", SIGNED, True),
        ("POST", "/webhook", {"X-Twilio-Signature": "x"}, False),
        ("POST", "/webhook", {"X-Twilio-Signature": SHA256_SIGNATURE}, False),
        ("POST", "/webhook", {"X-Twilio-Signature": SHA256_SIGNATURE, **SETTINGS}, True),
        ("POST", "/webhook", {**SIGNED, **SETTINGS}, True),
        ("GET", "/webhook", SIGNED, False),
        ("PUT", "/webhook", SIGNED, False),
        ("POST", "/healthz", SIGNED, False),
        ("POST", "/none", SIGNED, False),
        ("POST", "/webhook/doctor", {"Ivrkit-Doctor": "1 x y"}, True),
        ("POST", "/webhook/doctor", SIGNED, False),
    ],
)
def test_a_server_knows_which_bodies_are_needed(method, path, headers, needed):
    """Only a POST to an endpoint needs its body, and only with a plausible signature or proof."""
    assert needs_body(method, path, Headers(headers), has_secret=True) is needed


def test_without_a_secret_every_webhook_needs_its_body():
    """Without an auth token or a shared key, a webhook needs its body, because it has no signature."""
    assert needs_body("POST", "/webhook", Headers(), has_secret=False)
    assert not needs_body("POST", "/healthz", Headers(), has_secret=False)
