"""deploy/nginx.conf and deploy/Caddyfile in front of ``ivrkit serve`` and of gunicorn: signed calls over HTTPS.

The proxies are the real ones, with ports and paths filled in. The setting ``public_url`` is not set, so the server
knows the URL that Twilio signed only from the headers of the proxy.
"""

import os
import re
import signal
import ssl
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.deploy.conftest import Certificate, Start
from tests.deploy.nginx import nginx
from tests.deploy.slow_clients import HELD, slow_clients
from tests.processes import DEPLOY, PATIENCE, TOKEN, Running, ask, free_port, program, shipped, wait_until
from twilio.request_validator import RequestValidator

from ivrkit import Settings
from ivrkit.simulator import Simulator

pytestmark = [pytest.mark.deep, pytest.mark.acme]
THANKS = "Thank you. Somebody from sales will call you back today. Goodbye."
SERVE = pytest.param("serve", marks=pytest.mark.server, id="ivrkit-serve")


class Server(NamedTuple):
    """A server behind the proxies."""

    port: int
    running: Running
    folder: Path


class Site(NamedTuple):
    """A proxy in front of a server, with the URL that Twilio requests."""

    url: str
    folder: Path
    server: Server


@pytest.fixture(scope="module", params=[SERVE, "gunicorn"])
def server(request: pytest.FixtureRequest, start: Start, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Return a server on a free port, with the settings that deploy/README.md names."""
    port, folder = free_port(), tmp_path_factory.mktemp("server")
    commands = {
        "serve": ["ivrkit", "serve", "--port", str(port), "--workers", "2"],
        "gunicorn": ["gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py"), "--bind", f"127.0.0.1:{port}"],
    }
    environ = {
        "TWILIO_AUTH_TOKEN": TOKEN,
        "IVRKIT_TRUSTED_PROXIES": "1",
        "IVRKIT_SESSION_URL": f"sqlite:///{folder}/calls.sqlite3",
    }
    running = start(commands[request.param], f"http://127.0.0.1:{port}/healthz", environ, folder)
    return Server(port, running, folder)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def site(
    request: pytest.FixtureRequest,
    server: Server,
    certificate: Certificate,
    start: Start,
    tmp_path_factory: pytest.TempPathFactory,
) -> Site:
    """Return a proxy with TLS in front of a server, at https://localhost."""
    port, folder = free_port(), tmp_path_factory.mktemp(request.param)
    command = _COMMANDS[request.param](port, server.port, certificate, folder)
    url = f"https://localhost:{port}"
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    start(command, f"{url}/healthz", home, folder)
    return Site(url, folder, server)


def caddy(port: int, upstream_port: int, certificate: Certificate, folder: Path) -> list[str]:
    """Write the configuration of Caddy, and return its command line."""
    fill = {
        "127.0.0.1:5000": f"127.0.0.1:{upstream_port}",
        # Caddy must open no other port.
        "\tservers {\n": "\tadmin off\n\tauto_https disable_redirects\n\tservers {\n",
        "\nivr.example.com {\n": f"\nhttps://localhost:{port} {{\n\ttls {certificate.chain} {certificate.key}\n",
    }
    (folder / "Caddyfile").write_text(shipped("Caddyfile", fill), encoding="utf-8")
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


_COMMANDS: dict[str, Callable[[int, int, Certificate, Path], list[str]]] = {"nginx": nginx, "caddy": caddy}


def post_signed(url: str, params: dict[str, str], signed_url: str) -> tuple[int, str]:
    """Send a webhook to a URL with the signature of another one, and return status and text."""
    return ask(url, params, X_Twilio_Signature=RequestValidator(TOKEN).compute_signature(signed_url, params))


def webhook(index: int = 0) -> dict[str, str]:
    """Return the parameters of the first webhook of a call."""
    return {"CallSid": f"CA{os.getpid():08}{threading.get_ident():016}{index:08}"[:34], "CallStatus": "ringing"}


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_a_signed_call_reaches_its_end(site: Site, prefix: str):
    """A caller can leave a message and hear the goodbye, at the root of the site and below a prefix."""
    simulator = Simulator.for_url(
        f"{site.url}{prefix}/webhook",
        token=TOKEN,
        fallback_url=f"{prefix}/webhook/fallback",
        status_callback=f"{prefix}/webhook/status",
    )
    call = simulator.call().press("1").says("I need an anvil.").press("#")
    assert call.heard_last == THANKS
    assert call.ended is not None
    assert call.ended.reason == "hangup"
    assert call.warnings == []
    assert {urllib.parse.urlsplit(each.url).path for each in call.responses} == {f"{prefix}/webhook"}


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_a_get_webhook_is_answered_and_its_query_is_not_logged(site: Site, prefix: str):
    """The proxy passes the query on unchanged, so that the signature is valid, and logs neither digits nor CallSid."""
    simulator = Simulator.for_url(f"{site.url}{prefix}/webhook?a=%7e+b", method="GET", token=TOKEN)
    call = simulator.call(CallerName="Jürgen & Söhne + Co")
    assert "press one" in call.heard_last
    call.press("7")
    logged = "".join(path.read_text(encoding="utf-8") for path in site.folder.iterdir() if path.is_file())
    assert "Digits" not in logged
    assert call.sid not in logged


def test_a_wrong_signature_is_refused(site: Site):
    """A webhook with another account's token, with the signature of another URL, or without a signature gets 403."""
    call = Simulator.for_url(f"{site.url}/webhook", token="54321").call()
    assert [each.status for each in call.responses] == [403]
    assert post_signed(f"{site.url}/webhook", webhook(), signed_url="http://127.0.0.1:5000/webhook") == (
        403,
        "Forbidden\n",
    )
    assert post_signed(f"{site.url}/phone/webhook", webhook(), signed_url=f"{site.url}/webhook") == (403, "Forbidden\n")
    assert ask(f"{site.url}/webhook", webhook()) == (403, "Forbidden\n")


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_forged_forwarded_headers_are_ignored(site: Site, prefix: str):
    """The proxy replaces each X-Forwarded header of the request: it neither passes it on nor adds to it."""
    url = f"{site.url}{prefix}/webhook"
    signature = RequestValidator(TOKEN).compute_signature(url, webhook())
    forged = {
        "X_Forwarded_For": "192.0.2.1",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Host": "elsewhere.example",
        "X_Forwarded_Prefix": "/elsewhere",
    }
    assert ask(url, webhook(), X_Twilio_Signature=signature, **forged)[0] == 200
    elsewhere = RequestValidator(TOKEN).compute_signature("http://elsewhere.example/elsewhere/webhook", webhook())
    assert ask(url, webhook(), X_Twilio_Signature=elsewhere, **forged)[0] == 403


def test_a_body_over_the_limit_is_refused(site: Site):
    """A body over the limit is refused for its size; a body below it is refused for its signature only."""
    refusals = (413, 502, 0)  # Caddy may send 502, and either may close the connection before the whole body is sent
    # Without the header, the body would not be read, and the proxy may not get the response.
    forged = RequestValidator("54321").compute_signature(site.url, {})
    sizes = (Settings.max_body_bytes, Settings.max_body_bytes - 100)
    large, small = (ask(f"{site.url}/webhook", {"a": "b" * size}, X_Twilio_Signature=forged)[0] for size in sizes)
    assert large in refusals
    assert small == 403


def test_slow_clients_cost_other_callers_nothing(site: Site):
    """While 200 clients send the bodies of their webhooks slowly, the webhooks of Twilio are answered at once."""
    url = f"{site.url}/webhook"
    with slow_clients(url, HELD):
        seconds = _seconds_of_webhooks(url)
    # The limit is for a busy machine. Without the lines in the files, nobody gets an answer.
    assert max(seconds) < 4, seconds


@pytest.mark.parametrize("server", [SERVE], indirect=True)
def test_slow_clients_of_ivrkit_serve_cost_other_callers_nothing(server: Server):
    """Without a proxy, ``ivrkit serve`` reads slow bodies without a thread; gunicorn needs the proxy."""
    url = f"http://127.0.0.1:{server.port}/webhook"
    with slow_clients(url, HELD):
        assert max(_seconds_of_webhooks(url)) < 4


def _seconds_of_webhooks(url: str) -> list[float]:
    """Send webhooks one after the other, and return how long each one took."""
    seconds = []
    for number in range(20):
        start = time.monotonic()
        assert post_signed(url, webhook(number), signed_url=url)[0] == 200
        seconds.append(time.monotonic() - start)
    return seconds


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_a_header_with_a_path_is_not_the_path_of_the_app(site: Site, prefix: str):
    """A client cannot set the path at which the app is mounted."""
    url, params = f"{site.url}{prefix}/webhook", webhook()
    signature = RequestValidator(TOKEN).compute_signature(url, params)
    headers = {"X-Twilio-Signature": signature, "SCRIPT_NAME": "/x", "PATH_INFO": "/x"}
    request = urllib.request.Request(url, urllib.parse.urlencode(params).encode(), headers)
    with urllib.request.urlopen(request, timeout=PATIENCE, context=ssl.create_default_context()) as response:
        assert response.status == 200


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_the_health_check_is_reachable_through_the_proxy(site: Site, prefix: str):
    """A monitor on another machine can request /healthz."""
    assert ask(f"{site.url}{prefix}/healthz") == (200, '{"status":"ok","store":"ok"}\n')


def test_a_reload_interrupts_no_call(site: Site):
    """During a reload every webhook is answered; afterwards new processes with new settings continue the call."""
    call = Simulator.for_url(f"{site.url}/webhook", token=TOKEN).call()
    running = site.server.running
    before = running.processes
    company = f"Number {running.process.pid} of {site.url}"
    (site.server.folder / "ivrkit.toml").write_text(f'company = "{company}"\n', encoding="utf-8")
    statuses: list[int] = []
    finish = threading.Event()

    def send_webhooks() -> None:
        while not finish.is_set():
            url = f"{site.url}/webhook"
            statuses.append(post_signed(url, webhook(len(statuses)), signed_url=url)[0])

    thread = threading.Thread(target=send_webhooks)
    thread.start()
    try:
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(before - running.processes) >= 2, lambda: running.output)
        wait_until(lambda: len(running.processes) >= len(before), lambda: running.output)
        running.wait()
    finally:
        finish.set()
        thread.join()
    assert set(statuses) == {200}
    call.press("1").says("I need an anvil.").press("#")
    assert call.heard_last == THANKS, running.output
    assert company in Simulator.for_url(f"{site.url}/webhook", token=TOKEN).call().heard


# The values in the files.


def test_the_proxies_have_the_same_body_limit_as_ivrkit():
    """Both proxies refuse exactly the bodies that ivrkit would refuse."""
    (limit,) = re.findall(r"client_max_body_size (\d+)k;", shipped("nginx.conf"))
    assert int(limit) * 1024 == Settings.max_body_bytes
    (limit,) = re.findall(r"max_size (\d+)KiB", shipped("Caddyfile"))
    assert int(limit) * 1024 == Settings.max_body_bytes


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("nginx.conf", r"proxy_(?:connect|send|read)_timeout (\d+)s;"),
        ("Caddyfile", r"(?:dial|response_header)_timeout (\d+)s\n"),
    ],
)
def test_a_proxy_gives_up_before_twilio_does(name: str, limits: str):
    """The timeouts of a proxy add up to less than the 15 seconds that Twilio waits for a response."""
    found = re.findall(limits, shipped(name))
    assert len(found) >= 2
    assert sum(map(int, found)) < 15
