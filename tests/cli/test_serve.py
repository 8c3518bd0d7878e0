"""``ivrkit serve``: what it refuses, and a server that is really started and asked over HTTP."""

import json
import os
import re
import signal
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from tests.cli.conftest import WITHOUT_GRANIAN, Run
from tests.processes import start

from ivrkit.cli.serve import NOT_CODE

CHECKOUT = Path(__file__).parents[2]
TOKEN = {"TWILIO_AUTH_TOKEN": "12345"}
CALL = {"CallSid": "CA" + "0" * 32, "CallStatus": "ringing"}
#: How long a busy machine may take to start a server, in seconds.
PATIENCE = 60.0


# What is refused before anything is started.


@pytest.mark.server
def test_without_a_token_it_does_not_start(run: Run):
    """Anybody could ask in Twilio's name."""
    done = run("serve")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: no auth token is set, so requests cannot be verified\n"
        "  hint: set TWILIO_AUTH_TOKEN to your account's auth token, or IVRKIT_DEV=1 to answer only requests "
        "from this machine\n"
    )


@pytest.mark.server
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
@pytest.mark.parametrize("dev", [["--dev"], []], ids=["option", "setting"])
def test_dev_is_for_this_machine_alone(ivrkit: Callable[..., Result], monkeypatch, host, dev):
    """Dev mode by option or by setting is never offered to a network."""
    monkeypatch.setenv("IVRKIT_DEV", "0" if dev else "1")
    result = ivrkit("serve", *dev, "--host", host)
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr == (
        f"Error: in dev mode the host listens on this machine alone, and --host is {host}\n"
        "  hint: leave out --host; to be reached from elsewhere, leave out --dev and set TWILIO_AUTH_TOKEN\n"
    )


@pytest.mark.server
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_told(ivrkit: Callable[..., Result], host):
    """One message with the mend, before a server would fail again and again."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as taken:
        try:
            taken.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        taken.listen()
        port = taken.getsockname()[1]
        result = ivrkit("serve", "--dev", "--host", host, "--port", str(port))
    assert result.stderr == (
        f"Error: can't listen on {host}:{port}: Address already in use\n  hint: choose another --port\n"
    )
    assert (result.stdout, result.exit_code) == ("", 1)


@pytest.mark.server
def test_a_host_may_be_a_name(ivrkit: Callable[..., Result]):
    """The server takes addresses alone, so a name is looked up; one that is none is told."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = ivrkit("serve", "--dev", "--host", "localhost", "--port", str(port))
    assert result.exit_code == 1
    told = result.stderr.replace("::1", "127.0.0.1")
    assert told == f"Error: can't listen on 127.0.0.1:{port}: Address already in use\n  hint: choose another --port\n"
    result = ivrkit("serve", "--dev", "--host", "no such host")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr.startswith("Error: --host no such host is no address and no name of this machine: ")
    assert result.stderr.endswith("\n  hint: try --host 0.0.0.0\n")


