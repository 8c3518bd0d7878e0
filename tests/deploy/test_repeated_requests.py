"""deploy/nginx.conf with two servers: which requests nginx sends to the second one."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.deploy.conftest import Certificate, Start
from tests.deploy.nginx import nginx
from tests.processes import ask, free_port

pytestmark = pytest.mark.deep


class CrashingServer(ThreadingHTTPServer):
    """A server that answers /healthz, and closes the connection of each webhook without a response.

    If ``crashes`` is set to false, it answers webhooks too.
    """

    crashes = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: CrashingServer

    def do_GET(self) -> None:
        """Answer a health check, and no webhook."""
        if self.path != "/healthz":
            self.server.received.append(self.command)
            if self.server.crashes:
                return
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        """Handle a POST like a GET."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""


@pytest.fixture
def servers() -> Iterator[list[CrashingServer]]:
    """Return two servers on free ports."""
    servers = [CrashingServer(), CrashingServer()]
    threads = [threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.05}) for each in servers]
    for thread in threads:
        thread.start()
    yield servers
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def url(servers: list[CrashingServer], certificate: Certificate, start: Start, tmp_path: Path) -> str:
    """Return the URL of nginx in front of both servers."""
    port, (first, second) = free_port(), (each.server_port for each in servers)
    line = "    server 127.0.0.1:5000;"
    command = nginx(port, first, certificate, tmp_path, {line: f"{line}\n    server 127.0.0.1:{second};"})
    start(command, f"https://localhost:{port}/healthz", {"HOME": str(tmp_path)}, tmp_path)
    return f"https://localhost:{port}/webhook"


def test_a_post_that_was_received_is_not_sent_again(url: str, servers: list[CrashingServer]):
    """A POST that kills a worker reaches one server, and nginx answers 502, so that Twilio requests the fallback."""
    assert ask(url, {"CallSid": "CA1"})[0] == 502
    assert [*servers[0].received, *servers[1].received] == ["POST"]


def test_a_get_that_was_received_is_sent_again(url: str, servers: list[CrashingServer]):
    """A GET reaches both servers, as the comment in the file says: the number must be set to POST."""
    assert ask(f"{url}?CallSid=CA1")[0] == 502
    assert [*servers[0].received, *servers[1].received] == ["GET", "GET"]


def test_a_post_without_a_connection_is_sent_to_the_next_server(url: str, servers: list[CrashingServer]):
    """While one server does not run, the other one gets every POST."""
    servers[0].shutdown()
    servers[0].server_close()
    servers[1].crashes = False
    assert [ask(url, {"CallSid": "CA1"})[0] for _ in range(4)] == [200] * 4
    assert servers[1].received == ["POST"] * 4
