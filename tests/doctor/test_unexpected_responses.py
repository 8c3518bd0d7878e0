"""Responses that are not the doctor's page: each is explained, with hints."""

import pytest
from tests.web.webhook_calls import in_process

from ivrkit import Settings
from ivrkit.doctor.public_url import parse_public_url
from ivrkit.doctor.unexpected_responses import explain_failure, explain_response
from ivrkit.simulator import Failure, Response
from ivrkit.web import create_app

NOW = 1_700_000_000.0
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
PHONE = "https://ivr.example.com/phone"


def health_page(folder, date=DATE, *, damage_store=False):
    """Return the response of a real host to ``/healthz``, while its session store works or is damaged.

    :param date: the header Date, which the server in front of the host adds.
    """
    file = folder / "calls.sqlite3"
    app = create_app(Settings(auth_token="12345", session_url=f"sqlite:///{file}", block="acme-states"))
    if damage_store:
        app.extensions["ivrkit"].sessions.close()
        file.write_bytes(b"no database" * 1000)
    response = in_process(app)("GET", "https://ivr.example.com/healthz", b"", {})
    app.extensions["ivrkit"].sessions.close()
    assert (b"degraded" in response.body) is damage_store
    return Response(response.status, (*response.headers.items(), ("Date", date)), response.body)


def explained(response, base=PHONE, prefix="", pages=None):
    """Return the message and the hints for a response; ``pages`` are the other pages of the server by URL."""
    result = explain_response(parse_public_url(base, ""), response, prefix, NOW, (pages or {}).get)
    assert (result.check, result.status) == ("webhook", "failed")
    return result.message, result.hints


def redirect(status, location):
    """Return a redirect."""
    return Response(status, (("Location", location),))


def test_a_redirect_from_http_to_https():
    """If the server redirects from http to https, the hint is to give Twilio the https URL."""
    target = "https://ivr.example.com/phone/webhook/doctor?a=1&b=%20x"
    assert explained(redirect(301, target), "http://ivr.example.com/phone") == (
        f"the request was redirected (301) to {target!r}: from http to https",
        ("use https://ivr.example.com/phone/webhook in Twilio's console and for --url",),
    )


def test_a_redirect_that_adds_a_slash():
    """If a redirect adds a slash to the path, the hints remove the redirect."""
    target = "/phone/webhook/doctor/?a=1"
    assert explained(redirect(308, target)) == (
        f"the request was redirected (308) to {target!r}: a slash was added to the path",
        (
            "nginx: remove the rewrite that adds or removes the slash",
            "Caddy: remove the redir that adds or removes the slash",
        ),
    )


@pytest.mark.parametrize(
    "target", ["https://www.example.com/", "//[broken", "", "https://ivr.example.com/phone/webhook/doctor"]
)
def test_any_other_redirect(target):
    """Any other redirect is shown with its target, even if the target is invalid."""
    assert explained(redirect(302, target)) == (
        f"the request was redirected (302) to {target!r}",
        ("use the final URL in Twilio's console and for --url, or remove the redirect",),
    )


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_password_or_a_firewall(status):
    """The app never answers the doctor with 401, 403 or 407, so the response is from a proxy or a firewall."""
    assert explained(Response(status)) == (
        f"a proxy or firewall answered {status}: it requires a password, or blocks this address",
        (
            "nginx: auth_basic off; in the location of the webhook",
            "Caddy: exclude the webhook with a matcher of basic_auth: not path /phone/webhook*",
            "or put user and password in the URL in Twilio's console: https://user:password@host/phone/webhook",
            "open the firewall to all addresses: Twilio has no fixed ones",
        ),
    )


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_that_cannot_reach_the_app(status):
    """If a proxy answers 502, 503 or 504, the app does not run, or the proxy looks for it elsewhere."""
    assert explained(Response(status)) == (
        f"a proxy answered {status}: it cannot reach the app",
        (
            "start the app (ivrkit serve), and check the address that the proxy passes requests to",
            "nginx: proxy_pass http://127.0.0.1:5000;",
            "Caddy: reverse_proxy 127.0.0.1:5000",
            "Heroku: run heroku ps:scale web=1, and read heroku logs",
        ),
    )


def test_a_body_without_its_length():
    """If the app answers 411, a proxy sends the body in chunks, and the WSGI server of the app does not read chunks."""
    assert explained(Response(411)) == (
        "the body arrived without its length (411): the proxy sends chunks, which the app's server does not read",
        (
            "nginx: proxy_request_buffering on;",
            "Caddy: request_buffers 256KiB",
            "or serve the app with ivrkit serve or gunicorn, which read chunks",
        ),
    )


ROUTE = (
    "nginx: location /phone/ { proxy_pass http://127.0.0.1:5000; }",
    "Caddy: handle /phone/* { reverse_proxy 127.0.0.1:5000 }",
)


