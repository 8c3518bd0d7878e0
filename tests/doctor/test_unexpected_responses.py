"""Answers that are not the app's: each is named, with the mend."""

import json

import pytest

from ivrkit.doctor.address import address_of
from ivrkit.doctor.findings import FAILED
from ivrkit.doctor.unexpected_responses import explain, unreachable
from ivrkit.simulator import Failure, Response

NOW = 1_700_000_000.0
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
HEALTHY = Response(200, (("Date", DATE),), b'{"status":"ok","store":"ok"}\n')
PHONE = "https://ivr.example.com/phone"


def told(answer, base=PHONE, prefix="", pages=None):
    """Return what was found of an answer, and its mends; ``pages`` are those beside the webhook."""
    found = explain(address_of(base, ""), answer, prefix, NOW, (pages or {}).get)
    assert (found.check, found.status) == ("wire", FAILED)
    return found.found, found.mends


def redirect(status, location):
    """Return a redirect."""
    return Response(status, (("Location", location),))


def test_http_that_is_sent_to_https():
    """Twilio is to ask the address that it would be sent to."""
    to = "https://ivr.example.com/phone/webhook/doctor?a=1&b=%20x"
    assert told(redirect(301, to), "http://ivr.example.com/phone") == (
        f"it was redirected (301) to {to!r}: http is sent to https",
        ("give Twilio, and --url, https://ivr.example.com/phone/webhook",),
    )


def test_a_slash_that_is_added():
    """The path that is signed is the one before the slash."""
    to = "/phone/webhook/doctor/?a=1"
    assert told(redirect(308, to)) == (
        f"it was redirected (308) to {to!r}: a slash is added to the path",
        (
            "nginx: take out the rewrite that adds or removes the slash",
            "Caddy: take out the redir that adds or removes the slash",
        ),
    )


@pytest.mark.parametrize(
    "to", ["https://www.example.com/", "//[broken", "", "https://ivr.example.com/phone/webhook/doctor"]
)
def test_another_redirect(to):
    """Wherever it leads, it must not be there."""
    assert told(redirect(302, to)) == (
        f"it was redirected (302) to {to!r}",
        ("give Twilio, and --url, the address that it ends at, or take the redirect out",),
    )


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_password_in_front(status):
    """The app itself never answers the doctor so."""
    assert told(Response(status)) == (
        f"something in front of the app answered {status}: it wants a password, or lets not everybody in",
        (
            "nginx: auth_basic off; in the location of the webhook",
            "Caddy: basic_auth with a matcher that leaves the webhook out: not path /phone/webhook*",
            "or put user and password into the URL in Twilio's console: https://user:password@host/phone/webhook",
            "a firewall must let everybody in: Twilio has no fixed addresses",
        ),
    )


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_without_its_app(status):
    """The app does not run, or elsewhere."""
    assert told(Response(status)) == (
        f"a proxy answered {status}: it does not reach the app",
        (
            "start the app (ivrkit serve), and look at where the proxy passes requests on to",
            "nginx: proxy_pass http://127.0.0.1:5000;",
            "Caddy: reverse_proxy 127.0.0.1:5000",
            "Heroku: heroku ps:scale web=1, and heroku logs",
        ),
    )


def test_a_body_without_its_length():
    """Some proxies pass a body on in pieces, and the host refuses it."""
    assert told(Response(411)) == (
        "the body came without its length (411): the proxy passes it on in pieces",
        ("nginx: proxy_request_buffering on;", "Caddy: request_buffers 256KiB"),
    )


ROUTE = (
    "nginx: location /phone/ { proxy_pass http://127.0.0.1:5000; }",
    "Caddy: handle /phone/* { reverse_proxy 127.0.0.1:5000 }",
)


def test_another_program():
    """What it answered is shown, as far as it is short."""
    answer = Response(200, (("Content-Type", "text/html"),), b"<h1>Welcome</h1>\n" + b"\x1b[31m\xff" * 100)
    found, mends = told(answer)
    assert found.startswith("another program answered 200 with 'text/html': '<h1>Welcome</h1> \\x1b[31m\ufffd")
    assert len(found) < 250
    assert mends == (
        "let the proxy or tunnel pass /phone/webhook on to ivrkit, and nothing else answer there",
        *ROUTE,
    )


