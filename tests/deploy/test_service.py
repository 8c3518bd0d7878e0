"""deploy/ivrkit.service: what systemd says of it, and its lines run as they stand, with paths and port filled in.

systemd itself does not run here: that it starts the service with the user and the limits that the unit asks for is
not shown.
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

from ivrkit.cli.supervisor import GRACE


class Service(NamedTuple):
    """The service, started by its own lines."""

    lines: configparser.SectionProxy
    running: Running
    folder: Path


def unit(text: str) -> configparser.ConfigParser:
    """Return the sections of a unit."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser's own page has it
    parser.read_string(text)
    return parser


def filled(folder: Path, port: int) -> str:
    """Return the unit with paths and port of a test, and write what it reads."""
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
    """The service, with the environment that the unit gives it."""
    port = free_port()
    lines = unit(filled(tmp_path, port))["Service"]
    given = [*shlex.split(lines["Environment"]), *Path(lines["EnvironmentFile"]).read_text("utf-8").split()]
    running = start(
        shlex.split(lines["ExecStart"]),
        f"http://127.0.0.1:{port}/healthz",
        dict(each.split("=", 1) for each in given),
        Path(lines["WorkingDirectory"]),
    )
    return Service(lines, running, tmp_path)


def test_systemd_finds_no_fault_in_it(tmp_path: Path):
    """No setting is misspelt, and no program is missing, once its paths are there."""
    analyze = program("systemd-analyze", "systemd")
    file = tmp_path / "ivrkit.service"
    file.write_text(filled(tmp_path, 5000), encoding="utf-8")
    done = subprocess.run(
        [analyze, "verify", "--man=no", str(file)], capture_output=True, text=True, check=False, env=environment()
    )
    assert [line for line in done.stderr.splitlines() if "ivrkit" in line] == []
    assert done.returncode == 0, done.stderr


def test_it_is_let_do_little(tmp_path: Path):
    """Of the ways into the rest of the machine that systemd counts, most are closed: 10 is open, 0 is shut."""
    analyze = program("systemd-analyze", "systemd")
    file = tmp_path / "ivrkit.service"
    file.write_text(filled(tmp_path, 5000), encoding="utf-8")
    command = [analyze, "security", "--offline=true", "--threshold=25", "--no-pager", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_service_is_given_longer_to_end_than_its_workers():
    """Nothing is killed that `ivrkit serve` still waits for, and it alone tells its workers."""
    lines = unit(shipped("ivrkit.service"))["Service"]
    assert int(lines["TimeoutStopSec"]) > GRACE
    assert (lines["KillMode"], lines["KillSignal"], lines["Restart"]) == ("mixed", "SIGTERM", "always")


def test_the_file_of_the_calls_is_in_the_folder_that_the_user_may_write_to():
    """The folder that systemd makes is the one that the session URL names."""
    lines = unit(shipped("ivrkit.service"))["Service"]
    assert lines["DynamicUser"] == "yes"
    assert f"IVRKIT_SESSION_URL=sqlite:////var/lib/{lines['StateDirectory']}/" in lines["Environment"]


@pytest.mark.deep
@pytest.mark.server
def test_its_line_starts_the_host_and_its_signal_ends_it_in_time(service: Service):
    """The token is the file's, the calls are where the unit says, and nothing is left when it was told to end."""
    url = service.running.health.replace("/healthz", "/webhook")
    assert ask(url, {"CallSid": "CA1"}) == (403, "Forbidden\n")
    assert (service.folder / "state" / "calls.sqlite3").is_file()
    service.running.process.send_signal(signal.Signals[service.lines["KillSignal"]])
    assert service.running.process.wait(int(service.lines["TimeoutStopSec"])) == 0
    wait_until(lambda: not service.running.processes)


@pytest.mark.deep
@pytest.mark.server
def test_its_reload_replaces_the_workers(service: Service):
    """The process that systemd knows stays, and new workers answer."""
    program("/bin/kill", "procps")
    before = service.running.processes
    main = service.running.process.pid
    subprocess.run(shlex.split(service.lines["ExecReload"].replace("$MAINPID", str(main))), check=True)
    wait_until(lambda: len(before - service.running.processes) >= 2, lambda: service.running.output)
    service.running.wait()
    assert main in service.running.processes
    assert service.running.end() == 0