def test_without_the_extra_it_tells_what_to_install(run: Run, tmp_path):
    """The server is an extra: the core can be installed without it."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_GRANIAN, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run("serve", "--dev", PYTHONPATH=path)
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: ivrkit serve needs granian, which is not installed\n  hint: pip install 'ivrkit[server]'\n"
    )


@pytest.mark.server
def test_a_fault_is_told_once_and_not_by_every_worker(ivrkit: Callable[..., Result], alone, install):
    """What keeps the app from being made is found before the server is started."""
    install("broken-states", "1.0", "[ivrkit.states]\nbroken = broken:broken\n", broken="1 / 0")
    result = ivrkit("serve", "--dev")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr.startswith(
        "Error: the call flow has 1 problem and was not started:\nplugin broken-states 1.0:"
    )


@pytest.mark.parametrize("value", ["0", "65536", "http"])
def test_a_port_that_is_none_is_refused(ivrkit: Callable[..., Result], value):
    """A port is a number from 1 to 65535."""
    result = ivrkit("serve", "--port", value)
    assert result.exit_code == 2
    assert "Error: Invalid value for '--port'" in result.output


@pytest.mark.parametrize("name", ["a.py", "ivrkit.toml", ".env"])
def test_what_is_code_makes_the_server_load_anew(name):
    """Python files, settings and secrets are watched."""
    assert re.search(NOT_CODE, name) is None


@pytest.mark.parametrize("name", ["calls.sqlite3", "calls.sqlite3-wal", "a.pyc", "notes.txt", "environment"])
def test_what_is_no_code_does_not_make_the_server_load_anew(name):
    """A call that is kept in a file of the folder is no change of the code."""
    assert re.search(NOT_CODE, name) is not None


# A server that runs.


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started and that still run, theirs included."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if fields[1] == str(pid) and fields[0] != "Z":
            found += [int(entry.name), *children_of(int(entry.name))]
    return found


def is_running(pid: int) -> bool:
    """Return whether a process is there, and not only its entry in the table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something, for a while."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)


class Served:
    """A server on a free port, in a process of its own."""

    def __init__(self, folder: Path, *options: str, **environ: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._told = folder / "told"
        command = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')", "serve"]
        with self._told.open("wb") as told:
            self.process = start(
                [*command, "--port", str(self.port), *options], env={**os.environ, **environ}, stdout=told, stderr=told
            )
        self.seen: set[int] = set()

    @property
    def told(self) -> str:
        """What it printed."""
        return self._told.read_text(encoding="utf-8")

    def ask(self, page: str, data: dict[str, str] | None = None) -> tuple[int, str]:
        """Return status and text of a page; status 0 where nobody answers."""
        body = None if data is None else urllib.parse.urlencode(data).encode()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{page}", body, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def answers(self) -> bool:
        """Return whether it answers; whoever runs for it by now is remembered."""
        assert self.process.poll() is None, self.told
        self.seen.update(children_of(self.process.pid))
        return self.ask("/healthz")[0] == 200

    def wait(self) -> "Served":
        """Wait until it answers."""
        wait_until(self.answers)
        return self

    def end(self) -> int:
        """End it as a service manager does, and return its code."""
        self.seen.update(children_of(self.process.pid))
        self.process.terminate()
        return self.process.wait(PATIENCE)


@pytest.fixture
def serve(folder: Path):
    """Return what starts a server; whatever is left of it is ended with the test."""
    started: list[Served] = []

    def serve(*options: str, **environ: str) -> Served:
        started.append(Served(folder, *options, **environ))
        return started[-1]

    yield serve
    for each in started:
        if each.process.poll() is None:
            each.end()
        for pid in each.seen:
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


@pytest.mark.server
def test_a_server_answers_over_http_and_ends_with_its_children(serve):
    """It takes signed webhooks alone, tells nothing of itself, and leaves no process behind when it is ended."""
    server = serve("--workers", "2", **TOKEN).wait()
    assert server.ask("/healthz") == (200, '{"status":"ok","store":"ok"}\n')
    assert server.ask("/webhook", CALL) == (403, "Forbidden\n")
    wait_until(lambda: len(children_of(server.process.pid)) >= 3)
    assert server.end() == 0
    wait_until(lambda: not any(map(is_running, server.seen)))
    assert server.told.splitlines()[0] == (f"Serving http://127.0.0.1:{server.port}/webhook; end with Ctrl-C.")
    assert "started anew" not in server.told


@pytest.mark.once
@pytest.mark.server
def test_a_server_logs_each_turn(serve, folder):
    """Without any set-up of a log: what is served, each turn of a call, and each refusal, as text or as JSON."""
    server = serve("--dev").wait()
    server.ask("/webhook", {**CALL, "From": "+14155550100", "To": "+15005550006"})
    told = f" INFO ivrkit.calls: call {CALL['CallSid']} turn 1: "
    wait_until(lambda: told in server.told)
    assert " INFO ivrkit.web: phone tree 'ivrkit' at /webhook: states greeting, menu" in server.told
    assert " ms from ***0100 to ***0006\n" in server.told
    assert server.end() == 0
    server = serve(IVRKIT_LOG_FORMAT="json", **TOKEN).wait()
    server.ask("/webhook", CALL)
    wait_until(lambda: '"level": "WARNING"' in server.told)
    lines = [json.loads(line) for line in server.told.splitlines() if line.startswith("{")]
    assert {line["logger"] for line in lines} == {"ivrkit.web"}
    assert lines[-1]["message"].startswith("403: no X-Twilio-Signature for ")
    assert server.end() == 0


@pytest.mark.server
def test_dev_answers_unsigned_webhooks_from_this_machine(serve, folder):
    """State and owner are in the answer; a change of the code is served without a new start."""
    (folder / "shop.py").write_text("from ivrkit import State\ngreeting = State('Before.')\n", encoding="utf-8")
    info = folder / "shop_states-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-states\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[ivrkit.states]\nshop = shop:greeting\n", encoding="utf-8")
    (folder / "ivrkit.toml").write_text('start = "shop"\nurl_prefix = "/phone"\n', encoding="utf-8")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    server = serve("--dev", PYTHONPATH=path)

    def said(words: str, sid: str) -> bool:
        assert server.process.poll() is None, server.told
        return words in server.ask("/phone/webhook", {**CALL, "CallSid": sid})[1]

    wait_until(lambda: said("Before.", f"CA{time.monotonic_ns()}"))
    assert server.told.startswith(
        f"Serving http://127.0.0.1:{server.port}/phone/webhook in dev mode; end with Ctrl-C.\n"
    )
    (folder / "shop.py").write_text("from ivrkit import State\ngreeting = State('After.')\n", encoding="utf-8")
    wait_until(lambda: said("After.", f"CA{time.monotonic_ns()}"))
    health = json.loads(server.ask("/phone/healthz")[1])
    assert health["plugins"]["shop-states"] == "1.0"
    assert server.end() == 0


