"""Dev mode without a token answers programs on this machine only: no web page, no tunnel and no proxy.

The requests go over HTTP to a server on the loopback address.
"""

import re

import pytest
from tests.web.sample_trees import sessions_of
from tests.web.webhook_calls import new_sid, over_http, serving, twilio_params
from werkzeug.test import create_environ
from werkzeug.wrappers import Request

from ivrkit.web.local_requests import foreign_reason

FIX = (
    "and no auth token is set: set TWILIO_AUTH_TOKEN to your account's auth token, to verify requests from other "
    "machines"
)
PAGES = ["webhook", "webhook/status", "webhook/fallback", "webhook/whisper", "webhook/wait"]


@pytest.fixture
def base(make_app):
    """Return the base URL of a server in dev mode without a token."""
    app = make_app(auth_token=(), dev=True)
    with serving(app, sessions_of(app)) as url:
        yield url


def post(base, page="webhook", **headers):
    """Send a webhook, and return the status and the text of the response."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = f"CallSid={new_sid()}&CallStatus=completed".encode()
    answer = over_http("POST", f"{base}/{page}", body, {**form, **named})
    return answer.status, answer.body.decode()


def test_a_host_of_this_machine_is_answered(base):
    """A request is answered if its ``Host`` is ``localhost`` or a loopback address, with or without a port."""
    for host in ("localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "[::1]"):
        assert [post(base, Host=host + port)[0] for port in ("", ":5000")] == [200, 200]


@pytest.mark.parametrize(
    "host", ["evil.example:5000", "localhost.evil.example", "192.168.1.2", "0.0.0.0", "127.0.0.1.nip.io", "[::2]"]
)
def test_a_host_of_another_machine_is_refused(base, host):
    """A request through a tunnel for plain TCP, or of a page with a rebound name, is refused by its ``Host``."""
    refusal = f"the request has the Host {host!r}, not localhost, 127.0.0.1 or [::1] {FIX}\n"
    for page in PAGES:
        assert post(base, page, Host=host) == (403, refusal)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://localhost:3000"),
        ("Referer", "https://evil.example/page"),
        ("Referer", "http://localhost.evil.example/"),
    ],
)
def test_a_request_of_a_web_page_is_refused(base, header, value):
    """A form, an image or a script of a page on another site is refused by the headers that browsers add."""
    refusal = f"the request is from a web page of another site ({header}: {value}) {FIX}\n"
    for page in PAGES:
        assert post(base, page, **{header: value}) == (403, refusal)


def test_an_image_of_a_web_page_is_refused(base):
    """A GET with the parameters in the query is refused like a POST if a web page of another site caused it."""
    for page in PAGES:
        url = f"{base}/{page}?CallSid={new_sid()}&CallStatus=ringing"
        assert over_http("GET", url, b"", {"Sec-Fetch-Site": "cross-site"}).status == 403
        assert over_http("GET", url, b"", {"Referer": "https://evil.example/"}).status == 403


def test_a_page_of_the_app_itself_is_answered(base):
    """A request of a page that the app itself serves is answered."""
    assert post(base, Origin=base, Referer=f"{base}/page?a", **{"Sec-Fetch-Site": "same-origin"})[0] == 200
    assert post(base, **{"Sec-Fetch-Site": "none"})[0] == 200


#: The headers of proxies and tunnels in the attack, and others that are documented by their makers.
FORWARDING = """
    Akamai-Origin-Hop CDN-Loop CF-Connecting-IP CF-IPCountry CF-Ray CF-Visitor CloudFront-Viewer-Address
    Client-IP Fastly-Client-IP Fastly-SSL Fly-Client-IP Fly-Forwarded-Port Fly-Region Forwarded Forwarded-For
    Incap-Client-IP Ngrok-Skip-Browser-Warning Proxy-Client-IP Rndr-Id Tailscale-User-Login True-Client-IP Via
    WL-Proxy-Client-IP X-Akamai-Edgescape X-Amz-Cf-Id X-Amzn-Trace-Id X-Appengine-User-IP X-Arr-Log-Id
    X-Azure-ClientIP X-Azure-FDID X-Bluecoat-Via X-Client-IP X-Cloud-Trace-Context X-Cluster-Client-IP
    X-Envoy-External-Address X-FD-HealthProbe X-Forwarded X-Forwarded-For X-Forwarded-Host X-Forwarded-Port
    X-Forwarded-Proto X-Forwarded-Ssl X-Host X-Http-Host-Override X-NF-Client-Connection-IP
    X-Original-Forwarded-For X-Original-Host X-Original-URL X-Pinggy-No-Screen X-ProxyUser-IP X-Railway-Edge
    X-Real-IP X-Remote-Addr X-Remote-IP X-Replit-User-Id X-Request-Start X-Rewrite-URL X-Scheme X-Served-By
    X-Sucuri-ClientIP X-Tunnel-Authorization X-Url-Scheme X-Varnish X-Vercel-Forwarded-For X-WAWS-Unencoded-URL
    x-forwarded-server
"""


def test_a_forwarded_request_is_refused(base):
    """A request with a header that only proxies and tunnels set is refused, with the name of the header."""
    for header in FORWARDING.split():
        status, text = post(base, **{header: "1"})
        assert (status, text) == (403, f"the request was forwarded (it has the header {header.title()}) {FIX}\n")


@pytest.mark.parametrize("header", ["X-Request-Id", "Forwarded-By", "X-Forwarde", "Accept-Language", "Traceparent"])
def test_other_headers_are_ignored(base, header):
    """A header that local programs set, or with a similar name, does not make a request a forwarded one."""
    assert post(base, **{header: "1"})[0] == 200


def test_a_webhook_of_twilio_has_no_header_of_a_browser(base):
    """The headers that Twilio sends are accepted."""
    headers = {"User_Agent": "TwilioProxy/1.1", "Accept": "*/*", "X_Home_Region": "us1", "Connection": "close"}
    assert post(base, **headers, I_Twilio_Idempotency_Token="a")[0] == 200


@pytest.mark.parametrize("host", ["[1:2:3]", "[::1", "[", "", "a b", ":5000"])
def test_an_invalid_host_is_not_of_this_machine(host):
    """A ``Host`` that names no host is not of this machine, and raises no error."""
    environ = create_environ("/webhook", environ_overrides={"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": host})
    request = Request(environ)
    reason = foreign_reason(request)
    assert reason == f"the request has the Host {request.host!r}, not localhost, 127.0.0.1 or [::1]"


def test_a_forged_log_line(make_app, logged):
    """A line break in a header of a refused request is escaped in the log."""
    app = make_app(auth_token=(), dev=True)
    logged()
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_ORIGIN": "a\nb", "HTTP_HOST": "localhost"}
    answer = app.test_client().post("/webhook", data=twilio_params(new_sid()), environ_overrides=environ)
    assert answer.status_code == 403
    (line,) = logged()
    assert re.search(r"\(Origin: a\\nb\)", line)
