"""deploy/ivrkit.service: systemd's tools check it, and its commands run here, with paths and port filled in.

systemd itself does not run here, so these tests do not show that it applies the user and the limits of the unit.
"""

import configparser
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.deploy.conftest import Start
from tests.processes import TOKEN, Running, ask, environment, free_port, program, shipped, wait_until

from ivrkit.cli.server.processes import GRACE


class Service(NamedTuple):
    """The running service with its settings and its folder."""

    settings: configparser.SectionProxy
    running: Running
    folder: Path


def unit(text: str) -> configparser.ConfigParser:
    """Return the sections of a unit file."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as in the documentation of configparser
    parser.read_string(text)
    return parser


def fill_in(folder: Path, port: int) -> str:
    """Return the unit file with paths and port of a test, and write its environment file."""
    for name in ("state", "work", "venv"):
        (folder / name).mkdir()
    (folder / "ivrkit.env").write_text(f"TWILIO_AUTH_TOKEN={TOKEN}\n", encoding="utf-8")
    commands = Path(sys.executable).parent
    fill = {
        "/srv/ivr/venv/bin/": f"{commands}/",
        "WorkingDirectory=/srv/ivr\n": f"WorkingDirectory={folder}/work\n",
        "/var/lib/ivrkit/": f"{folder}/state/",
        "/etc/ivrkit.env": str(folder / "ivrkit.env"),
        "--port 5000": f"--port {port}",
    }
    return shipped("ivrkit.service", fill)


@pytest.fixture
def service(start: Start, tmp_path: Path) -> Service:
    """Return the running service, with the environment of the unit."""
    port = free_port()
    settings = unit(fill_in(tmp_path, port))["Service"]
    environ = [*shlex.split(settings["Environment"]), *Path(settings["EnvironmentFile"]).read_text("utf-8").split()]
    running = start(
        shlex.split(settings["ExecStart"]),
        f"http://127.0.0.1:{port}/healthz",
        dict(each.split("=", 1) for each in environ),
        Path(settings["WorkingDirectory"]),
    )
    return Service(settings, running, tmp_path)


def test_systemd_accepts_the_unit(tmp_path: Path):
    """No setting of the unit is misspelt, and each program in it exists."""
    analyze = program("systemd-analyze", "systemd")
    file = tmp_path / "ivrkit.service"
    file.write_text(fill_in(tmp_path, 5000), encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(file)], capture_output=True, text=True, check=False, env=environment()
    )
    assert [line for line in done.stderr.splitlines() if "ivrkit" in line] == []
    assert done.returncode == 0, done.stderr


def test_the_unit_restricts_the_service(tmp_path: Path):
    """The exposure that systemd computes is at most 2.5, on a scale from 0 for safe to 10 for unrestricted."""
    analyze = program("systemd-analyze", "systemd")
    file = tmp_path / "ivrkit.service"
    file.write_text(fill_in(tmp_path, 5000), encoding="utf-8")
    command = [analyze, "security", "--offline=true", "--threshold=25", "--no-pager", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_service_has_more_time_to_end_than_its_workers():
    """The supervisor gets the only SIGTERM, and systemd kills nothing before the supervisor's grace period is over."""
    settings = unit(shipped("ivrkit.service"))["Service"]
    assert int(settings["TimeoutStopSec"]) > GRACE
    assert (settings["KillMode"], settings["KillSignal"], settings["Restart"]) == ("mixed", "SIGTERM", "always")


def test_the_session_store_is_in_the_state_directory():
    """The session URL names a file in the folder that systemd creates for the service's user."""
    settings = unit(shipped("ivrkit.service"))["Service"]
    assert settings["DynamicUser"] == "yes"
    assert f"IVRKIT_SESSION_URL=sqlite:////var/lib/{settings['StateDirectory']}/" in settings["Environment"]


@pytest.mark.deep
@pytest.mark.server
def test_the_service_starts_and_ends_in_time(service: Service):
    """ExecStart reads the token and creates the session store; KillSignal ends all processes in TimeoutStopSec."""
    url = service.running.health.replace("/healthz", "/webhook")
    assert ask(url, {"CallSid": "CA1"}) == (403, "Forbidden\n")
    assert (service.folder / "state" / "calls.sqlite3").is_file()
    service.running.process.send_signal(signal.Signals[service.settings["KillSignal"]])
    assert service.running.process.wait(int(service.settings["TimeoutStopSec"])) == 0
    wait_until(lambda: not service.running.processes)


@pytest.mark.deep
@pytest.mark.server
def test_a_reload_replaces_the_workers(service: Service):
    """ExecReload leaves the main process running and replaces the workers."""
    program("/bin/kill", "procps")
    before = service.running.processes
    main = service.running.process.pid
    subprocess.run(shlex.split(service.settings["ExecReload"].replace("$MAINPID", str(main))), check=True)
    wait_until(lambda: len(before - service.running.processes) >= 2, lambda: service.running.output)
    service.running.wait()
    assert main in service.running.processes
    assert service.running.end() == 0