def test_a_page_of_another_program():
    """The message shows the beginning of another program's page, without control characters."""
    response = Response(200, (("Content-Type", "text/html"),), b"<h1>Welcome</h1>\n" + b"\x1b[31m\xff" * 100)
    message, hints = explained(response)
    assert message.startswith("another program answered 200 with 'text/html': '<h1>Welcome</h1> \\x1b[31m\ufffd")
    assert len(message) < 250
    assert hints == (
        "configure the proxy or tunnel to pass /phone/webhook to ivrkit and to no other program",
        *ROUTE,
    )


TOKEN = "set TWILIO_AUTH_TOKEN to the same token here and there, and restart the server"
CLOCK = "synchronize both clocks: timedatectl set-ntp true"
REJECTED = "ivrkit answered, but did not accept the doctor's proof of the auth token (404)"


@pytest.mark.parametrize(
    ("date", "reason", "hints"),
    [
        (DATE, "its token is different or missing", (TOKEN,)),
        ("Tue, 14 Nov 2023 22:13:20 -0000", "its token is different or missing", (TOKEN,)),
        ("Tue, 14 Nov 2023 22:23:20 GMT", "its clock is 600 s off this machine's", (CLOCK,)),
        ("Tue, 14 Nov 2023 22:03:20 GMT", "its clock is 600 s off this machine's", (CLOCK,)),
        ("", "its token is different, or its clock is wrong", (TOKEN, CLOCK)),
    ],
    ids=["same time", "no time zone", "ahead", "behind", "no date"],
)
@pytest.mark.parametrize("damage_store", [False, True], ids=["store ok", "store away"])
def test_a_404_of_ivrkit_is_a_wrong_token_or_a_wrong_clock(tmp_path, date, reason, hints, damage_store):
    """If ``/healthz`` is ivrkit's, the 404 means a wrong token or clock, and the date of the response shows which."""
    health = health_page(tmp_path, date, damage_store=damage_store)
    assert explained(Response(404), pages={f"{PHONE}/healthz": health}) == (f"{REJECTED}: {reason}", hints)


@pytest.mark.parametrize(
    ("base", "prefix", "other"),
    [
        (PHONE, "", "https://ivr.example.com"),
        ("https://ivr.example.com", "/phone", PHONE),
        (PHONE, "/v1", f"{PHONE}/v1"),
        (PHONE, "/v1", "https://ivr.example.com/v1"),
    ],
)
def test_a_404_because_ivrkit_has_another_path(tmp_path, base, prefix, other):
    """If the path is wrong, ivrkit is searched for at the origin and at the paths that ``url_prefix`` gives."""
    message, hints = explained(Response(404), base, prefix, {f"{other}/healthz": health_page(tmp_path)})
    assert message == f"404: ivrkit answers at {other}, not at {base}"
    assert hints[0] == f"use {other}/webhook in Twilio's console and for --url"
    front = base.removeprefix("https://ivr.example.com")
    assert hints[1] == f"nginx: location {front}/ {{ proxy_pass http://127.0.0.1:5000; }}"


@pytest.mark.parametrize(
    "health",
    [None, Response(404, body=b"not here"), Response(200, body=b"[]"), Response(200, body=b'{"status": "up"}')],
)
def test_a_404_of_an_unknown_program(health):
    """If ivrkit is not found, the hints name each cause: the path, the route of the proxy, the token."""
    pages = {f"{PHONE}/healthz": health, "https://ivr.example.com/healthz": health}
    assert explained(Response(404), pages=pages) == (
        (
            "404, and https://ivr.example.com/phone/healthz is not from ivrkit: the path is wrong, or another program "
            "answers"
        ),
        (
            "compare the path with url_prefix",
            *ROUTE,
            f"or configure the proxy to pass on all paths below /phone/webhook; if it does, {TOKEN}",
        ),
    )


@pytest.mark.parametrize(
    ("code", "failure_type", "hint"),
    [
        (11210, "other", "correct the host name in the URL, or add an address for it to its DNS zone"),
        (11205, "ct", "start the server or its proxy, open the port in the firewall, or correct the port in the URL"),
        (11205, "rt", "check what the proxy waits for, and whether the app hangs: Twilio waits at most 15 s"),
        (11206, "other", "check which program listens on this port: it does not answer with valid HTTP"),
        (11770, "other", "check which program listens on this port: it does not answer with valid HTTP"),
        (11220, "other", "nginx: listen 443 ssl;"),
        (11235, "other", "get a certificate for this host name"),
        (11236, "other", "renew the certificate, and reload the proxy: nginx -s reload"),
        (
            11237,
            "other",
            (
                "get a certificate from a public authority, and serve the whole chain: "
                "nginx: ssl_certificate fullchain.pem;"
            ),
        ),
    ],
)
def test_no_response_at_all(code, failure_type, hint):
    """If there is no response, the result has the number of the error that Twilio would log."""
    result = explain_failure(parse_public_url(PHONE, ""), Failure(code, failure_type, "it broke"))
    assert result.message == f"https://ivr.example.com: it broke (Twilio error {code})"
    assert result.hints[0] == hint
