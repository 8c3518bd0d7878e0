"""``ivrkit serve``: the errors before its start, and a real server over HTTP."""

import json
import os
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
from twilio.request_validator import RequestValidator

CHECKOUT = Path(__file__).parents[2]
TOKEN = {"TWILIO_AUTH_TOKEN": "12345"}
CALL = {"CallSid": "CA" + "0" * 32, "CallStatus": "ringing"}
#: How long a server may take to start on a busy machine, in seconds.
PATIENCE = 60.0


# Errors before the server is started.


@pytest.mark.server
def test_without_a_token_it_does_not_start(run: Run):
    """Without a token the command is an error: anybody could send webhooks in Twilio's name."""
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
def test_dev_mode_listens_on_this_machine_only(ivrkit: Callable[..., Result], monkeypatch, host, dev):
    """In dev mode, by option or by setting, an address that other machines can reach is an error."""
    monkeypatch.setenv("IVRKIT_DEV", "0" if dev else "1")
    result = ivrkit("serve", *dev, "--host", host)
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr == (
        f"Error: in dev mode --host must be an address of this machine only, not {host}\n"
        "  hint: leave out --host; to be reached from elsewhere, leave out --dev and set TWILIO_AUTH_TOKEN\n"
    )


@pytest.mark.server
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_taken_port_is_an_error(ivrkit: Callable[..., Result], host):
    """If another program listens on the port, the command is an error with a hint, and starts no server."""
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


OPEN = (
    "WARNING ivrkit.cli: --host 0.0.0.0 opens the server to other machines, and no proxy is trusted: the server has no "
    "TLS, so put a proxy in front of it and set IVRKIT_TRUSTED_PROXIES=1, or leave out --host\n"
)


@pytest.mark.server
@pytest.mark.parametrize(
    ("host", "environ", "warns"),
    [
        ("0.0.0.0", {}, True),
        ("0.0.0.0", {"IVRKIT_TRUSTED_PROXIES": "1"}, False),
        ("0.0.0.0", {"IVRKIT_PUBLIC_URL": "https://ivr.example.com"}, False),
        ("127.0.0.1", {}, False),
    ],
)
def test_an_open_host_without_a_proxy_has_a_warning(run: Run, host, environ, warns):
    """If other machines can reach the server and the settings name no proxy, the log has a warning with the fix."""
    with socket.socket() as taken:  # so that the command ends
        taken.bind((host, 0))
        taken.listen()
        port = taken.getsockname()[1]
        printed = run("serve", "--host", host, "--port", str(port), **TOKEN, **environ).stderr
    assert f"can't listen on {host}:{port}" in printed
    assert (OPEN in printed) is warns


@pytest.mark.server
def test_a_host_may_be_a_name(ivrkit: Callable[..., Result]):
    """``--host`` may be a name, which is resolved; a name that can't be resolved is an error."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = ivrkit("serve", "--dev", "--host", "localhost", "--port", str(port))
    assert result.exit_code == 1
    printed = result.stderr.replace("::1", "127.0.0.1")
    assert (
        printed == f"Error: can't listen on 127.0.0.1:{port}: Address already in use\n  hint: choose another --port\n"
    )
    result = ivrkit("serve", "--dev", "--host", "no such host")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr.startswith("Error: --host no such host can't be resolved: ")
    assert result.stderr.endswith("\n  hint: try --host 0.0.0.0\n")


def test_without_the_extra_the_hint_is_to_install_it(run: Run, tmp_path):
    """Without granian, which is an extra, the command is an error with the install command."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_GRANIAN, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = run("serve", PYTHONPATH=path, **TOKEN)
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: ivrkit serve needs granian, which is not installed\n  hint: pip install 'ivrkit[server]'\n"
    )


