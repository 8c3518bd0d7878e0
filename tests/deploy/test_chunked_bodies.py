"""Bodies in chunks, as tunnels and some proxies send them: through each server, and through a proxy that streams.

Each request is sent over a socket of its own, so that the chunks are really on the wire.
"""

import http.client
import os
import ssl
import urllib.parse
from collections.abc import Mapping
from contextlib import closing, suppress

import pytest
from tests.deploy.conftest import Certificate, Start
from tests.deploy.nginx import nginx
from tests.processes import DEPLOY, PATIENCE, TOKEN, Running, free_port, wait_until
from twilio.request_validator import RequestValidator

from ivrkit import Settings

pytestmark = pytest.mark.deep
SERVE = pytest.param("serve", marks=pytest.mark.server, id="ivrkit-serve")
FLASK = pytest.param("flask", id="flask-run")


@pytest.fixture(scope="module", params=[SERVE, "gunicorn", FLASK])
def server(request: pytest.FixtureRequest, start: Start, tmp_path_factory: pytest.TempPathFactory) -> Running:
    """Return a server on a free port."""
    port, folder = free_port(), tmp_path_factory.mktemp("server")
    commands = {
        "serve": ["ivrkit", "serve", "--port", str(port)],
        "gunicorn": ["gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py"), "--bind", f"127.0.0.1:{port}"],
        "flask": ["flask", "--app", "ivrkit.web:create_server_app()", "run", "--port", str(port)],
    }
    environ = {
        "TWILIO_AUTH_TOKEN": TOKEN,
        "IVRKIT_TRUSTED_PROXIES": "1",
        "IVRKIT_SESSION_URL": f"sqlite:///{folder}/calls.sqlite3",
    }
    return start(commands[request.param], f"http://127.0.0.1:{port}/healthz", environ, folder)


@pytest.fixture(scope="module")
def streaming_proxy(
    server: Running, certificate: Certificate, start: Start, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Return the URL of nginx in front of the server. It passes each chunk on at once."""
    port, folder = free_port(), tmp_path_factory.mktemp("nginx")
    upstream = urllib.parse.urlsplit(server.health).port
    assert upstream
    streaming = {"proxy_request_buffering on;": "proxy_request_buffering off;"}
    start(nginx(port, upstream, certificate, folder, streaming), f"https://localhost:{port}/healthz", None, folder)
    return f"https://localhost:{port}/webhook"


def send_in_chunks(url: str, params: Mapping[str, str]) -> tuple[int, str]:
    """Send a signed webhook in chunks of 1,000 bytes, and return status and text."""
    parts, body = urllib.parse.urlsplit(url), urllib.parse.urlencode(params).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, params),
    }
    assert parts.hostname
    connection = (
        http.client.HTTPSConnection(parts.hostname, parts.port, timeout=PATIENCE, context=ssl.create_default_context())
        if parts.scheme == "https"
        else http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
    )
    chunks = (body[start : start + 1000] for start in range(0, len(body), 1000))
    with closing(connection):
        with suppress(ConnectionError):  # the server refuses the body before all of it was sent
            connection.request("POST", parts.path, chunks, headers, encode_chunked=True)
        response = connection.getresponse()
        return response.status, response.read().decode()


def webhook(**more: str) -> dict[str, str]:
    """Return the parameters of the first webhook of a call."""
    return {"CallSid": f"CA{os.urandom(16).hex()}", "CallStatus": "ringing", **more}


@pytest.mark.parametrize("size", [0, 60_000])
def test_a_server_answers_a_body_in_chunks(server: Running, size: int):
    """A webhook in chunks is answered with TwiML: a few bytes, or many chunks."""
    url = server.health.replace("/healthz", "/webhook")
    status, text = send_in_chunks(url, webhook(CallerName="x" * size))
    assert (status, "<Gather" in text) == (200, True), server.output


def test_a_body_in_chunks_over_the_limit_is_refused(server: Running):
    """A body in chunks is read up to the limit; above it, the webhook is refused and the log has the reason."""
    url = server.health.replace("/healthz", "/webhook")
    with suppress(ConnectionError):  # a server may close the connection with the rest of the body unread
        assert send_in_chunks(url, webhook(CallerName="x" * Settings.max_body_bytes))[0] == 413
    wait_until(lambda: "413 POST /webhook from 127.0.0.1: the body has more than 65,536 bytes" in server.output)


def test_a_proxy_that_streams_bodies_works(streaming_proxy: str, server: Running):
    """With `proxy_request_buffering off;`, nginx passes the chunks on, and the webhook is answered."""
    status, text = send_in_chunks(streaming_proxy, webhook())
    assert (status, "<Gather" in text) == (200, True), server.output
