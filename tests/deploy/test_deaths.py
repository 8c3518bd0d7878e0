"""``ivrkit serve``, and gunicorn with the file of deploy/: the code of a plugin ends the worker, and the line stays up.

Each number calls a state that ends its process in another way. The server logs where the worker died, does not run the
state again for this call, and starts a new worker.
"""

import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from tests.deploy.conftest import Start
from tests.processes import DEPLOY, PATIENCE, TOKEN, Running, environment, free_port, wait_until

from ivrkit.simulator import HttpTransport, SimulatedCall, Simulator

pytestmark = pytest.mark.once
SERVE = pytest.param("serve", marks=pytest.mark.server)
APOLOGY = "We are sorry, something went wrong."
#: Called number -> the state in which its calls start, and the words for the end of the worker.
FATES = {
    "+15005550001": ("abort", r"died \(signal 6, Aborted\)"),
    "+15005550003": ("exit3", r"exited with code 3"),
    "+15005550004": ("exit4", r"exited with code 4"),
    "+15005550005": ("segfault", r"died \(signal 11, Segmentation fault\)"),
}
TREE = """
import ctypes, os
from pathlib import Path
from ivrkit import MenuOption, State, ask

def ends(name, end):
    def enter(call):
        with Path("runs.txt").open("a") as file:
            file.write(f"{name} {call.sid}\\n")
        end()
    return State(enter, on_error="sorry")

abort = ends("abort", os.abort)
exit3 = ends("exit3", lambda: os._exit(3))
exit4 = ends("exit4", lambda: os._exit(4))
segfault = ends("segfault", lambda: ctypes.string_at(0))
killed = ends("killed", lambda: os.kill(os.getpid(), 9))
sorry = State(ask("This does not work."))
desk = State(ask("This is the desk."))
home = State(ask("Welcome."))
"""
SETTINGS = """
start = "home"
operator = "desk"
plugins_dir = "trees"
block = ["acme-states", "appointment-reminders"]

[numbers."+15005550009"]
start = "killed"
""" + "".join(f'\n[numbers."{number}"]\nstart = "{state}"\n' for number, (state, _) in FATES.items())


class Server:
    """A running server with two workers and the tree of this module: ``serve`` or ``gunicorn``."""

    def __init__(self, start: Start, folder: Path, name: str = "gunicorn") -> None:
        self.folder = folder
        (folder / "trees").mkdir(exist_ok=True)
        self.tree = folder / "trees" / "fatal.py"
        self.tree.write_text(TREE, encoding="utf-8")
        (folder / "ivrkit.toml").write_text(SETTINGS, encoding="utf-8")
        self.base = f"http://127.0.0.1:{free_port()}"
        address = self.base.removeprefix("http://")
        commands = {
            "serve": ["ivrkit", "serve", "--port", address.partition(":")[2], "--workers", "2"],
            "gunicorn": ["gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py"), "--bind", address],
        }
        environ = {"TWILIO_AUTH_TOKEN": TOKEN, "IVRKIT_SESSION_URL": f"sqlite:///{folder}/calls.sqlite3"}
        self.running: Running = start(commands[name], f"{self.base}/healthz", environ, folder)

    def workers(self) -> set[int]:
        """Return the process ids of the workers that answer requests: they have a slot file."""
        return {pid for pid in self.running.processes if self.folder_of_slots(pid)} - {self.running.process.pid}

    def folder_of_slots(self, pid: int) -> str:
        """Return the folder of the slot file of a worker, or "" if it has none."""
        try:
            maps = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
        except OSError:  # it has just ended
            return ""
        found = re.search(rf"(/\S+)/worker-{pid}$", maps, re.MULTILINE)
        return found[1] if found else ""

    def call(self, to: str = "") -> SimulatedCall:
        """Make a call as Twilio does, with the fallback URL."""
        simulator = Simulator(HttpTransport(), f"{self.base}/webhook", token=TOKEN, fallback_url="/webhook/fallback")
        return simulator.call(**({"to": to} if to else {}))

    def runs(self, state: str) -> list[str]:
        """Return the CallSids of the calls in which the code of a state has run."""
        path = self.folder / "runs.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [line.split()[1] for line in lines if line.startswith(f"{state} ")]

    def wait_for_line(self, pattern: str) -> None:
        """Wait until the log has a line."""
        wait_until(lambda: re.search(pattern, self.running.output) is not None, lambda: self.running.output)


