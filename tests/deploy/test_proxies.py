"""deploy/nginx.conf and deploy/Caddyfile in front of ``ivrkit serve`` and of gunicorn: calls over https, signed.

The proxies are the real ones, with ports and paths filled in. No public URL is set: what Twilio signed is known from
the headers of the proxy alone.
"""

import os
import re
import signal
import threading
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.deploy.conftest import Certificate, Start
from tests.deploy.nginx import nginx
from tests.processes import DEPLOY, TOKEN, Running, ask, free_port, program, shipped, wait_until
from twilio.request_validator import RequestValidator

from ivrkit.simulator import Simulator
from ivrkit.web.webhook import MAX_BODY_BYTES

pytestmark = [pytest.mark.deep, pytest.mark.acme]
THANKS = "Thank you. Somebody from sales will call you back today. Goodbye."
SERVE = pytest.param("serve", marks=pytest.mark.server, id="ivrkit-serve")


class Server(NamedTuple):
    """A server behind the proxies."""

    port: int
    running: Running
    folder: Path


class Site(NamedTuple):
    """What the world sees: a proxy in front of a server."""

    url: str
    folder: Path
    server: Server


@pytest.fixture(scope="module", params=[SERVE, "gunicorn"])
def server(request: pytest.FixtureRequest, start: Start, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server on a port of its own, with the settings that deploy/README.md names."""
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
    """A proxy with TLS in front of a server, at https://localhost."""
    port, folder = free_port(), tmp_path_factory.mktemp(request.param)
    command = _COMMANDS[request.param](port, server.port, certificate, folder)
    url = f"https://localhost:{port}"
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    start(command, f"{url}/healthz", home, folder)
    return Site(url, folder, server)


def caddy(port: int, behind: int, certificate: Certificate, folder: Path) -> list[str]:
    """Write what Caddy reads, and return its command line."""
    fill = {
        "127.0.0.1:5000": f"127.0.0.1:{behind}",
        "\nivr.example.com {\n": f"\nhttps://localhost:{port} {{\n\ttls {certificate.chain} {certificate.key}\n",
    }
    told = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"  # no other port is opened
    (folder / "Caddyfile").write_text(told + shipped("Caddyfile", fill), encoding="utf-8")
    return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


_COMMANDS: dict[str, Callable[[int, int, Certificate, Path], list[str]]] = {"nginx": nginx, "caddy": caddy}


def signed(url: str, params: dict[str, str], over: str) -> tuple[int, str]:
    """Ask with a signature over a URL."""
    return ask(url, params, X_Twilio_Signature=RequestValidator(TOKEN).compute_signature(over, params))


def webhook(number: int = 0) -> dict[str, str]:
    """Return the first webhook of a call."""
    return {"CallSid": f"CA{os.getpid():08}{threading.get_ident():016}{number:08}"[:34], "CallStatus": "ringing"}


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_a_signed_call_is_answered_to_its_end(site: Site, prefix: str):
    """The caller presses 1, leaves a message and hears the goodbye, at the root of the name and below a prefix."""
    number = Simulator.for_url(
        f"{site.url}{prefix}/webhook",
        token=TOKEN,
        fallback_url=f"{prefix}/webhook/fallback",
        status_callback=f"{prefix}/webhook/status",
    )
    call = number.call().press("1").says("I need an anvil.").press("#")
    assert call.heard_last == THANKS
    assert call.ended is not None
    assert call.ended.reason == "hangup"
    assert call.warnings == []
    assert {urllib.parse.urlsplit(each.url).path for each in call.responses} == {f"{prefix}/webhook"}


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_a_number_that_asks_by_get_is_answered_and_what_is_typed_is_in_no_log(site: Site, prefix: str):
    """The query arrives byte for byte, or its signature would not fit; and the proxy does not write it down."""
    number = Simulator.for_url(f"{site.url}{prefix}/webhook?a=%7e+b", method="GET", token=TOKEN)
    call = number.call(CallerName="Jürgen & Söhne + Co")
    assert "press one" in call.heard_last
    call.press("7")
    told = "".join(path.read_text(encoding="utf-8") for path in site.folder.iterdir() if path.is_file())
    assert "Digits" not in told
    assert call.sid not in told


def test_a_wrong_signature_is_refused(site: Site):
    """Neither another account's token nor another URL's signature is good, nor none at all."""
    call = Simulator.for_url(f"{site.url}/webhook", token="54321").call()
    assert [each.status for each in call.responses] == [403]
    assert signed(f"{site.url}/webhook", webhook(), over="http://127.0.0.1:5000/webhook") == (403, "Forbidden\n")
    assert signed(f"{site.url}/phone/webhook", webhook(), over=f"{site.url}/webhook") == (403, "Forbidden\n")
    assert ask(f"{site.url}/webhook", webhook()) == (403, "Forbidden\n")


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_what_a_stranger_says_of_hops_before_the_proxy_is_not_believed(site: Site, prefix: str):
    """Each header is the proxy's own: one that was sent is neither passed on nor added to."""
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


def test_what_is_larger_than_any_webhook_is_refused(site: Site):
    """A body over the limit is not taken; one below it is judged by its signature."""
    refusals = (413, 502, 0)  # Caddy may say 502, and who refuses may end the connection while all of it is being sent
    assert ask(f"{site.url}/webhook", {"a": "b" * MAX_BODY_BYTES})[0] in refusals
    assert ask(f"{site.url}/webhook", {"a": "b" * (MAX_BODY_BYTES - 100)})[0] == 403


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_whether_it_is_well_can_be_asked_through_the_proxy(site: Site, prefix: str):
    """A monitor outside sees what the host says of itself."""
    assert ask(f"{site.url}{prefix}/healthz") == (200, '{"status":"ok","store":"ok"}\n')


def test_a_call_goes_on_over_a_reload_and_nobody_is_turned_away(site: Site):
    """New processes, which read everything anew, answer the next webhook of a call that began with the old ones."""
    call = Simulator.for_url(f"{site.url}/webhook", token=TOKEN).call()
    running = site.server.running
    before = running.processes
    company = f"Number {running.process.pid} of {site.url}"
    (site.server.folder / "ivrkit.toml").write_text(f'company = "{company}"\n', encoding="utf-8")
    answered: list[int] = []
    enough = threading.Event()

    def others() -> None:
        while not enough.is_set():
            url = f"{site.url}/webhook"
            answered.append(signed(url, webhook(len(answered)), over=url)[0])

    thread = threading.Thread(target=others)
    thread.start()
    try:
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(before - running.processes) >= 2, lambda: running.output)
        wait_until(lambda: len(running.processes) >= len(before), lambda: running.output)
        running.wait()
    finally:
        enough.set()
        thread.join()
    assert set(answered) == {200}
    call.press("1").says("I need an anvil.").press("#")
    assert call.heard_last == THANKS, running.output
    assert company in Simulator.for_url(f"{site.url}/webhook", token=TOKEN).call().heard


# What the files say of themselves.


def test_the_limit_of_the_proxies_is_that_of_the_host():
    """What the host would take passes, and what it would refuse does not get there."""
    (limit,) = re.findall(r"client_max_body_size (\d+)k;", shipped("nginx.conf"))
    assert int(limit) * 1024 == MAX_BODY_BYTES
    (limit,) = re.findall(r"max_size (\d+)KB", shipped("Caddyfile"))
    assert int(limit) * 1000 == MAX_BODY_BYTES


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("nginx.conf", r"proxy_(?:connect|send|read)_timeout (\d+)s;"),
        ("Caddyfile", r"(?:dial|response_header)_timeout (\d+)s\n"),
    ],
)
def test_a_proxy_gives_up_before_twilio_does(name: str, limits: str):
    """A failure that Twilio is told of takes the call to the fallback sooner than one that it has to wait for."""
    found = re.findall(limits, shipped(name))
    assert len(found) >= 2
    assert sum(map(int, found)) < 15
