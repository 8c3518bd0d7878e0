"""deploy/Dockerfile: its instructions are checked, and its commands run in this environment.

No image is built.
"""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.deploy.conftest import Start
from tests.processes import DEPLOY, TOKEN, environment, free_port, shipped


def instructions(text: str) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile with their arguments."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [(name, arguments) for name, _, arguments in (line.partition(" ") for line in joined)]


def arguments_of(name: str, text: str = "") -> list[str]:
    """Return the arguments of all instructions with a name."""
    return [arguments for each, arguments in instructions(text or shipped("Dockerfile")) if each == name]


def environ(text: str) -> dict[str, str]:
    """Return the environment variables that the image sets."""
    return dict(each.split("=", 1) for arguments in arguments_of("ENV", text) for each in shlex.split(arguments))


def test_every_line_is_an_instruction():
    """Each line is a known instruction, FROM is first, and packages are installed before ivrkit.toml is copied."""
    names = [name for name, _ in instructions(shipped("Dockerfile"))]
    known = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "CMD"}
    assert set(names) <= known
    assert names[0] == "FROM"
    copied = [index for index, name in enumerate(names) if name == "COPY"]
    assert copied[0] < names.index("RUN") < copied[1]


def test_the_container_runs_as_an_unprivileged_user():
    """The user is not root, and owns the folder of the session store."""
    (user,) = arguments_of("USER")
    assert int(user) > 0
    (useradd,) = [each for each in arguments_of("RUN") if "useradd" in each]
    assert f"--uid {user} " in useradd
    (volume,) = arguments_of("VOLUME")
    assert useradd.endswith(f"install --directory --owner ivrkit --mode 0700 {volume}")
    assert environ(shipped("Dockerfile"))["IVRKIT_SESSION_URL"].startswith(f"sqlite:///{volume}/")


def test_no_secret_is_in_the_image():
    """No instruction names a token, and no file with one is copied: the container gets its token at start."""
    text = "\n".join(arguments for _, arguments in instructions(shipped("Dockerfile")))
    assert re.search("token|secret|password", text, re.IGNORECASE) is None
    assert [each.split()[:-1] for each in arguments_of("COPY")] == [["requirements.txt"], ["ivrkit.toml"]]
    assert "ARG" not in dict(instructions(shipped("Dockerfile")))


def test_the_requirements_are_ivrkit_with_its_server_and_the_states():
    """The requirements file can be read by pip, and lists ivrkit[server] and acme-states."""
    lines = (DEPLOY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if not line.startswith("#")]
    assert [(each.name, each.extras) for each in found] == [("ivrkit", {"server"}), ("acme-states", set())]


@pytest.mark.deep
@pytest.mark.server
def test_the_health_check_succeeds_only_while_the_command_serves(start: Start, tmp_path: Path):
    """CMD serves at the exposed port until the stop signal; then HEALTHCHECK fails. Neither needs a shell."""
    port = free_port()
    text = shipped("Dockerfile", {"5000": str(port), "/var/lib/ivrkit": str(tmp_path)})
    (command,), (check,) = arguments_of("CMD", text), arguments_of("HEALTHCHECK", text)
    (stop,) = arguments_of("STOPSIGNAL", text)
    assert stop == "SIGTERM"
    assert arguments_of("EXPOSE", text) == [str(port)]
    running = start(
        json.loads(command), f"http://127.0.0.1:{port}/healthz", {**environ(text), "TWILIO_AUTH_TOKEN": TOKEN}, tmp_path
    )
    health_check = json.loads(check.partition("CMD ")[2])

    def is_healthy() -> bool:
        return subprocess.run(health_check, env=environment(), capture_output=True, check=False).returncode == 0

    assert is_healthy()
    assert (tmp_path / "calls.sqlite3").is_file()
    assert running.end() == 0
    assert not is_healthy()