TOKEN = "set TWILIO_AUTH_TOKEN to the same token there and here, and start the server anew"
CLOCK = "let both be set by the network: timedatectl set-ntp true"
KNOWS_NOT = "ivrkit answers there, and does not know who asks (404)"


@pytest.mark.parametrize(
    ("date", "found", "mends"),
    [
        (DATE, "its token is another one, or it has none", (TOKEN,)),
        ("Tue, 14 Nov 2023 22:13:20 -0000", "its token is another one, or it has none", (TOKEN,)),
        ("Tue, 14 Nov 2023 22:23:20 GMT", "its clock is 600 s off this machine's", (CLOCK,)),
        ("Tue, 14 Nov 2023 22:03:20 GMT", "its clock is 600 s off this machine's", (CLOCK,)),
        ("", "its token is another one, or its clock is far off", (TOKEN, CLOCK)),
    ],
    ids=["same time", "no zone", "ahead", "behind", "no date"],
)
@pytest.mark.parametrize("health", ["ok", "not ok"])
def test_a_404_of_ivrkit_itself(date, found, mends, health):
    """It does not know who asks: the clock tells whether it is the token."""
    health = Response(200, (("Date", date),), json.dumps({"status": health}).encode())
    assert told(Response(404), pages={f"{PHONE}/healthz": health}) == (f"{KNOWS_NOT}: {found}", mends)


@pytest.mark.parametrize(
    ("base", "prefix", "other"),
    [
        (PHONE, "", "https://ivr.example.com"),
        ("https://ivr.example.com", "/phone", PHONE),
        (PHONE, "/v1", f"{PHONE}/v1"),
        (PHONE, "/v1", "https://ivr.example.com/v1"),
    ],
)
def test_a_404_because_ivrkit_is_under_another_path(base, prefix, other):
    """It is looked for where the host alone and the settings' prefix lead."""
    found, mends = told(Response(404), base, prefix, {f"{other}/healthz": HEALTHY})
    assert found == f"404: ivrkit answers at {other}, and not at {base}"
    assert mends[0] == f"give Twilio, and --url, {other}/webhook"
    front = base.removeprefix("https://ivr.example.com")
    assert mends[1] == f"nginx: location {front}/ {{ proxy_pass http://127.0.0.1:5000; }}"


@pytest.mark.parametrize(
    "health",
    [None, Response(404, body=b"not here"), Response(200, body=b"[]"), Response(200, body=b'{"status": "up"}')],
)
def test_a_404_of_whoever(health):
    """All that it can be is told: another path, another program, another token behind a proxy."""
    pages = {f"{PHONE}/healthz": health, "https://ivr.example.com/healthz": health}
    assert told(Response(404), pages=pages) == (
        (
            "404, and https://ivr.example.com/phone/healthz is not ivrkit's either: the path is another one, or "
            "another program answers"
        ),
        (
            "compare the path with url_prefix",
            *ROUTE,
            f"or the proxy passes on /phone/webhook alone, where Twilio asks what is below it too; then: {TOKEN}",
        ),
    )


@pytest.mark.parametrize(
    ("code", "kind", "mend"),
    [
        (11210, "other", "look for a mistake in the host's name, or give it an address in its DNS zone"),
        (11205, "ct", "start the server or its proxy, open the port in the firewall, or mend the port in the URL"),
        (11205, "rt", "Twilio waits no longer than 15 s: look at what the proxy waits for, and whether the app hangs"),
        (11206, "other", "look at what listens on this port: it does not speak HTTP as it should"),
        (11770, "other", "look at what listens on this port: it does not speak HTTP as it should"),
        (11220, "other", "nginx: listen 443 ssl;"),
        (11235, "other", "get a certificate for this very name"),
        (11236, "other", "renew the certificate, and let the proxy load it: nginx -s reload"),
        (
            11237,
            "other",
            "get a certificate that everybody trusts, and serve the whole chain: nginx: ssl_certificate fullchain.pem;",
        ),
    ],
)
def test_no_answer_at_all(code, kind, mend):
    """It is told as Twilio would, with the number of its error."""
    found = unreachable(address_of(PHONE, ""), Failure(code, kind, "it broke"))
    assert found.found == f"https://ivr.example.com: it broke (Twilio's error {code})"
    assert found.mends[0] == mend
