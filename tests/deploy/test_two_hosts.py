"""docs/how-to/grow.md: two hosts on two ports behind nginx, which share a store; and the move to it."""

from pathlib import Path

import pytest
from tests.deploy.conftest import Certificate, Start
from tests.deploy.nginx import nginx
from tests.processes import TOKEN, Running, free_port

from ivrkit.simulator import Assumptions, Simulator

pytestmark = [pytest.mark.deep, pytest.mark.acme, pytest.mark.server, pytest.mark.stores]
SHARED = ["redis", "postgresql"]


@pytest.fixture
def host(start: Start, tmp_path: Path):
    """Return what starts a host on a port, with its calls in a store."""

    def make(port: int, session_url: str) -> Running:
        environ = {
            "TWILIO_AUTH_TOKEN": TOKEN,
            "IVRKIT_TRUSTED_PROXIES": "1",
            "IVRKIT_SESSION_URL": session_url,
        }
        folder = tmp_path / f"host-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        command = ["ivrkit", "serve", "--port", str(port)]
        return start(command, f"http://127.0.0.1:{port}/healthz", environ, folder)

    return make


@pytest.fixture
def front(start: Start, certificate: Certificate, tmp_path: Path):
    """Return what starts nginx in front of two ports: a line for each, as the page says."""

    def make(one: int, other: int) -> str:
        port, folder = free_port(), tmp_path / "nginx"
        folder.mkdir()
        line = "    server 127.0.0.1:5000;"
        more = {line: f"{line}\n    server 127.0.0.1:{other};"}
        command = nginx(port, one, certificate, folder, more)
        start(command, f"https://localhost:{port}/healthz", {"HOME": str(folder)}, folder)
        return f"https://localhost:{port}/webhook"

    return make


def answered(host: Running, sid: str) -> int:
    """Return how many turns of a call a host has answered."""
    return host.output.count(f"call {sid} turn ")


@pytest.mark.parametrize("kind", SHARED)
@pytest.mark.parametrize("cookies", [True, False])
def test_a_call_belongs_to_no_host(host, front, session_url_of, kind: str, cookies: bool):
    """Each answers some of its webhooks; when one is gone, the other answers all."""
    store, ports = session_url_of(kind), (free_port(), free_port())
    hosts = [host(port, store) for port in ports]
    number = Simulator.for_url(front(*ports), token=TOKEN, assumptions=Assumptions(cookies=cookies))
    call = number.call()
    for _ in range(4):
        assert "press one" in call.press("9").heard_last
    assert min(answered(each, call.sid) for each in hosts) >= 1
    assert sum(answered(each, call.sid) for each in hosts) == 5
    hosts[0].clear()
    for _ in range(4):
        assert "press one" in call.press("9").heard_last
    assert sum(answered(each, call.sid) for each in hosts) == 9
    assert "After the tone" in call.press("1").heard_last
    assert call.warnings == []


@pytest.mark.parametrize("kind", SHARED)
def test_calls_move_to_another_store_with_their_cookies(host, front, session_url_of, kind: str):
    """The setting is changed and the host started anew, while somebody listens to the menu."""
    ports = (free_port(), free_port())
    before = host(ports[0], session_url_of("sqlite"))
    number = Simulator.for_url(front(*ports), token=TOKEN)
    call = number.call()
    assert "press one" in call.press("9").heard_last
    before.clear()
    after = host(ports[0], session_url_of(kind))
    assert "After the tone" in call.press("1").heard_last
    assert answered(after, call.sid) == 1
    assert call.warnings == []
