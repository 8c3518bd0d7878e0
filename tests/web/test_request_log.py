"""The log of refused and misdirected requests: each reason has its line, and a flood has few."""

import pytest
from tests.web.conftest import REFUSED, WEBHOOK
from tests.web.webhook_calls import FORGED_SIGNATURE, SID, WebhookCall, in_process, sign, twilio_params
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, create_environ
from werkzeug.wrappers import Request

from ivrkit import Settings
from ivrkit.host.rate_limit import MAX_LINES, PERIOD, RateLimit
from ivrkit.simulator import Simulator
from ivrkit.web import Ivrkit
from ivrkit.web.request_log import RequestLog
from ivrkit.web.request_verifier import RequestVerifier

SITE = "https://ivr.example.com"
ANYBODY = "from an unknown address:"
PASS_HOST = "let the proxy pass on the public host name, and add it to TRUSTED_HOSTS if the app has this setting"
SET_METHOD = "choose HTTP POST in Twilio's console"


@pytest.fixture
def requested(make_app, logged):
    """Return a function that sends a request to an app and returns the status and the lines of the log."""

    def request(method, path, *, signed=True, app=None, **settings):
        app = app or make_app(**settings)
        logged()
        headers = {"X-Twilio-Signature": FORGED_SIGNATURE} if signed else {}
        return in_process(app)(method, f"{SITE}{path}", b"", headers).status, logged()

    return request


def test_a_flood_has_few_lines(make_app, logged):
    """A flood of refusals logs five lines in a minute, and hides no refusal for another reason."""
    send = in_process(make_app())
    logged()
    for _ in range(MAX_LINES + 20):
        assert send("POST", WEBHOOK, b"", {}).status == 403
    assert len(logged()) == MAX_LINES
    send("POST", WEBHOOK, b"", {"X-Twilio-Signature": FORGED_SIGNATURE})
    (line,) = logged()
    assert line.startswith(f"{REFUSED}X-Twilio-Signature does not match ")


def test_the_line_after_a_flood_has_the_number_of_dropped_lines(logged):
    """The first line after a flood says how many lines were not logged."""
    now = [0.0]
    request_log = RequestLog(RequestVerifier(Settings(auth_token="12345")), RateLimit(lambda: now[0]))
    request = Request(create_environ("/webhook?Digits=4711", SITE, environ_base={"REMOTE_ADDR": "203.0.113.9"}))
    for _ in range(MAX_LINES + 4312):
        request_log.warn(request, 403, "it is 100 % wrong: fix it", reason="signed")
    assert len(logged()) == MAX_LINES
    now[0] = PERIOD
    request_log.warn(request, 403, "it is 100 % wrong: fix it", reason="signed")
    assert logged() == [
        "WARNING 403 GET /webhook from 203.0.113.9: it is 100 % wrong: fix it (4,312 more were not logged)"
    ]


