"""docs/how-to/grow.md: two servers behind nginx share a session store, and calls move from one store to another."""

from pathlib import Path

import pytest
from tests.deploy.conftest import Certificate, Start
from tests.deploy.nginx import nginx
from tests.processes import TOKEN, Running, free_port

from ivrkit.simulator import Assumptions, Simulator

pytestmark = [pytest.mark.deep, pytest.mark.acme, pytest.mark.server, pytest.mark.stores]
SHARED_STORES = ["redis", "postgresql"]


@pytest.fixture
def start_server(start: Start, tmp_path: Path):
    """Return a function that starts ``ivrkit serve`` on a port with a session store."""

    def make(port: int, session_url: str) -> Running:
        environ = {
            "TWILIO_AUTH_TOKEN": TOKEN,
            "IVRKIT_TRUSTED_PROXIES": "1",
            "IVRKIT_SESSION_URL": session_url,
        }
        folder = tmp_path / f"server-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        command = ["ivrkit", "serve", "--port", str(port)]
        return start(command, f"http://127.0.0.1:{port}/healthz", environ, folder)

    return make


@pytest.fixture
def start_nginx(start: Start, certificate: Certificate, tmp_path: Path):
    """Return a function that starts nginx in front of two ports, and returns the URL of the webhook."""

    def make(first_port: int, second_port: int) -> str:
        port, folder = free_port(), tmp_path / "nginx"
        folder.mkdir()
        line = "    server 127.0.0.1:5000;"
        replaced = {line: f"{line}\n    server 127.0.0.1:{second_port};"}
        command = nginx(port, first_port, certificate, folder, replaced)
        start(command, f"https://localhost:{port}/healthz", {"HOME": str(folder)}, folder)
        return f"https://localhost:{port}/webhook"

    return make


def answered_turns(server: Running, sid: str) -> int:
    """Return the number of turns of a call that a server has answered."""
    return server.output.count(f"call {sid} turn ")


@pytest.mark.parametrize("store_name", SHARED_STORES)
@pytest.mark.parametrize("cookies", [True, False])
def test_any_server_can_answer_a_call(start_server, start_nginx, session_url_of, store_name: str, cookies: bool):
    """Both servers answer webhooks of a call; after one has ended, the other answers all, with and without cookies."""
    session_url, ports = session_url_of(store_name), (free_port(), free_port())
    servers = [start_server(port, session_url) for port in ports]
    simulator = Simulator.for_url(start_nginx(*ports), token=TOKEN, assumptions=Assumptions(cookies=cookies))
    call = simulator.call()
    for _ in range(4):
        assert "press one" in call.press("9").heard_last
    assert min(answered_turns(each, call.sid) for each in servers) >= 1
    assert sum(answered_turns(each, call.sid) for each in servers) == 5
    servers[0].clear()
    for _ in range(4):
        assert "press one" in call.press("9").heard_last
    assert sum(answered_turns(each, call.sid) for each in servers) == 9
    assert "After the tone" in call.press("1").heard_last
    assert call.warnings == []


@pytest.mark.parametrize("store_name", SHARED_STORES)
def test_calls_move_to_another_store_with_their_cookies(start_server, start_nginx, session_url_of, store_name: str):
    """A call goes on after its server was restarted with an empty store, because its cookie has the session."""
    ports = (free_port(), free_port())
    before = start_server(ports[0], session_url_of("sqlite"))
    simulator = Simulator.for_url(start_nginx(*ports), token=TOKEN)
    call = simulator.call()
    assert "press one" in call.press("9").heard_last
    before.clear()
    after = start_server(ports[0], session_url_of(store_name))
    assert "After the tone" in call.press("1").heard_last
    assert answered_turns(after, call.sid) == 1
    assert call.warnings == []
