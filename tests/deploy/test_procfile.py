"""deploy/Procfile: its line run by a shell, as Heroku runs it."""

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
    """The process `web`, with the port that it is given."""
    port = free_port()
    kinds = dict(line.split(": ", 1) for line in shipped("Procfile").splitlines())
    assert list(kinds) == ["web"]
    environ = {"PORT": str(port), "TWILIO_AUTH_TOKEN": TOKEN, "IVRKIT_TRUSTED_PROXIES": "1"}
    return start(["sh", "-c", kinds["web"]], f"http://127.0.0.1:{port}/healthz", environ, tmp_path)


def test_its_line_serves_at_the_port_that_it_is_given(dyno: Running):
    """It is well, and takes signed webhooks alone."""
    assert ask(dyno.health) == (200, '{"status":"ok","store":"ok"}\n')
    assert ask(dyno.health.replace("/healthz", "/webhook"), {"CallSid": "CA1"}) == (403, "Forbidden\n")


def test_all_its_processes_may_be_told_to_end_at_once(dyno: Running):
    """Heroku tells every process, and not the first alone; nothing is left, and nothing is started anew."""
    for pid in dyno.processes:
        with contextlib.suppress(ProcessLookupError):  # one of the others has told it already
            os.kill(pid, signal.SIGTERM)
    dyno.process.wait(PATIENCE)
    wait_until(lambda: not dyno.processes)
    assert "started anew" not in dyno.output
