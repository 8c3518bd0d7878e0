"""Builds the packages, checks their contents, installs them in a new environment, and makes a call.

``tox run -e package`` runs this script. Tests in the checkout cannot show that a wheel contains all files, that the
entry points are found after an installation, and that the commands exist.
"""

import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
STATES = {
    "greeting": "ivrkit",
    "menu": "ivrkit",
    "sales": "acme-states",
    "support": "acme-states",
    "hours": "acme-states",
    "reception": "acme-states",
    "error": "acme-states",
}
#: The first webhook of a call, with the parameters that Twilio always sends.
RINGING = {
    "CallSid": "CA" + "0" * 32,
    "AccountSid": "AC" + "0" * 32,
    "From": "+15005550006",
    "To": "+15005550001",
    "CallStatus": "ringing",
    "Direction": "inbound",
    "ApiVersion": "2010-04-01",
}
#: How long the server may take to start, in seconds.
START_SECONDS = 30
#: The top-level modules in a wheel besides the package.
EXTRA_MODULES = {"ivrkit": {"pytest_ivrkit.py"}, "acme_states": set(), "appointment_reminders": set()}
#: The files of the core's wheel whose names begin with a dot; a build could leave them out.
DOT_FILES = ["/templates/plugin/.gitignore.jinja", "/templates/project/.env.example.jinja"]
#: The files that only one sdist contains, because its tests need them.
SDIST_FILES = {
    "ivrkit": ["/deploy/nginx.conf", "/examples/acme/acme.flow.toml"],
    "acme_states": [],
    "appointment_reminders": [],
}
#: A test by a user of the installed packages.
USER_TEST = """
def test_key_1_repeats_the_hours(phone):
    call = phone.call().press("3").press("1")
    assert call.path == ["greeting", "menu", "hours", "hours"]
    assert call.warnings == []
"""


