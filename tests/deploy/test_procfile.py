"""deploy/Procfile: its command runs in a shell, as on Heroku."""

import contextlib
import os
import signal
from pathlib import Path

import pytest
from tests.deploy.conftest import Start
from tests.processes import PATIENCE, TOKEN, Running, ask, free_port, shipped, wait_until

pytestmark = [pytest.mark.deep, pytest.mark.server]


@pytest.fixture
def dyno(start: Start, tmp_path: Path) -> Running:
    """Return the running process `web`; it gets its port from the environment."""
    port = free_port()
    commands = dict(line.split(": ", 1) for line in shipped("Procfile").splitlines())
    assert list(commands) == ["web"]
    environ = {"PORT": str(port), "TWILIO_AUTH_TOKEN": TOKEN, "IVRKIT_TRUSTED_PROXIES": "1"}
    return start(["sh", "-c", commands["web"]], f"http://127.0.0.1:{port}/healthz", environ, tmp_path)


def test_the_command_serves_at_the_port_of_the_environment(dyno: Running):
    """The server at $PORT is healthy, and refuses unsigned webhooks."""
    assert ask(dyno.health, X_Forwarded_For="203.0.113.9") == (200, '{"status":"ok","store":"ok"}\n')
    assert ask(dyno.health.replace("/healthz", "/webhook"), {"CallSid": "CA1"}) == (403, "Forbidden\n")


def test_sigterm_to_all_processes_ends_the_server(dyno: Running):
    """Heroku sends SIGTERM to every process: no process is left, and no worker is replaced."""
    for pid in dyno.processes:
        with contextlib.suppress(ProcessLookupError):  # it has ended already: the supervisor ends its workers
            os.kill(pid, signal.SIGTERM)
    dyno.process.wait(PATIENCE)
    wait_until(lambda: not dyno.processes)
    assert "is replaced" not in dyno.output
