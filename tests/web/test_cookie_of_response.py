"""The attributes of the session cookie: it is sent over HTTPS only, if Twilio requests the webhook over HTTPS."""

import pytest
from tests.web.webhook_calls import WebhookCall, in_process

PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "ivr.example.com"}


def cookie_of(app, url, signed_url, headers=None):
    """Return the session cookie with its attributes, in the response to a webhook."""

    def send(method, _, body, signed):
        return in_process(app)(method, url, body, {**signed, **(headers or {})})

    answer = WebhookCall(send, signed_url).send(signed_url, status="ringing")
    assert answer.status == 200
    return answer.headers["Set-Cookie"].split("; ")


@pytest.mark.parametrize(
    ("settings", "url", "signed_url", "headers", "secure"),
    [
        ({}, "https://ivr.example.com/webhook", "https://ivr.example.com/webhook", {}, True),
        ({}, "http://ivr.example.com/webhook", "http://ivr.example.com/webhook", {}, False),
        ({"trusted_proxies": 1}, "http://10.0.0.7/webhook", "https://ivr.example.com/webhook", PROXIED, True),
        ({}, "http://10.0.0.7/webhook", "http://10.0.0.7/webhook", PROXIED, False),
        (
            {"public_url": "https://ivr.example.com"},
            "http://10.0.0.7/webhook",
            "https://ivr.example.com/webhook",
            {},
            True,
        ),
        (
            {"public_url": "http://ivr.example.com"},
            "https://10.0.0.7/webhook",
            "http://ivr.example.com/webhook",
            {},
            False,
        ),
    ],
    ids=["https", "http", "trusted proxy", "untrusted proxy", "public_url", "public_url with http"],
)
def test_a_cookie_is_secure_if_twilio_requests_https(make_app, settings, url, signed_url, headers, secure):
    """The cookie has ``Secure`` exactly if the URL that Twilio requested begins with ``https``."""
    attributes = cookie_of(make_app(**settings), url, signed_url, headers)
    assert ("Secure" in attributes) is secure
    assert {"HttpOnly", "SameSite=Lax"} <= set(attributes)
