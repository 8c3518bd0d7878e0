"""Build both packages, look into them, install them where nothing else is, and have a call answered.

Run by ``tox run -e package``. It shows what no test of the checkout can: that a wheel holds all that its code
needs, that the entry points are found once installed, and that the command a user types is there.
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
# The first webhook of a call, with the fields that Twilio always sends.
RINGING = {
    "CallSid": "CA" + "0" * 32,
    "AccountSid": "AC" + "0" * 32,
    "From": "+15005550006",
    "To": "+15005550001",
    "CallStatus": "ringing",
    "Direction": "inbound",
    "ApiVersion": "2010-04-01",
}
START_SECONDS = 30
#: What a package may hold beside itself: modules that are imported by a name of their own.
BESIDE = {"ivrkit": {"pytest_ivrkit.py"}, "acme_states": set(), "appointment_reminders": set()}
#: What of the core's wheel begins with a dot, which a build may pass over.
HIDDEN = ["/templates/plugin/.gitignore.jinja", "/templates/project/.env.example.jinja"]
#: What only the sdist holds, beside what both sdists do: the tests need it.
IN_SDIST = {
    "ivrkit": ["/deploy/nginx.conf", "/examples/acme/acme.flow.toml"],
    "acme_states": [],
    "appointment_reminders": [],
}
#: A test as somebody writes it who has only installed the packages.
USER_TEST = """
def test_the_hours_are_read_again(phone):
    call = phone.call().press("3").press("1")
    assert call.path == ["menu", "hours", "hours"]
    assert call.warnings == []
"""


def main() -> None:
    """Check all packages; the first problem ends it with a message."""
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
    """Build one package and check what is in its two files.

    :param source: the folder of its pyproject.toml.
    :param package: the name that is imported.
    :param dist: where the built files go.
    :returns: the wheel, which was built from the sdist, so that the sdist is shown to be whole too.
    """
    run("uv", "build", "--quiet", "--out-dir", dist, source)
    (wheel,) = dist.glob(f"{package}-*.whl")
    (sdist,) = dist.glob(f"{package}-*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    expect_files(wheel, names, [f"{package}/py.typed", "/licenses/LICENSE", "/entry_points.txt"])
    own = {package, f"{wheel.name.split('-py3')[0]}.dist-info", *BESIDE[package]}
    strangers = {name.split("/")[0] for name in names} - own
    expect_files(wheel, names, sorted(BESIDE[package]))
    expect_files(wheel, names, HIDDEN if package == "ivrkit" else [])
    expect(not strangers, f"{wheel.name} holds {sorted(strangers)} beside the package")
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    expected = ["/LICENSE", "/README.md", "/tests/", f"/src/{package}/py.typed", *IN_SDIST[package]]
    expect_files(sdist, names, expected)
    print(f"built and complete: {wheel.name}, {sdist.name}")
    return wheel


def install(wheels: list[Path], environment: Path) -> Path:
    """Install the wheels into a new environment.

    :returns: the folder of its commands.
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
    """Check that ``ivrkit states`` names each state, with its owner on the same line."""
    listed = run(commands / "ivrkit", "states", cwd=work).splitlines()
    for state, owner in STATES.items():
        expect(
            any(state in line.split() and owner in line for line in listed),
            f"`ivrkit states` does not list {state!r} of {owner}:\n" + "\n".join(listed),
        )
    print(f"listed with their owners: {', '.join(STATES)}")


def check_call(commands: Path, work: Path) -> None:
    """Check that ``ivrkit serve`` answers a ringing telephone with words and a question."""
    port = free_port()
    command = [commands / "ivrkit", "serve", "--dev", "--port", str(port)]
    with subprocess.Popen(command, cwd=work, env=clean_environment()) as server:
        try:
            status, kind, body = post(f"http://127.0.0.1:{port}/webhook", RINGING, server)
        finally:
            server.terminate()
            server.wait(timeout=START_SECONDS)
    expect(status == 200, f"/webhook answered {status}:\n{body}")
    expect(kind == "text/xml", f"/webhook answered with {kind}, not text/xml")
    expect("<Gather" in body, f"the first answer asks for nothing:\n{body}")
    print(f"answered over HTTP: {body}")


def check_phone(commands: Path, work: Path) -> None:
    """Check that ``ivrkit phone`` lets somebody at a keyboard walk the installed tree."""
    heard = run(commands / "ivrkit", "phone", cwd=work, typed="3\n1\nh\n")
    expect(
        heard.count("Monday to Friday, from 9:00 AM to 6:00 PM") == 2,
        f"`ivrkit phone` does not read the hours twice:\n{heard}",
    )
    print("walked with `ivrkit phone`: 3, 1, hang up")
    spanish = run(commands / "ivrkit", "phone", cwd=work, typed="h\n", IVRKIT_LANGUAGE="es-MX")
    expect("Para ventas, marque uno." in spanish, f"the catalogues are not in the wheels:\n{spanish}")
    print("heard in Spanish")


def check_fixture(commands: Path, work: Path) -> None:
    """Check that pytest finds the fixtures of the installed package, and that a test with them passes."""
    (work / "test_user.py").write_text(USER_TEST, encoding="utf-8")
    report = run(commands / "pytest", "-q", "test_user.py", cwd=work)
    expect("1 passed" in report, report)
    print("tested with the fixture `phone`")


def post(url: str, form: dict[str, str], server: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    """Send a form, once the server listens.

    :returns: the answer's status, media type and text.
    """
    data = urllib.parse.urlencode(form).encode()
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, data, timeout=START_SECONDS) as answer:
                return answer.status, answer.headers.get_content_type(), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get_content_type(), error.read().decode()
        except urllib.error.URLError as error:
            expect(server.poll() is None, f"`ivrkit serve` ended with {server.returncode}")
            expect(time.monotonic() < give_up, f"`ivrkit serve` did not listen in {START_SECONDS} s: {error}")
            time.sleep(0.1)


def free_port() -> int:
    """Ask the system for a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def run(*command: str | Path, cwd: Path = ROOT, typed: str | None = None, **environ: str) -> str:
    """Run a command to its end, and give up where it fails.

    :param typed: what is typed into it.
    :param environ: more variables for it.
    :returns: what it printed.
    """
    environ = {**clean_environment(), **environ}
    done = subprocess.run(command, cwd=cwd, env=environ, text=True, input=typed, stdout=subprocess.PIPE, check=False)
    expect(done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """Give this environment less what could lead a command to the checkout or to other settings."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "VIRTUAL_ENV", "FLASK_APP") and not name.startswith("IVRKIT_")
    }


def expect_files(archive: Path, names: list[str], parts: list[str]) -> None:
    """Check that each of these is part of some file's name in an archive."""
    for part in parts:
        expect(any(part in name for name in names), f"{archive.name} lacks {part}: {names}")


def expect(true: bool, otherwise: str) -> None:
    """End with a message where something is not as it should be."""
    if not true:
        sys.exit(otherwise)


if __name__ == "__main__":
    main()
