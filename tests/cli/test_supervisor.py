"""What keeps the server running, with small programs in place of the server."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ivrkit.cli import supervisor
from ivrkit.cli.supervisor import Supervisor

#: Writes its number of starts and then does what its argument says; ends by itself before a test that waits in vain.
CHILD = """
import os, pathlib, signal, subprocess, sys, time
notes = os.open(pathlib.Path(sys.argv[1]) / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(what):  # in one piece, for it is called in signal handlers
    os.write(notes, f"{what}\\n".encode())
signal.signal(signal.SIGTERM, lambda *_: (note("told to end"), os._exit(0)))
signal.signal(signal.SIGINT, lambda *_: (note("interrupted"), os._exit(0)))
signal.signal(signal.SIGHUP, lambda *_: note("reload"))
note(f"started {os.environ['NAME']}")
"""
STAYS = "[time.sleep(0.02) for _ in range(1000)]"


@pytest.fixture(autouse=True)
def handlers():
    """Put the signal handlers of this process back."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
    kept = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Do not wait as long as in earnest."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 0.01)


class Bench:
    """A supervisor of a small program, the lines that it told, and what the program noted."""

    def __init__(self, folder: Path, end: str) -> None:
        self.folder = folder
        self.told: list[str] = []
        command = [sys.executable, "-c", CHILD + end, str(folder)]
        self.supervisor = Supervisor(command, {**os.environ, "NAME": "child"}, self.told.append)

    @property
    def notes(self) -> list[str]:
        """What the program noted so far."""
        path = self.folder / "notes"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def run(self, *steps: tuple[int, signal.Signals]) -> None:
        """Run the supervisor; when there are so many notes, send the signal."""

        def send() -> None:
            for count, number in steps:
                wait_until(lambda count=count: len(self.notes) >= count)
                # To the thread that waits for the server: another one that took it would not wake it.
                signal.pthread_kill(threading.main_thread().ident, number)

        thread = threading.Thread(target=send)
        thread.start()
        self.supervisor.run()
        thread.join()


def wait_until(true, seconds: float = 20.0) -> None:
    """Wait for something, for a while."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "note"), [(signal.SIGTERM, "told to end"), (signal.SIGINT, "interrupted")], ids=["TERM", "INT"]
)
def test_a_signal_to_end_ends_the_server_and_then_the_supervisor(tmp_path, number, note):
    """The server gets the same signal, and is waited for; nothing is told, because nothing went wrong."""
    bench = Bench(tmp_path, STAYS)
    bench.run((1, number))
    assert bench.notes == ["started child", note]
    assert bench.told == []


def test_a_reload_is_passed_on(tmp_path):
    """SIGHUP goes to the server, which goes on running."""
    bench = Bench(tmp_path, STAYS)
    bench.run((1, signal.SIGHUP), (2, signal.SIGTERM))
    assert bench.notes == ["started child", "reload", "told to end"]


def test_a_server_that_ends_by_itself_is_started_anew(tmp_path):
    """It is told each time, with its code and a wait that doubles."""
    bench = Bench(tmp_path, "sys.exit(3)")
    bench.run((4, signal.SIGTERM))
    assert bench.notes[:3] == ["started child"] * 3
    assert bench.told[:3] == [
        "The server ended by itself with code 3; it is started anew in 0.02 s.",
        "The server ended by itself with code 3; it is started anew in 0.04 s.",
        "The server ended by itself with code 3; it is started anew in 0.08 s.",
    ]


def test_the_wait_has_an_end(tmp_path, monkeypatch):
    """However often the server ends, it is tried again within a known time."""
    monkeypatch.setattr(supervisor, "LONGEST_WAIT", 0.03)
    bench = Bench(tmp_path, "sys.exit(3)")
    bench.run((4, signal.SIGTERM))
    assert [line.rpartition(" in ")[2] for line in bench.told[:3]] == ["0.02 s.", "0.03 s.", "0.03 s."]


def test_a_server_that_ran_for_long_is_started_anew_quickly(tmp_path, monkeypatch):
    """The waits of last week's trouble are forgotten."""
    monkeypatch.setattr(supervisor, "SOON", 0.0)
    bench = Bench(tmp_path, "sys.exit(3)")
    bench.run((3, signal.SIGTERM))
    assert {line.rpartition(" in ")[2] for line in bench.told} == {"0.01 s."}


def test_a_signal_between_two_servers_ends_the_wait(tmp_path, monkeypatch):
    """Nobody has to wait for a server that is not to be started."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT", 20.0)
    bench = Bench(tmp_path, "sys.exit(3)")
    began = time.monotonic()
    thread = threading.Thread(target=lambda: (wait_until(lambda: bench.told), os.kill(os.getpid(), signal.SIGTERM)))
    thread.start()
    bench.supervisor.run()
    thread.join()
    assert time.monotonic() - began < 15
    assert bench.notes == ["started child"]


def test_a_signal_while_the_server_is_being_started_is_not_lost(tmp_path, monkeypatch):
    """A server that nobody could pass the signal on to is ended as soon as it is there."""
    start = subprocess.Popen

    def start_and_signal(*given, **named):
        child = start(*given, **named)
        os.kill(os.getpid(), signal.SIGTERM)
        return child

    monkeypatch.setattr(subprocess, "Popen", start_and_signal)
    bench = Bench(tmp_path, STAYS)
    bench.supervisor.run()
    assert bench.supervisor._child.returncode is not None
    assert bench.told == []


#: Ends by no signal that can be ignored.
STUBBORN = "signal.signal(signal.SIGTERM, lambda *_: note('ignored'))\nnote('ready')\n" + STAYS


def test_a_server_that_does_not_end_in_time_is_killed(tmp_path, monkeypatch):
    """Whoever ends the host need not wait for a server that hangs."""
    monkeypatch.setattr(supervisor, "GRACE", 1)
    bench = Bench(tmp_path, STUBBORN)
    bench.run((2, signal.SIGTERM))
    assert bench.notes == ["started child", "ready", "ignored"]
    assert bench.supervisor._child.returncode == -signal.SIGKILL


def test_a_second_signal_kills_at_once(tmp_path, monkeypatch):
    """Ctrl-C twice is meant."""
    monkeypatch.setattr(supervisor, "GRACE", 600)
    bench = Bench(tmp_path, STUBBORN)
    bench.run((2, signal.SIGTERM), (3, signal.SIGTERM))
    assert bench.supervisor._child.returncode == -signal.SIGKILL
    assert signal.alarm(0) == 0, "no alarm is left behind"


def test_a_signal_before_there_is_a_server_is_passed_on_to_nobody(tmp_path):
    """A reload that comes too early does nothing."""
    bench = Bench(tmp_path, STAYS)
    bench.supervisor._pass_on(signal.SIGHUP, None)
    bench.supervisor._kill()
    assert bench.notes == []


def test_what_a_killed_server_left_running_is_ended(tmp_path):
    """Workers without their server would answer beside the new ones, with old code."""
    worker = "import time; [time.sleep(0.02) for _ in range(1000)]"
    bench = Bench(
        tmp_path,
        f"worker = subprocess.Popen([sys.executable, '-c', {worker!r}])\n"
        "note(worker.pid)\n"
        "os.kill(os.getpid(), signal.SIGKILL)",
    )
    bench.run((3, signal.SIGTERM))
    worker_pid = int(bench.notes[1])
    wait_until(lambda: not is_running(worker_pid))
    assert bench.told[0].startswith("The server ended by itself with code -9;")


def is_running(pid: int) -> bool:
    """Return whether a process is there, and not only its entry in the table."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