def main() -> None:
    """Check all packages. The first failed check ends the script with a message."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        wheels = [
            build(ROOT, "ivrkit", work / "dist"),
            build(ROOT / "plugins/acme_states", "acme_states", work / "dist"),
        ]
        build(ROOT / "plugins/appointment_reminders", "appointment_reminders", work / "dist")
        commands = install(wheels, work / "env")
        check_states(commands, work)
        check_call(commands, work)
        check_phone(commands, work)
        check_fixture(commands, work)


def build(source: Path, package: str, dist: Path) -> Path:
    """Build the sdist of a package and the wheel from the sdist, and check the files in both.

    :param source: the folder with the pyproject.toml.
    :param package: the name of the package in an import.
    :param dist: the folder for the built files.
    :returns: the wheel.
    """
    run("uv", "build", "--quiet", "--out-dir", dist, source)
    (wheel,) = dist.glob(f"{package}-*.whl")
    (sdist,) = dist.glob(f"{package}-*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    expect_files(wheel, names, [f"{package}/py.typed", "/licenses/LICENSE", "/entry_points.txt"])
    expected_names = {package, f"{wheel.name.split('-py3')[0]}.dist-info", *EXTRA_MODULES[package]}
    unexpected = {name.split("/")[0] for name in names} - expected_names
    expect_files(wheel, names, sorted(EXTRA_MODULES[package]))
    expect_files(wheel, names, DOT_FILES if package == "ivrkit" else [])
    expect(not unexpected, f"{wheel.name} must contain only the package, not also {sorted(unexpected)}")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    expected = ["/LICENSE", "/README.md", "/tests/", f"/src/{package}/py.typed", *SDIST_FILES[package]]
    expect_files(sdist, names, expected)
    print(f"built with all files: {wheel.name}, {sdist.name}")
    return wheel


def install(wheels: list[Path], environment: Path) -> Path:
    """Install the wheels into a new environment.

    :returns: the folder of the commands.
    """
    run("uv", "venv", "--quiet", "--python", sys.executable, environment)
    core, *plugins = wheels
    run(
        "uv",
        "pip",
        "install",
        "--quiet",
        "--python",
        environment,
        f"ivrkit[server] @ {core.as_uri()}",
        *plugins,
        "pytest",
    )
    return environment / ("Scripts" if os.name == "nt" else "bin")


def check_states(commands: Path, work: Path) -> None:
    """Check that ``ivrkit states`` lists each state with its owner on the same line."""
    listed = run(commands / "ivrkit", "states", cwd=work).splitlines()
    for state, owner in STATES.items():
        expect(
            any(state in line.split() and owner in line for line in listed),
            f"`ivrkit states` must list {state!r} of {owner}:\n" + "\n".join(listed),
        )
    print(f"listed by `ivrkit states`: {', '.join(STATES)}")


def check_call(commands: Path, work: Path) -> None:
    """Check that ``ivrkit serve`` answers the first webhook of a call with a question."""
    port = free_port()
    command = [commands / "ivrkit", "serve", "--dev", "--port", str(port)]
    with subprocess.Popen(command, cwd=work, env=clean_environment()) as server:
        try:
            status, media_type, body = post(f"http://127.0.0.1:{port}/webhook", RINGING, server)
        finally:
            server.terminate()
            server.wait(timeout=START_SECONDS)
    expect(status == 200, f"the status of /webhook must be 200, not {status}:\n{body}")
    expect(media_type == "text/xml", f"the response of /webhook must be text/xml, not {media_type}")
    expect("<Gather" in body, f"the first response must contain a <Gather>:\n{body}")
    print(f"served by `ivrkit serve`: {body}")


def check_phone(commands: Path, work: Path) -> None:
    """Check that the installed phone tree can be called with ``ivrkit phone``, also in Spanish."""
    heard = run(commands / "ivrkit", "phone", cwd=work, typed="3\n1\nh\n")
    expect(
        heard.count("Monday to Friday, from 9:00 AM to 6:00 PM") == 2,
        f"`ivrkit phone` must read the hours twice:\n{heard}",
    )
    print("called with `ivrkit phone`: 3, 1, hang up")
    spanish = run(commands / "ivrkit", "phone", cwd=work, typed="h\n", IVRKIT_LANGUAGE="es-MX")
    expect("Para ventas, marque uno." in spanish, f"the wheels must contain the translations:\n{spanish}")
    print("called in Spanish")


def check_fixture(commands: Path, work: Path) -> None:
    """Check that a test with the fixture of the installed package passes."""
    (work / "test_user.py").write_text(USER_TEST, encoding="utf-8")
    report = run(commands / "pytest", "-q", "test_user.py", cwd=work)
    expect("1 passed" in report, report)
    print("tested with the fixture `phone`")


def post(url: str, form: dict[str, str], server: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    """Send a form as soon as the server listens.

    :returns: the status, the media type and the text of the response.
    """
    data = urllib.parse.urlencode(form).encode()
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, data, timeout=START_SECONDS) as response:
                return response.status, response.headers.get_content_type(), response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get_content_type(), error.read().decode()
        except urllib.error.URLError as error:
            expect(server.poll() is None, f"`ivrkit serve` ended with {server.returncode}")
            expect(time.monotonic() < deadline, f"`ivrkit serve` did not listen in {START_SECONDS} s: {error}")
            time.sleep(0.1)


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def run(*command: str | Path, cwd: Path = ROOT, typed: str | None = None, **environ: str) -> str:
    """Run a command, and end the script if it fails.

    :param typed: its standard input.
    :param environ: more environment variables.
    :returns: its standard output.
    """
    environ = {**clean_environment(), **environ}
    done = subprocess.run(command, cwd=cwd, env=environ, text=True, input=typed, stdout=subprocess.PIPE, check=False)
    expect(done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """Return this environment without variables that lead a command to the checkout or to other settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV", "FLASK_APP") and not name.startswith("IVRKIT_")
    }


def expect_files(archive: Path, names: list[str], expected: list[str]) -> None:
    """Check that an archive contains files.

    :param names: the names of the files in the archive.
    :param expected: texts that must each be part of a name.
    """
    for each in expected:
        expect(any(each in name for name in names), f"{archive.name} must contain {each}: {names}")


def expect(condition: bool, message: str) -> None:
    """End the script with a message if a condition is false."""
    if not condition:
        sys.exit(message)


if __name__ == "__main__":
    main()
