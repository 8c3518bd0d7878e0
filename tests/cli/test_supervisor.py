"""The supervisor of the server, with small programs in place of the server."""

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

#: Writes a note for each start and each signal. The code that follows ends before a test gives up waiting.
CHILD = """
import os, pathlib, signal, subprocess, sys, time
notes = os.open(pathlib.Path(sys.argv[1]) / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(what):  # one write, because signal handlers call it too
    os.write(notes, f"{what}\\n".encode())
signal.signal(signal.SIGTERM, lambda *_: (note("terminated"), os._exit(0)))
signal.signal(signal.SIGINT, lambda *_: (note("interrupted"), os._exit(0)))
signal.signal(signal.SIGHUP, lambda *_: note("reload"))
note(f"started {os.environ['NAME']}")
"""
STAYS = "[time.sleep(0.02) for _ in range(1000)]"


@pytest.fixture(autouse=True)
def handlers():
    """Restore the signal handlers of this process."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
    kept = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Make the first wait short."""
    monkeypatch.setattr(supervisor, "MIN_WAIT", 0.01)


class Bench:
    """A supervisor of a small program, with the lines that it reported and the notes of the program."""

    def __init__(self, folder: Path, end: str) -> None:
        self.folder = folder
        self.reported: list[str] = []
        command = [sys.executable, "-c", CHILD + end, str(folder)]
        self.supervisor = Supervisor(command, {**os.environ, "NAME": "child"}, self.reported.append)

    @property
    def notes(self) -> list[str]:
        """The notes of the program so far."""
        path = self.folder / "notes"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def run(self, *steps: tuple[int, signal.Signals]) -> None:
        """Run the supervisor, and send each signal when the program has written so many notes."""

        def send() -> None:
            for count, number in steps:
                wait_until(lambda count=count: len(self.notes) >= count)
                # To the main thread, which waits for the server: a signal to another thread does not wake it.
                signal.pthread_kill(threading.main_thread().ident, number)

        thread = threading.Thread(target=send)
        thread.start()
        self.supervisor.run()
        thread.join()


def wait_until(true, seconds: float = 20.0) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "timeout"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("number", "note"), [(signal.SIGTERM, "terminated"), (signal.SIGINT, "interrupted")], ids=["TERM", "INT"]
)
def test_a_signal_stops_the_server_and_then_the_supervisor(tmp_path, number, note):
    """The server gets the same signal, and the supervisor waits for its end and reports nothing."""
    bench = Bench(tmp_path, STAYS)
    bench.run((1, number))
    assert bench.notes == ["started child", note]
    assert bench.reported == []


def test_sighup_is_passed_on(tmp_path):
    """SIGHUP is passed to the server, which keeps running."""
    bench = Bench(tmp_path, STAYS)
    bench.run((1, signal.SIGHUP), (2, signal.SIGTERM))
    assert bench.notes == ["started child", "reload", "terminated"]


def test_a_server_that_ends_by_itself_is_restarted(tmp_path):
    """Each restart is reported with the exit code and the wait, which doubles."""
    bench = Bench(tmp_path, "sys.exit(3)")
    bench.run((4, signal.SIGTERM))
    assert bench.notes[:3] == ["started child"] * 3
    assert bench.reported[:3] == [
        "The server exited with code 3. Restarting in 0.02 s.",
        "The server exited with code 3. Restarting in 0.04 s.",
        "The server exited with code 3. Restarting in 0.08 s.",
    ]


def test_the_wait_has_a_limit(tmp_path, monkeypatch):
    """The wait before a restart does not grow beyond its maximum."""
    monkeypatch.setattr(supervisor, "MAX_WAIT", 0.03)
    bench = Bench(tmp_path, "sys.exit(3)")
    bench.run((4, signal.SIGTERM))
    assert [line.rpartition(" in ")[2] for line in bench.reported[:3]] == ["0.02 s.", "0.03 s.", "0.03 s."]


def test_a_stable_server_is_restarted_quickly(tmp_path, monkeypatch):
    """A server that ran for long resets the wait."""
    monkeypatch.setattr(supervisor, "STABLE_AFTER", 0.0)
    bench = Bench(tmp_path, "sys.exit(3)")
    bench.run((3, signal.SIGTERM))
    assert {line.rpartition(" in ")[2] for line in bench.reported} == {"0.01 s."}


def test_a_signal_before_a_restart_ends_the_wait(tmp_path, monkeypatch):
    """A signal while the supervisor waits before a restart stops it at once."""
    monkeypatch.setattr(supervisor, "MIN_WAIT", 20.0)
    bench = Bench(tmp_path, "sys.exit(3)")
    began = time.monotonic()
    thread = threading.Thread(target=lambda: (wait_until(lambda: bench.reported), os.kill(os.getpid(), signal.SIGTERM)))
    thread.start()
    bench.supervisor.run()
    thread.join()
    assert time.monotonic() - began < 15
    assert bench.notes == ["started child"]


def test_a_signal_while_the_server_is_being_started_is_not_lost(tmp_path, monkeypatch):
    """A signal that comes while the server is being started stops the server after its start."""
    start = subprocess.Popen

    def start_and_signal(*given, **named):
        child = start(*given, **named)
        os.kill(os.getpid(), signal.SIGTERM)
        return child

    monkeypatch.setattr(subprocess, "Popen", start_and_signal)
    bench = Bench(tmp_path, STAYS)
    bench.supervisor.run()
    assert bench.supervisor._child.returncode is not None
    assert bench.reported == []


#: Ignores SIGTERM.
STUBBORN = "signal.signal(signal.SIGTERM, lambda *_: note('ignored'))\nnote('ready')\n" + STAYS


def test_a_server_that_does_not_end_in_time_is_killed(tmp_path, monkeypatch):
    """A server that does not end within the grace period is killed."""
    monkeypatch.setattr(supervisor, "GRACE", 1)
    bench = Bench(tmp_path, STUBBORN)
    bench.run((2, signal.SIGTERM))
    assert bench.notes == ["started child", "ready", "ignored"]
    assert bench.supervisor._child.returncode == -signal.SIGKILL


def test_a_second_signal_kills_at_once(tmp_path, monkeypatch):
    """A second signal kills the server without a grace period."""
    monkeypatch.setattr(supervisor, "GRACE", 600)
    bench = Bench(tmp_path, STUBBORN)
    bench.run((2, signal.SIGTERM), (3, signal.SIGTERM))
    assert bench.supervisor._child.returncode == -signal.SIGKILL
    assert signal.alarm(0) == 0, "no alarm is left behind"


def test_a_signal_before_the_first_start_does_nothing(tmp_path):
    """SIGHUP before the first start of the server does nothing."""
    bench = Bench(tmp_path, STAYS)
    bench.supervisor._pass_on(signal.SIGHUP, None)
    bench.supervisor._kill()
    assert bench.notes == []


def test_the_workers_of_a_killed_server_are_killed(tmp_path):
    """The workers of a killed server are killed too: they would go on answering with old code."""
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
    assert bench.reported[0].startswith("The server exited with code -9.")


def is_running(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