@pytest.fixture(scope="module")
def gunicorn(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Return a running gunicorn."""
    return Server(start, tmp_path_factory.mktemp("gunicorn"))


@pytest.fixture(scope="module")
def serve(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Return a running ``ivrkit serve``."""
    return Server(start, tmp_path_factory.mktemp("serve"), "serve")


@pytest.mark.parametrize("to", FATES)
@pytest.mark.parametrize("name", [SERVE, "gunicorn"])
def test_a_state_that_ends_the_process_is_not_run_again(request: pytest.FixtureRequest, name: str, to: str):
    """The first two calls end a worker each and reach the operator. The third call goes to on_error at once."""
    server: Server = request.getfixturevalue(name)
    state, end = FATES[to]
    sids = []
    for _ in range(2):
        call = server.call(to)
        assert call.heard == f"{APOLOGY}\nThis is the desk."
        sids.append(call.sid)
        server.wait_for_line(
            rf"(?i)worker .*{end} in state '{state}' of fatal\.py, call {call.sid}(; it is replaced)?\n"
        )
    # The death records refuse the code, with the apology. Each worker also reads the quarantine, once a second.
    assert server.call(to).heard_last in ("This does not work.", f"{APOLOGY}\nThis does not work.")
    wait_until(lambda: server.call(to).heard_last == "This does not work.", lambda: server.running.output)
    assert server.runs(state) == sids
    assert server.call().heard == "Welcome."
    assert "Fatal Python error: Aborted\n" in server.running.output or state != "abort"


def test_a_signal_from_outside_is_no_reason_to_refuse_the_state(gunicorn: Server):
    """The log names the state of a worker that was killed by SIGKILL, and the state is run again for the next call."""
    for number in range(1, 4):
        call = gunicorn.call("+15005550009")
        assert call.heard == f"{APOLOGY}\nThis is the desk."
        gunicorn.wait_for_line(
            rf"Worker \(pid:\d+\) died \(signal 9, Killed\) in state 'killed' of fatal\.py, call {call.sid}\n"
        )
        assert len(gunicorn.runs("killed")) == number


def test_a_header_of_the_caller_cannot_set_the_path(gunicorn: Server):
    """A request with the header SCRIPT_NAME is answered as without it. gunicorn would fail with 500 by default."""
    request = urllib.request.Request(f"{gunicorn.base}/healthz", headers={"SCRIPT_NAME": "/x"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE) as response:
        assert response.status == 200


def test_a_reload_with_a_broken_tree_is_skipped(start: Start, tmp_path: Path):
    """The log of gunicorn has the problem, and the workers go on with the old tree, until the tree is fixed."""
    gunicorn = Server(start, tmp_path)
    wait_until(lambda: len(gunicorn.workers()) == 2)
    before = gunicorn.workers()
    gunicorn.tree.write_text("this is no Python", encoding="utf-8")
    gunicorn.running.process.send_signal(signal.SIGHUP)
    gunicorn.wait_for_line(
        r"The reload is skipped, because the new phone tree cannot be served:\n(.*\n)*.*fatal\.py: (.*\n)*  hint: "
    )
    assert gunicorn.workers() == before
    assert gunicorn.call().heard == "Welcome."
    gunicorn.tree.write_text(TREE.replace("Welcome.", "Welcome back."), encoding="utf-8")
    gunicorn.running.process.send_signal(signal.SIGHUP)
    wait_until(lambda: len(gunicorn.workers() - before) == 2, lambda: gunicorn.running.output)
    assert gunicorn.call().heard == "Welcome back."


def test_a_worker_that_cannot_start_does_not_stop_the_others(start: Start, tmp_path: Path):
    """After the start, a broken tree keeps new workers from starting, until it is fixed. The others answer."""
    gunicorn = Server(start, tmp_path)
    wait_until(lambda: len(gunicorn.workers()) == 2)
    gunicorn.tree.write_text("this is no Python", encoding="utf-8")
    gunicorn.call("+15005550003")
    gunicorn.wait_for_line(r"(?s)(exited with code 3\..*){3}")  # the state, and two workers that could not start
    assert len(gunicorn.workers()) == 1
    assert gunicorn.call().heard == "Welcome."
    gunicorn.tree.write_text(TREE, encoding="utf-8")
    wait_until(lambda: len(gunicorn.workers()) == 2, lambda: gunicorn.running.output)
    (folder,) = {gunicorn.folder_of_slots(worker) for worker in gunicorn.workers()}
    assert gunicorn.running.end() == 0
    assert not Path(folder).exists()


def test_a_tree_that_cannot_be_loaded_stops_the_start(tmp_path: Path):
    """Before the first worker has started, gunicorn stops with its own exit code, and the log has the problem."""
    (tmp_path / "ivrkit.toml").write_text('start = "missing"', encoding="utf-8")
    command = ["gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py"), "--bind", f"127.0.0.1:{free_port()}"]
    environ = environment(TWILIO_AUTH_TOKEN=TOKEN)
    ended = subprocess.run(
        command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 3
    assert "Worker failed to boot." in ended.stderr
    assert "'missing'" in ended.stderr