@pytest.mark.parametrize("path", ["/webhooks", "/Webhook", "/web-hook", "/webhook/stauts", "/phone/webhook"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_path_like_the_webhooks_is_logged(requested, path, signed):
    """A 404 at a path that looks like the webhook's is logged with the path to set, signed or not."""
    status, (line,) = requested("POST", path, signed=signed)
    assert status == 404
    assert line == (
        f"WARNING 404 POST {path} {ANYBODY} no page has this path: set the URL in Twilio's console to the webhook's "
        "path, /webhook"
    )


def test_a_signed_request_for_any_other_path_is_logged(requested):
    """A 404 of a request with Twilio's signature is logged at every path, and other requests there are not."""
    assert requested("POST", "/", signed=False) == (404, [])
    assert requested("GET", "/voice?Digits=4711", signed=False) == (404, [])
    status, (line,) = requested("GET", "/voice?Digits=4711", url_prefix="/phone")
    assert status == 404
    assert line == (
        f"WARNING 404 GET /voice {ANYBODY} no page has this path: set the URL in Twilio's console to the webhook's "
        "path, /phone/webhook"
    )


def test_a_path_with_a_slash_too_many_is_logged(requested):
    """Flask redirects a path with two slashes in the middle, which Twilio does not follow; the log has the fix."""
    status, (line,) = requested("POST", "/phone//webhook", url_prefix="/phone")
    assert status == 308
    assert line == (
        f"WARNING 308 POST /phone//webhook {ANYBODY} the path has a slash too many: set the URL in Twilio's console to "
        "the webhook's path, /phone/webhook"
    )


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/webhook"), ("DELETE", "/webhook/status"), ("PATCH", "/webhook/fallback")]
)
def test_a_wrong_method_is_logged(requested, method, path):
    """A 405 at an endpoint is logged with the method to choose."""
    assert requested(method, path, signed=False) == (
        405,
        [f"WARNING 405 {method} {path} {ANYBODY} this path does not answer {method}: {SET_METHOD}"],
    )


def test_a_rejected_proof_of_the_doctor_is_logged(requested):
    """The 404 of the doctor's page does not say so to the sender, but the log says why."""
    status, (line,) = requested("POST", "/webhook/doctor", signed=False)
    assert status == 404
    assert line == (
        f"WARNING 404 POST /webhook/doctor {ANYBODY} no valid proof of the auth token: if ivrkit doctor sent this, set "
        "the same TWILIO_AUTH_TOKEN here and there, and synchronize both clocks"
    )


def test_two_phone_trees_log_a_missed_request_once(requested, make_app):
    """In an app with two phone trees, a request that missed both is one line with both paths."""
    app = make_app(url_prefix="/sales")
    Ivrkit(app, name="help", auth_token="12345", url_prefix="/help", session_url="cookie:", block="acme-states")
    _, (line,) = requested("POST", "/webhook", app=app)
    assert line.endswith("set the URL in Twilio's console to the webhook's path, /sales/webhook or /help/webhook")


def test_the_path_of_the_mount_is_logged(requested, make_app):
    """Below a mount, the log has the path as the client requested it, and the webhook's whole path."""
    app = DispatcherMiddleware(None, {"/my lines": make_app(url_prefix="/phone")})
    _, (line,) = requested("POST", "/my%20lines/webhook", app=app)
    assert line.startswith(f"WARNING 404 POST /my%20lines/webhook {ANYBODY} no page has this path: ")
    assert line.endswith(", /my%20lines/phone/webhook")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({}, "CallSid is missing: use this URL for voice webhooks only"),
        (
            {"MessageSid": "SM1", "SmsSid": "SM1"},
            "a text message arrived: in Twilio's console, set another URL for messaging than for voice",
        ),
    ],
)
def test_a_request_about_no_call_is_logged(new_call, logged, more, message):
    """A signed request without CallSid is logged; that of a text message says so."""
    call = new_call(dev=False)
    logged()
    assert call.send(WEBHOOK, {"CallSid": "", **more}).status == 400
    assert logged() == [f"WARNING 400 POST /webhook {ANYBODY} {message}"]


def test_the_address_behind_a_proxy_is_logged(make_app, logged):
    """Behind a trusted proxy, the line has the address of the client, not that of the proxy."""
    app = make_app(trusted_proxies=1)
    logged()
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Prefix": "/phone"}
    in_process(app)("POST", WEBHOOK, b"", headers)
    (line,) = logged()
    assert line.startswith("WARNING 403 POST /phone/webhook from 203.0.113.9: no X-Twilio-Signature ")


def test_a_request_forges_no_line(make_app, logged):
    """Control characters in a request are escaped in its line."""
    app = make_app()
    logged()
    Client(app).open("/webhook/x%0aWARNING forged", method="POST", base_url=SITE)
    (line,) = logged()
    assert "\n" not in line
    assert line.startswith("WARNING 404 POST /webhook/x%0aWARNING forged from ")


@pytest.mark.parametrize("name", ["ErrorCode", "ErrorUrl"])
def test_a_signed_request_forges_no_line(new_call, logged, name):
    """A line break in a parameter of a signed request is escaped, and a long parameter is cut."""
    call = new_call(dev=False)
    logged()
    forged = "/webhook\u2028\v2026-01-01 00:00:00 INFO ivrkit.calls: forged " + "x" * 10_000
    assert call.send(f"{WEBHOOK}/fallback", {name: forged}).status == 200
    (line,) = logged()
    assert "\\u2028\\x0b2026-01-01" in line
    assert line.splitlines() == [line]
    assert len(line) < 600


def test_a_long_line_is_cut(make_app, logged):
    """A line about a long URL is cut, so that a flood of long URLs does not fill the disk."""
    app = make_app()
    logged()
    assert in_process(app)("GET", f"{WEBHOOK}?{'x' * 60_000}", b"", {}).status == 403
    (line,) = logged()
    assert line.startswith(f"{REFUSED.replace('POST', 'GET')}no X-Twilio-Signature for ")
    assert line.endswith("x... (60,149 characters)")
    assert len(line) < 2_100