@pytest.mark.once
@pytest.mark.server
def test_a_server_that_is_killed_is_started_anew_and_a_hangup_reloads_it(serve):
    """Callers are answered again by new processes, and none of the old ones stays; SIGHUP replaces the workers."""
    server = serve(**TOKEN).wait()
    wait_until(lambda: len(children_of(server.process.pid)) >= 2)
    first = children_of(server.process.pid)
    os.kill(first[0], signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, first)))
    server.wait()
    assert "The server ended by itself with code -9; it is started anew in 1 s." in server.told
    wait_until(lambda: len(children_of(server.process.pid)) >= 2)
    second = children_of(server.process.pid)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not is_running(second[-1]))
    server.wait()
    assert is_running(second[0])
    assert server.end() == 0


@pytest.mark.acme
def test_flask_run_serves_the_checkout(folder):
    """Plain ``flask run`` in the checkout reads its .flaskenv and answers this machine without a token."""
    environ = {**os.environ, "TWILIO_AUTH_TOKEN": "", "IVRKIT_SESSION_URL": f"sqlite:///{folder}/calls.sqlite3"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "flask", "run", "--port", str(port)]
    with (folder / "told").open("wb") as told:
        process = start(command, cwd=CHECKOUT, env=environ, stdout=told, stderr=told)

    def answered() -> bool:
        assert process.poll() is None, (folder / "told").read_text(encoding="utf-8")
        try:
            body = urllib.parse.urlencode(CALL).encode()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/webhook", body, timeout=10) as answer:
                heard.append((answer.headers["Ivrkit-State"], answer.read().decode()))
        except OSError:
            return False
        return True

    heard: list[tuple[str, str]] = []
    try:
        wait_until(answered)
    finally:
        process.terminate()
        process.wait(PATIENCE)
    assert heard[0][0] == "menu"
    assert "Thank you for calling ACME." in heard[0][1]