@pytest.mark.server
def test_a_problem_is_printed_once(ivrkit: Callable[..., Result], alone, install, monkeypatch):
    """A problem of the phone tree is an error of the command, before any worker is started."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "12345")
    install("broken-states", "1.0", "[ivrkit.states]\nbroken = broken:broken\n", broken="1 / 0")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))  # the workers import the plugins, not this process
    result = ivrkit("serve")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr.startswith(
        "Error: the phone tree has 1 problem and was not started:\nplugin broken-states 1.0:"
    )


def test_problems_of_the_settings_are_an_error(ivrkit: Callable[..., Result], folder: Path):
    """Without dev mode, an invalid setting is an error of the command."""
    (folder / "ivrkit.toml").write_text("tries = 0\n", encoding="utf-8")
    result = ivrkit("serve")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr.startswith("Error: ivrkit.toml:1: tries must be a whole number of at least 1, not 0\n")


@pytest.mark.parametrize("value", ["0", "65536", "http"])
def test_an_invalid_port_is_refused(ivrkit: Callable[..., Result], value):
    """A port must be a number from 1 to 65535."""
    result = ivrkit("serve", "--port", value)
    assert result.exit_code == 2
    assert "Error: Invalid value for '--port'" in result.output


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
    """Return whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(true: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "timeout"
        time.sleep(0.1)


class Served:
    """A server on a free port, in a process of its own."""

    def __init__(self, folder: Path, *options: str, **environ: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self._output = folder / "output"
        command = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')", "serve"]
        with self._output.open("wb") as output:
            self.process = start(
                [*command, "--port", str(self.port), *options],
                env={**os.environ, **environ},
                stdout=output,
                stderr=output,
            )
        self.seen: set[int] = set()

    @property
    def output(self) -> str:
        """Everything that it printed."""
        return self._output.read_text(encoding="utf-8")

    def ask(self, page: str, data: dict[str, str] | None = None, signature: str = "") -> tuple[int, str]:
        """Return the status and the body of a page, or status 0 if nothing answers."""
        body = None if data is None else urllib.parse.urlencode(data).encode()
        headers = {"X-Twilio-Signature": signature} if signature else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{page}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def answers(self) -> bool:
        """Return whether the server answers, and record its processes."""
        assert self.process.poll() is None, self.output
        self.seen.update(children_of(self.process.pid))
        return self.ask("/healthz")[0] == 200

    def wait(self) -> "Served":
        """Wait until the server answers."""
        wait_until(self.answers)
        return self

    def end(self) -> int:
        """Stop it with SIGTERM, and return its exit code."""
        self.seen.update(children_of(self.process.pid))
        self.process.terminate()
        return self.process.wait(PATIENCE)


@pytest.fixture
def serve(folder: Path):
    """Return a function that starts a server. All of its processes are stopped after the test."""
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
def test_a_server_answers_over_http_and_ends_with_its_children(serve, folder):
    """A server says that it has no settings file, accepts signed webhooks only, and leaves no process behind."""
    server = serve("--workers", "2", **TOKEN).wait()
    status, text = server.ask("/healthz")
    assert (status, json.loads(text)["status"], "acme-states" in text) == (200, "ok", True)
    assert server.ask("/webhook", CALL) == (403, "Forbidden\n")
    wait_until(lambda: len(children_of(server.process.pid)) == 2)
    assert server.end() == 0
    wait_until(lambda: not any(map(is_running, server.seen)))
    assert server.output.splitlines()[:2] == [
        f"No ivrkit.toml in {folder}: defaults",
        f"Serving http://127.0.0.1:{server.port}/webhook (stop with Ctrl-C)",
    ]
    assert "is replaced" not in server.output


@pytest.mark.server
@pytest.mark.parametrize("dev", [[], ["--dev"]], ids=["production", "dev"])
def test_a_server_in_safe_mode_loads_no_plugin(serve, folder, dev):
    """With ``--safe`` the workers load no plugin. The log and the health check say so."""
    (folder / "files").mkdir()
    (folder / "files" / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    server = serve(*dev, "--safe", "--plugins-dir", "files", **TOKEN).wait()
    report = json.loads(server.ask("/healthz")[1])
    assert report["safe_mode"] is True
    assert [*report["states"]] == ["greeting", "menu"]
    assert report["problems"] == []
    assert server.end() == 0
    assert "safe mode is on, no plugin is loaded: callers hear an apology and the goodbye" in server.output
    assert "1 / 0" not in server.output


@pytest.mark.server
def test_a_server_in_dev_mode_says_that_it_has_no_settings_file(serve, folder):
    """In dev mode, too, the first line says that the working folder has no settings file, and says it once."""
    server = serve("--dev").wait()
    assert server.end() == 0
    assert server.output.splitlines()[:2] == [
        f"No ivrkit.toml in {folder}: defaults",
        f"Serving http://127.0.0.1:{server.port}/webhook in dev mode (stop with Ctrl-C)",
    ]
    assert server.output.count("No ivrkit.toml") == 1


@pytest.mark.once
@pytest.mark.server
def test_a_server_logs_each_turn(serve, folder):
    """By default the server logs its phone tree, each turn of a call and each refusal, as text or as JSON."""
    server = serve(**TOKEN).wait()
    form = {**CALL, "From": "+14155550100", "To": "+15005550006"}
    signature = RequestValidator("12345").compute_signature(f"http://127.0.0.1:{server.port}/webhook", form)
    assert server.ask("/webhook", form, signature)[0] == 200
    line = f" INFO ivrkit.calls: call {CALL['CallSid']} turn 1: "
    wait_until(lambda: line in server.output)
    assert " INFO ivrkit.web: phone tree 'ivrkit' at /webhook: states greeting, menu" in server.output
    assert " ms from ***0100 to ***0006\n" in server.output
    assert server.end() == 0
    server = serve(IVRKIT_LOG_FORMAT="json", **TOKEN).wait()
    server.ask("/webhook", CALL)
    wait_until(lambda: '"level": "WARNING"' in server.output)
    lines = [json.loads(line) for line in server.output.splitlines() if line.startswith("{")]
    assert {line["logger"] for line in lines} == {"ivrkit.web"}
    assert lines[-1]["message"].startswith("403 POST /webhook from 127.0.0.1: no X-Twilio-Signature for ")
    assert server.end() == 0


VAULT = """
from ivrkit import MenuOption, states

class PanicException(BaseException):
    pass

def panic(call):
    if call.digits == "111111":
        raise KeyboardInterrupt
    raise PanicException(f"called `Result::unwrap()` on an `Err` value: {call.digits!r}")

vault = states.question(
    "Your PIN?", digits=6, check=panic, secret=True, then="menu", options=MenuOption(key="7", label="the vault")
)
"""


@pytest.mark.once
@pytest.mark.server
@pytest.mark.parametrize("pin", ["739518", "111111"])
def test_a_panic_after_secret_input_is_a_failure_of_the_state(serve, folder, pin):
    """A panic of an extension in Rust is answered with the apology, and its message with the PIN is not logged.

    The same is true of a KeyboardInterrupt in a thread of the server.
    """
    (folder / "plugins").mkdir()
    (folder / "plugins" / "vault.py").write_text(VAULT, encoding="utf-8")
    server = serve("--plugins-dir", "plugins", **TOKEN).wait()

    def send(**params: str) -> tuple[int, str]:
        form = {**CALL, "CallStatus": "in-progress", **params}
        url = f"http://127.0.0.1:{server.port}/webhook"
        return server.ask("/webhook", form, RequestValidator("12345").compute_signature(url, form))

    assert send(CallStatus="ringing")[0] == 200
    assert "Your PIN?" in send(Digits="7")[1]
    status, twiml = send(Digits=pin)
    assert status == 200
    assert "We are sorry, something went wrong." in twiml
    assert "the vault, press seven" in twiml, "the caller is led on to the menu"
    error = "KeyboardInterrupt" if pin == "111111" else "PanicException"
    hidden = f"{error} (its message is hidden, because the input was secret)"
    wait_until(lambda: hidden in server.output)
    assert f"state 'vault' of vault.py failed in call {CALL['CallSid']}: {hidden}\n" in server.output
    assert server.end() == 0
    assert "739518" not in server.output
    assert "died" not in server.output


LAST = """
import atexit
from pathlib import Path
from ivrkit import State

atexit.register(Path("ended").touch)
last = State("The end.")
"""


@pytest.mark.once
@pytest.mark.server
def test_the_exit_functions_of_plugins_run(serve, folder):
    """A worker that ends as requested runs the functions that plugins have registered with ``atexit``."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "last.py").write_text(LAST, encoding="utf-8")
    server = serve("--plugins-dir", "plugins", **TOKEN).wait()
    assert not (folder / "ended").exists()
    assert server.end() == 0
    assert (folder / "ended").exists()


@pytest.mark.server
def test_dev_answers_unsigned_webhooks_from_this_machine(serve, folder):
    """In dev mode unsigned webhooks from this machine are accepted, and changed code is served without a restart."""
    (folder / "shop.py").write_text("from ivrkit import State\ngreeting = State('Before.')\n", encoding="utf-8")
    info = folder / "shop_states-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop-states\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[ivrkit.states]\nshop = shop:greeting\n", encoding="utf-8")
    (folder / "ivrkit.toml").write_text('start = "shop"\nurl_prefix = "/phone"\n', encoding="utf-8")
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    server = serve("--dev", PYTHONPATH=path)

    def said(words: str, sid: str) -> bool:
        assert server.process.poll() is None, server.output
        return words in server.ask("/phone/webhook", {**CALL, "CallSid": sid})[1]

    wait_until(lambda: said("Before.", f"CA{time.monotonic_ns()}"))
    assert server.output.startswith(
        f"Serving http://127.0.0.1:{server.port}/phone/webhook in dev mode (stop with Ctrl-C)\n"
    )
    (folder / "shop.py").write_text("from ivrkit import State\ngreeting = State('After.')\n", encoding="utf-8")
    wait_until(lambda: said("After.", f"CA{time.monotonic_ns()}"))
    health = json.loads(server.ask("/phone/healthz")[1])
    assert health["plugins"]["shop-states"] == "1.0"
    assert server.end() == 0


@pytest.mark.once
@pytest.mark.server
def test_killed_workers_are_replaced_and_sighup_reloads(serve):
    """If all workers are killed, a request waits for the next worker; SIGHUP replaces the workers."""
    server = serve("--workers", "2", **TOKEN).wait()
    wait_until(lambda: len(children_of(server.process.pid)) == 2)
    first = children_of(server.process.pid)
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, first)))
    assert server.ask("/healthz")[0] == 200
    wait_until(lambda: server.output.count("died (signal 9, Killed)") == 2)
    wait_until(lambda: len(children_of(server.process.pid)) == 2)
    second = children_of(server.process.pid)
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: not any(map(is_running, second)))
    assert server.ask("/healthz")[0] == 200
    assert server.end() == 0


@pytest.mark.once
@pytest.mark.server
@pytest.mark.skipif(
    not hasattr(socket, "TCP_DEFER_ACCEPT"), reason="this system passes on connections without a request"
)
def test_a_reload_cuts_off_no_connection_without_a_request(serve):
    """A connection whose request arrives after a reload is answered by the new worker."""
    server = serve(**TOKEN).wait()
    (worker,) = children_of(server.process.pid)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: not is_running(worker))
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    assert server.end() == 0


@pytest.mark.once
@pytest.mark.server
def test_the_workers_of_a_killed_supervisor_end(serve):
    """Workers without a supervisor end by themselves, so that the next supervisor can use the port."""
    server = serve("--workers", "2", **TOKEN).wait()
    wait_until(lambda: len(children_of(server.process.pid)) == 2)
    workers = children_of(server.process.pid)
    server.process.kill()
    server.process.wait(PATIENCE)
    wait_until(lambda: not any(map(is_running, workers)))
    with socket.create_server(("127.0.0.1", server.port)):
        pass


#: The start state; a call from one number holds the GIL for long, and a call from another one kills the process.
HARMFUL = """
import ctypes, os
from ivrkit import State

def enter(call):
    if call.from_.endswith("1"):
        ctypes.PyDLL(None).sleep(60)
    if call.from_.endswith("2"):
        os.abort()
    return "Well."

harmful = State(enter)
"""


def send(server: "Served", number: str) -> tuple[int, str]:
    """Begin a call, and return the status and the TwiML."""
    sid = f"CA{time.monotonic_ns():032}"
    form = {**CALL, "CallSid": sid, "From": number, "To": "+15005550006"}
    url = f"http://127.0.0.1:{server.port}/webhook"
    return server.ask("/webhook", form, RequestValidator("12345").compute_signature(url, form))


@pytest.fixture
def harmful(serve, folder) -> Served:
    """Return a server of one worker with the harmful state."""
    (folder / "plugins").mkdir()
    (folder / "plugins" / "harmful.py").write_text(HARMFUL, encoding="utf-8")
    (folder / "ivrkit.toml").write_text(
        'start = "harmful"\nplugins_dir = "plugins"\nworker_timeout = 1\n', encoding="utf-8"
    )
    return serve(**TOKEN).wait()


@pytest.mark.once
@pytest.mark.server
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("+14155550101", "is replaced: its Python code has not run for 1 s"),
        ("+14155550102", "died (signal 6, Aborted)"),
    ],
    ids=["holds the GIL", "aborts"],
)
def test_a_harmful_handler_costs_one_worker(harmful, number, reason):
    """If a handler holds the GIL or kills its process, the worker is replaced, and the log names state and call."""
    assert send(harmful, number)[0] == 0
    assert "Well." in send(harmful, "+14155550100")[1]
    (line,) = [line for line in harmful.output.splitlines() if "ERROR ivrkit.server: " in line]
    assert f"worker 1 {reason} in state 'harmful' of harmful.py, call CA" in line
    assert f'{harmful.folder}/plugins/harmful.py", line ' in harmful.output, "the stack of the thread is printed"
    assert harmful.end() == 0


@pytest.mark.once
@pytest.mark.server
def test_sighup_with_a_broken_tree_keeps_the_good_workers(harmful):
    """If the new files have problems, SIGHUP logs the problems, and the old workers still answer."""
    workers = children_of(harmful.process.pid)
    (harmful.folder / "plugins" / "broken.py").write_text("1 / 0\n", encoding="utf-8")
    harmful.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the old workers still serve it as it was before\n" in harmful.output)
    assert "plugin broken.py: its file broken.py cannot be imported: ZeroDivisionError" in harmful.output
    wait_until(lambda: children_of(harmful.process.pid) == workers)
    assert "Well." in send(harmful, "+14155550100")[1]
    assert harmful.end() == 0


@pytest.mark.acme
def test_flask_run_serves_the_checkout(folder):
    """``flask run`` in the checkout reads .flaskenv, and accepts webhooks from this machine without a token."""
    environ = {**os.environ, "TWILIO_AUTH_TOKEN": "", "IVRKIT_SESSION_URL": f"sqlite:///{folder}/calls.sqlite3"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "flask", "run", "--port", str(port)]
    with (folder / "output").open("wb") as output:
        process = start(command, cwd=CHECKOUT, env=environ, stdout=output, stderr=output)

    def answered() -> bool:
        assert process.poll() is None, (folder / "output").read_text(encoding="utf-8")
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