def test_a_flood_of_invented_signatures_hides_no_request_of_twilio(make_app, logged):
    """Requests with impossible signatures are counted with the unsigned ones, and do not use up the lines of others."""
    send = in_process(make_app())
    logged()
    for _ in range(MAX_LINES + 5):
        send("POST", f"{SITE}/webhooks", b"", {"X-Twilio-Signature": "x"})
        send("POST", WEBHOOK, b"", {"X-Twilio-Signature": "x"})
    assert len(logged()) == 2 * MAX_LINES
    send("POST", f"{SITE}/webhooks", b"", {"X-Twilio-Signature": FORGED_SIGNATURE})
    send("POST", WEBHOOK, b"", {"X-Twilio-Signature": FORGED_SIGNATURE})
    assert len(logged()) == 2


@pytest.mark.parametrize("host", ["a" * 300, "a..b"])
def test_a_host_that_flask_refuses_is_logged(make_app, logged, host):
    """A 400 of Flask because of the ``Host`` header is logged with the header."""
    app = make_app()
    logged()
    client = Client(lambda environ, start: app({**environ, "HTTP_HOST": host}, start), use_cookies=False)
    assert client.post("/webhook", SITE).status_code == 400
    assert logged() == [f"WARNING 400 POST /webhook {ANYBODY} the host {host!r} is not accepted: {PASS_HOST}"]


@pytest.mark.parametrize(
    ("path", "status", "effect"),
    [
        ("status", 204, "a call came in at the URL for status callbacks, so the caller hears nothing"),
        ("fallback", 200, "a call came in at the fallback URL, so the caller hears an apology"),
    ],
)
def test_a_call_at_another_endpoint_is_logged(new_call, logged, path, status, effect):
    """A call whose number is set to another endpoint is logged with the path that answers calls."""
    call = new_call()
    logged()
    assert call.send(f"{WEBHOOK}/{path}", status="ringing").status == status
    (line,) = logged()
    assert line == (
        f'WARNING {status} POST /webhook/{path} {ANYBODY} {effect}: set "A call comes in" in Twilio\'s console to the '
        "path that ends with /webhook"
    )


def test_a_status_callback_of_a_ringing_call_is_no_call(new_call, logged):
    """A progress event of an outbound call is a status callback, and nothing is logged."""
    call = new_call()
    logged()
    progress = {"CallbackSource": "call-progress-events", "SequenceNumber": "1"}
    assert call.send(f"{WEBHOOK}/status", progress, status="ringing").status == 204
    assert logged() == []


# A slash at the end of the URL.

SLASH = "the URL ends with a slash: remove it in Twilio's console"
REDIRECTED = "the URL ends with a slash, so Twilio needs one more request: remove it in Twilio's console"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_to_a_url_with_a_slash_goes_on(make_app, logged, method):
    """A webhook with a slash at its end leads the caller to the webhook without it, and the log says what to fix."""
    app = make_app(dev=True)
    logged()
    simulator = Simulator.for_app(app, "/webhook/", token="12345", method=method)
    call = simulator.call()
    assert "press one" in call.heard_last
    call.press("2")
    assert [each.status for each in call.responses] == [200, 200, 200]
    assert call.warnings == []
    assert logged() == [f"WARNING 200 {method} /webhook/ from 127.0.0.1: {REDIRECTED}"]


def test_a_fallback_with_a_slash_leads_back_to_the_webhook(make_app, logged):
    """The redirect of a fallback URL with a slash at its end is relative to that URL."""
    call = WebhookCall(in_process(make_app(dev=True)), WEBHOOK)
    call.dial()
    logged()
    call.request_document(f"{WEBHOOK}/fallback/", {"ErrorUrl": WEBHOOK, "ErrorCode": "11200"})
    assert logged()[0] == f"WARNING 200 POST /webhook/fallback/ {ANYBODY} {SLASH}"
    assert call.follow_redirect().state == "menu"
    assert call.url == f"{WEBHOOK}?again=1"


def test_a_status_callback_with_a_slash_ends_the_call(new_call, logged):
    """A status callback to a URL with a slash at its end is recorded like any other."""
    call = new_call()
    call.dial()
    logged()
    assert call.send(f"{WEBHOOK}/status/", status="completed").status == 204
    assert logged() == [f"WARNING 204 POST /webhook/status/ {ANYBODY} {SLASH}"]
    assert call.send(WEBHOOK).verbs == []


def test_two_slashes_at_the_beginning_are_signed_as_they_are(make_app):
    """The signature of a URL with two slashes covers both, and the call goes on."""
    params = twilio_params(SID)
    signed = {"X-Twilio-Signature": sign(f"{SITE}//webhook", params.items())}
    response = Client(make_app()).post(
        "/", SITE, data=params, headers=signed, environ_overrides={"PATH_INFO": "//webhook"}
    )
    assert response.status_code == 200
