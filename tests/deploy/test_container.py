"""deploy/Dockerfile: no image is built here. It is read, and its commands run as they stand, in this environment."""

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
    """Return the instructions of a Dockerfile, each with what it is given."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined)]


def given(name: str, text: str = "") -> list[str]:
    """Return what all instructions of a name are given."""
    return [rest for each, rest in instructions(text or shipped("Dockerfile")) if each == name]


def environ(text: str) -> dict[str, str]:
    """Return the environment that the image gives."""
    return dict(each.split("=", 1) for rest in given("ENV", text) for each in shlex.split(rest))


def test_every_line_is_an_instruction():
    """Each is one that there is; it begins from an image, and what changes least comes first."""
    names = [name for name, _ in instructions(shipped("Dockerfile"))]
    known = {"FROM", "ENV", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "CMD"}
    assert set(names) <= known
    assert names[0] == "FROM"
    copied = [index for index, name in enumerate(names) if name == "COPY"]
    assert copied[0] < names.index("RUN") < copied[1]


def test_it_runs_as_nobody_in_particular_who_owns_the_folder_of_the_calls():
    """Not as root; and the user is made before it is taken."""
    (user,) = given("USER")
    assert int(user) > 0
    (made,) = [rest for rest in given("RUN") if "useradd" in rest]
    assert f"--uid {user} " in made
    (volume,) = given("VOLUME")
    assert made.endswith(f"install --directory --owner ivrkit --mode 0700 {volume}")
    assert environ(shipped("Dockerfile"))["IVRKIT_SESSION_URL"].startswith(f"sqlite:///{volume}/")


def test_no_secret_is_in_it():
    """The token is given when a container starts: no instruction names one, and no file with one is copied."""
    said = "\n".join(rest for _, rest in instructions(shipped("Dockerfile")))
    assert re.search("token|secret|password", said, re.IGNORECASE) is None
    assert [rest.split()[:-1] for rest in given("COPY")] == [["requirements.txt"], ["ivrkit.toml"]]
    assert "ARG" not in dict(instructions(shipped("Dockerfile")))


def test_what_is_installed_is_the_host_with_its_server_and_the_states():
    """The requirements are such as pip takes."""
    lines = (DEPLOY / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if not line.startswith("#")]
    assert [(each.name, each.extras) for each in found] == [("ivrkit", {"server"}), ("acme-states", set())]


@pytest.mark.deep
@pytest.mark.server
def test_its_command_serves_and_its_check_sees_whether_it_does(start: Start, tmp_path: Path):
    """Both are lists, so that no shell stands between them and a signal; the check fails once nobody answers."""
    port = free_port()
    text = shipped("Dockerfile", {"5000": str(port), "/var/lib/ivrkit": str(tmp_path)})
    (command,), (check,) = given("CMD", text), given("HEALTHCHECK", text)
    (stop,) = given("STOPSIGNAL", text)
    assert stop == "SIGTERM"
    assert given("EXPOSE", text) == [str(port)]
    running = start(
        json.loads(command), f"http://127.0.0.1:{port}/healthz", {**environ(text), "TWILIO_AUTH_TOKEN": TOKEN}, tmp_path
    )
    asked = json.loads(check.partition("CMD ")[2])

    def is_healthy() -> bool:
        return subprocess.run(asked, env=environment(), capture_output=True, check=False).returncode == 0

    assert is_healthy()
    assert (tmp_path / "calls.sqlite3").is_file()
    assert running.end() == 0
    assert not is_healthy()
