"""The supervisor of the server, with small programs in place of the workers."""

import itertools
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest

from ivrkit.cli.reloader.worker import POLL_INTERVAL
from ivrkit.cli.server import heartbeat, position, processes, supervisor, worker
from ivrkit.cli.server.supervisor import Supervisor
from ivrkit.errors import IvrkitError

#: A worker that writes a note for each start and each signal. The code that follows it decides what the worker does.
#: A worker ends with its lifeline, so also with a test that gives up.
WORKER = """
import json, os, pathlib, signal, sys, threading, time
folder, job = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
notes = os.open(folder / "notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(what):  # one write, because signal handlers call it too
    os.write(notes, f"{what}\\n".encode())
def report(problem="", worker_timeout=0):
    with os.fdopen(job["report"], "w") as pipe:
        json.dump({"problem": problem, "worker_timeout": worker_timeout}, pipe)
def wait():
    os.read(job["lifeline"], 1)
def serve(worker_timeout=0):
    report(worker_timeout=worker_timeout)
    note("ready")
    wait()
    note("ended")
def is_first(name):  # whether no worker has called this function with this name before
    try:
        os.close(os.open(folder / name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
note("started")
"""
#: Writes a slot file as a worker does, in which the worker is in a state.
IN_A_STATE = """
from ivrkit.flow.model.state import Owner
from ivrkit.flow.run.plugin_code import PluginCode
from ivrkit.host.workers.slots import process_slots
slots = process_slots()
slots.mark_ready()
slots.enter(PluginCode("enter", Owner("acme", "1.0"), None), "CA1")
"""


class Bench:
    """A supervisor of small programs, with the lines that it logged and the notes of the programs."""

    def __init__(self, folder: Path, code: str, size: int = 1) -> None:
        self.folder = folder
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.port = self.listener.getsockname()[1]
        python = folder / "python"
        python.symlink_to(sys.executable)
        command = [str(python), "-c", WORKER + code, str(folder)]
        # A link to Python does not find the packages of a virtual environment by itself.
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.supervisor = Supervisor(self.listener, size, "", environ, command)
        self.logged: list[str] = []
        self.handler = logging.Handler()
        self.handler.emit = lambda record: self.logged.append(record.getMessage())

    @property
    def notes(self) -> list[str]:
        """The notes of the programs so far."""
        path = self.folder / "notes"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def noted(self, note: str, count: int = 1) -> Callable[[], bool]:
        """Return a condition: the programs have written a note so many times."""
        return lambda: self.notes.count(note) >= count

    def has_logged(self, text: str, count: int = 1) -> Callable[[], bool]:
        """Return a condition: a text is in so many lines that the supervisor logged."""
        return lambda: sum(text in line for line in self.logged) >= count

    def is_complete(self) -> bool:
        """Return whether all positions have a worker that answers."""
        return None not in self.workers

    @property
    def workers(self) -> list[int | None]:
        """The ids of the workers that answer, by their positions."""
        return [each.worker and each.worker.process.pid for each in self.supervisor._positions]

    def run(self, *steps: Callable[[], object] | signal.Signals) -> None:
        """Run the supervisor. Wait for each condition among the steps, send each signal, and at last SIGTERM."""
        failures: list[BaseException] = []
        over = threading.Event()

        def take_steps() -> None:
            try:
                for step in steps:
                    if isinstance(step, signal.Signals):
                        send(step)
                    else:
                        wait_until(lambda step=step: step() or over.is_set())
            except BaseException as failure:
                failures.append(failure)
            finally:
                if steps[-1] not in (signal.SIGTERM, signal.SIGINT):
                    send(signal.SIGTERM)

        thread = threading.Thread(target=take_steps)
        thread.start()
        logger = logging.getLogger("ivrkit.server")
        logger.addHandler(self.handler)
        try:
            self.supervisor.run()
        finally:
            over.set()
            logger.removeHandler(self.handler)
            thread.join()
        if failures:
            raise AssertionError(f"{self.notes} {self.logged}") from failures[0]


def send(number: signal.Signals) -> None:
    """Send a signal to this process."""
    signal.pthread_kill(threading.main_thread().ident, number)


def wait_until(true: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "timeout"
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Make the first wait short. Ignore a signal that comes when the supervisor has ended. Restore the log level."""
    monkeypatch.setattr(position, "MIN_WAIT", 0.01)
    logger = logging.getLogger("ivrkit.server")
    level = logger.level
    logger.setLevel(logging.INFO)
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    handlers = {number: signal.signal(number, lambda *_: None) for number in numbers}
    yield
    logger.setLevel(level)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def bench(tmp_path):
    """Return a function that makes a bench."""
    folders = itertools.count()

    def make(code: str, size: int = 1) -> Bench:
        folder = tmp_path / f"bench{next(folders)}"
        folder.mkdir()
        return Bench(folder, code, size)

    return make


# The start and the end.


def test_a_worker_notices_its_end_within_the_grace_period():
    """A worker without a supervisor ends by itself after the time in which a supervisor would kill it."""
    assert POLL_INTERVAL < processes.GRACE < worker.ALONE < processes.GRACE + 5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_a_signal_stops_the_workers_and_then_the_supervisor(bench, number):
    """The supervisor waits for the end of its workers, closes the socket, and logs nothing."""
    handlers = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)]
    two = bench("serve()", size=2)
    two.run(two.is_complete, two.noted("ready", 2), number)
    assert sorted(two.notes) == ["ended"] * 2 + ["ready"] * 2 + ["started"] * 2
    assert two.logged == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", two.port))
    after = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)]
    assert after == handlers, "the old handlers are restored"


def test_the_first_worker_loads_alone(bench):
    """The other workers are started when the first one has loaded the phone tree: until then, it may have problems."""
    two = bench("is_first('a') and (time.sleep(0.3), note('loaded'))\nserve()", size=2)
    two.run(two.noted("ready", 2))
    assert two.notes[:2] == ["started", "loaded"]


def test_a_problem_of_the_first_worker_is_an_error(bench):
    """If the first worker cannot load the phone tree, the server does not start, and the error names the problem."""
    broken = bench("report('no state')", size=2)
    with pytest.raises(IvrkitError, match=r"^no state$"):
        broken.run(lambda: False)
    assert broken.notes == ["started"]


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("os._exit(3)", "exited with code 3"),
        ("os.abort()", "died (signal 6, Aborted)"),
        ("os.write(job['report'], b'{'); os._exit(0)", "exited with code 0"),
    ],
    ids=["exit", "abort", "half a report"],
)
def test_a_first_worker_that_ends_is_an_error(bench, code, end):
    """If the first worker ends while it loads the phone tree, the error tells in which way."""
    broken = bench(code)
    with pytest.raises(IvrkitError, match=re.escape(f"the process {end} while it loaded the phone tree")):
        broken.run(lambda: False)


def test_a_signal_while_a_worker_is_being_started_is_not_lost(bench, monkeypatch):
    """A signal that comes while a worker is being started stops the supervisor after the start."""
    start = subprocess.Popen
    one = bench("serve()")

    def start_and_signal(*given, **named):
        child = start(*given, **named)
        os.kill(os.getpid(), signal.SIGTERM)
        return child

    monkeypatch.setattr(subprocess, "Popen", start_and_signal)
    one.supervisor.run()
    assert one.workers == [None]
    assert one.notes in ([], ["started"])


#: Does not end with its lifeline, but ends before a test gives up.
STUBBORN = "report()\nnote('ready')\nwait()\nnote('ignored')\ntime.sleep(40)\n"


def test_a_worker_that_does_not_end_in_time_is_killed(bench, monkeypatch):
    """A worker that does not finish its responses within the grace period is killed, and the log says so."""
    monkeypatch.setattr(processes, "GRACE", 0.2)
    stubborn = bench(STUBBORN)
    stubborn.run(stubborn.is_complete, stubborn.noted("ready"))
    assert stubborn.notes[:2] == ["started", "ready"]
    assert stubborn.logged == ["worker 1 was killed, because it had not ended after 0.2 s"]


def test_a_second_signal_kills_at_once(bench):
    """A second signal kills the workers without a grace period."""
    stubborn = bench(STUBBORN)
    began = time.monotonic()
    stubborn.run(stubborn.is_complete, stubborn.noted("ready"), signal.SIGTERM, stubborn.noted("ignored"))
    assert time.monotonic() - began < processes.GRACE
    assert stubborn.logged == []


def test_a_worker_that_dies_at_the_end_is_logged(bench):
    """A worker that crashes while it finishes its responses is named with its signal."""
    one = bench("report()\nnote('ready')\nwait()\nos.abort()")
    one.run(one.is_complete, one.noted("ready"))
    assert one.logged == ["worker 1 died (signal 6, Aborted) while it finished its responses"]


# Workers that die.


@pytest.mark.parametrize(
    ("code", "end"),
    [("os._exit(4)", "exited with code 4"), ("os.abort()", "died (signal 6, Aborted)")],
    ids=["exit", "abort"],
)
def test_a_worker_that_ends_by_itself_is_replaced(bench, code, end):
    """A worker that ends is replaced at once, and the log tells in which way it ended."""
    two = bench(f"report()\nis_first('x') and {code}\nnote('ready')\nwait()", size=2)
    two.run(two.noted("ready", 2))
    assert two.notes.count("started") == 3
    assert [line for line in two.logged if f" {end}; it is replaced" in line] == two.logged
    assert len(two.logged) == 1


def test_workers_that_die_again_and_again_never_end_the_server(bench):
    """However often the workers die, each one is replaced without a wait."""
    two = bench("report()\nos.abort()", size=2)
    began = time.monotonic()
    two.run(two.has_logged("died (signal 6, Aborted); it is replaced", 20))
    assert time.monotonic() - began < 50
    assert two.notes.count("started") >= 20


def test_the_death_names_the_state_and_the_call(bench):
    """The log names the code of a plugin in which the worker died, with owner and call; the slot file is kept."""
    one = bench(f"report()\nif is_first('x'):\n{indent(IN_A_STATE, '    ')}\n    os.abort()\nnote('ready')\nwait()")
    kept: list[str] = []
    folder = lambda: one.supervisor._slots._folder  # noqa: E731
    one.run(one.noted("ready"), lambda: kept.extend(each.name for each in folder().iterdir()) or True)
    assert one.logged == ["worker 1 died (signal 6, Aborted) in enter of acme 1.0, call CA1; it is replaced"]
    assert [name.partition("-")[0] for name in kept if name.startswith("died-")] == ["died"]
    assert not folder().exists(), "the folder is removed at the end"


def test_processes_that_a_dead_worker_has_started_are_killed(bench):
    """Processes that a crashed worker has started are killed too: they would go on with old code."""
    child = "import time; time.sleep(60)"
    one = bench(
        "report()\nif is_first('x'):\n"
        f"    import subprocess\n    note(subprocess.Popen([sys.executable, '-c', {child!r}]).pid)\n    os.abort()\n"
        "note('ready')\nwait()"
    )
    one.run(one.noted("ready"))
    wait_until(lambda: not is_running(int(one.notes[1])))


def is_running(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


#: The first worker serves until a file exists, and all later ones fail to load.
DIES_LATER = "if is_first('x'):\n    report()\n    note('ready')\n    os._exit(3)\n"


def test_the_wait_before_the_next_attempt_doubles_up_to_a_limit(bench, monkeypatch):
    """If a new worker ends before it is ready, the next attempt waits, each time twice as long, up to a limit."""
    monkeypatch.setattr(position, "MAX_WAIT", 0.04)
    one = bench(DIES_LATER + "os._exit(5)")
    one.run(one.has_logged("could not be started", 4))
    assert one.logged[0] == "worker 1 exited with code 3; it is replaced"
    assert one.logged[1] == (
        "worker 1 could not be started: the process exited with code 5 while it loaded the phone tree\n"
        "the next attempt is in 0.01 s"
    )
    assert [line.rpartition(" in ")[2] for line in one.logged[1:5]] == ["0.01 s", "0.02 s", "0.04 s", "0.04 s"]


def test_a_worker_that_was_ready_resets_the_wait(bench):
    """After a worker was ready, the wait is as short as at first."""
    code = "is_first('y') or (is_first('z') and os._exit(5))\nreport()\nis_first('w') and os._exit(3)\n"
    code += "is_first('v') and os._exit(3)\nnote('ready')\nwait()"
    one = bench(code)
    one.run(one.noted("ready"))
    assert [line.rpartition("; ")[2].rpartition("\n")[2] for line in one.logged] == [
        "it is replaced",
        "the next attempt is in 0.01 s",
        "it is replaced",
    ]
    assert one.supervisor._positions[0]._wait == 0.0


def test_a_signal_ends_the_wait(bench, monkeypatch):
    """A signal while the supervisor waits before the next attempt stops it at once."""
    monkeypatch.setattr(position, "MIN_WAIT", 30.0)
    one = bench(DIES_LATER + "report('broken')")
    began = time.monotonic()
    one.run(one.has_logged("the next attempt is in 30 s"))
    assert time.monotonic() - began < 25


def test_a_process_that_cannot_be_started_is_tried_again(bench):
    """If the system cannot start a process, the next attempt waits, and the other workers go on."""
    one = bench(
        "report()\nif is_first('x'):\n    os.rename(folder / 'python', folder / 'gone')\n    os._exit(3)\n"
        "note('ready')\nwait()"
    )
    problem = "worker 1 could not be started: the process could not be started: No such file or directory"
    one.run(
        one.has_logged(problem, 2),
        lambda: (one.folder / "gone").rename(one.folder / "python"),
        one.noted("ready"),
    )
    assert one.logged[1] == f"{problem}\nthe next attempt is in 0.01 s"


def test_a_worker_that_does_not_load_in_time_is_tried_again(bench, monkeypatch):
    """A worker that loads the phone tree for too long is killed, and the next attempt waits."""
    monkeypatch.setattr(supervisor, "LOAD_TIMEOUT", 3.0)
    monkeypatch.setattr(supervisor, "INTERVAL", 0.05)
    one = bench(DIES_LATER + "if is_first('y'):\n    note('hangs')\n    wait()\nserve()")
    one.run(one.noted("ready", 2))
    assert one.notes.count("hangs") == 1
    assert one.logged[1] == (
        "worker 1 could not be started: the phone tree was not loaded within 3 s\nthe next attempt is in 0.01 s"
    )


# SIGHUP.


def test_sighup_replaces_the_workers_one_after_the_other(bench):
    """Each worker is replaced when its successor is ready, and one is loading at a time."""
    two = bench("serve()", size=2)
    two.run(two.is_complete, signal.SIGHUP, two.noted("ended", 2), two.noted("ready", 4))
    assert two.logged == ["SIGHUP: the phone tree is loaded again"]
    reload = two.notes[4:]
    assert [note for note in reload if note != "ended"][:4] == ["started", "ready", "started", "ready"]
    assert two.notes.count("started") == 4


def test_sighup_with_a_broken_tree_keeps_the_workers(bench):
    """If the phone tree has problems, they are logged once, and the old workers stay."""
    two = bench(
        "(folder / 'broken').exists() and (report('2 problems'), os._exit(0))\nserve()",
        size=2,
    )
    kept: list[int | None] = []
    two.run(
        two.is_complete,
        lambda: kept.extend(two.workers) or (two.folder / "broken").touch() or True,
        signal.SIGHUP,
        two.has_logged("2 problems"),
        lambda: kept.extend(two.workers) or True,
    )
    assert kept[:2] == kept[2:]
    assert None not in kept
    assert two.logged == [
        "SIGHUP: the phone tree is loaded again",
        "2 problems\nthe phone tree was not reloaded; the old workers still serve it as it was before",
    ]
    assert two.notes.count("started") == 3


def test_sighup_after_a_fix_reloads(bench):
    """After a reload that failed, a further SIGHUP loads the phone tree again."""
    one = bench("(folder / 'broken').exists() and (report('a problem'), os._exit(0))\nserve()")
    one.run(
        one.is_complete,
        lambda: (one.folder / "broken").touch() or True,
        signal.SIGHUP,
        one.has_logged("a problem"),
        lambda: (one.folder / "broken").unlink() or True,
        signal.SIGHUP,
        one.noted("ready", 2),
        one.noted("ended"),
    )


def test_a_failure_in_the_middle_of_a_reload_is_tried_again(bench):
    """If the first worker was replaced and the second one fails, the second one is tried again until it is replaced."""
    code = "is_first('1') or is_first('2') or is_first('3') or (is_first('4') and (report('by chance'), os._exit(0)))\n"
    two = bench(code + "serve()", size=2)
    two.run(two.is_complete, signal.SIGHUP, two.noted("ended", 2))
    assert two.logged[1:] == ["worker 2 could not be started: by chance\nthe next attempt is in 0.01 s"]
    assert two.notes.count("ready") == 4


def test_a_second_sighup_abandons_a_worker_that_is_loading(bench):
    """A worker that is loading may have read old files, so a further SIGHUP kills it and starts another one."""
    one = bench("is_first('1') or (is_first('2') and (note('slow'), wait()))\nserve()")
    one.run(one.is_complete, signal.SIGHUP, one.noted("slow"), signal.SIGHUP, one.noted("ready", 2))
    assert one.logged == ["SIGHUP: the phone tree is loaded again"] * 2
    assert one.notes.count("started") == 3


def test_sighup_ends_the_wait_before_the_next_attempt(bench, monkeypatch):
    """After a fix, SIGHUP starts the missing workers at once."""
    monkeypatch.setattr(position, "MIN_WAIT", 30.0)
    one = bench(DIES_LATER + "(folder / 'fixed').exists() or (report('broken'), os._exit(0))\nserve()")
    one.run(
        one.has_logged("the next attempt is in 30 s"),
        lambda: (one.folder / "fixed").touch() or True,
        signal.SIGHUP,
        one.noted("ready", 2),
    )


def test_a_stop_during_a_reload_kills_the_worker_that_is_loading(bench):
    """SIGTERM does not wait until a new worker has loaded the phone tree."""
    one = bench("is_first('1') or (note('slow'), wait())\nserve()")
    one.run(one.is_complete, signal.SIGHUP, one.noted("slow"))
    assert one.notes.count("ended") == 1


def test_an_old_worker_may_die_during_a_reload(bench):
    """If an old worker dies while its successor loads the phone tree, the successor takes its position."""
    code = "def wait_for(name):\n    while not (folder / name).exists():\n        time.sleep(0.01)\n"
    code += "if is_first('1'):\n    report()\n    note('ready')\n    wait_for('slow')\n    os._exit(3)\n"
    code += "(folder / 'slow').touch()\nwait_for('go')\nserve()"
    one = bench(code)
    one.run(
        one.is_complete,
        signal.SIGHUP,
        one.has_logged("worker 1 exited with code 3"),
        lambda: (one.folder / "go").touch() or True,
        one.noted("ready", 2),
    )
    assert one.notes.count("started") == 2


# The heartbeat.

#: A worker that writes one heartbeat and no further one, unless another worker has hung before.
HANGS = f"""
import faulthandler
if is_first('x'):
{indent(IN_A_STATE, "    ")}
    HOW
    serve(worker_timeout=1)
serve()
"""


@pytest.mark.parametrize(
    "how",
    ["faulthandler.enable(open(folder / 'stacks', 'w'))", "signal.signal(signal.SIGABRT, signal.SIG_IGN)"],
    ids=["aborts", "ignores SIGABRT"],
)
def test_a_worker_without_a_heartbeat_is_replaced(bench, monkeypatch, how):
    """If no Python code runs for the time of the setting, the worker prints its stacks, is killed, and is replaced."""
    monkeypatch.setattr(supervisor, "INTERVAL", 0.05)
    monkeypatch.setattr(heartbeat, "DUMP_TIME", 0.3)
    one = bench(HANGS.replace("HOW", how))
    one.run(one.noted("ready", 2))
    assert one.logged == [
        "worker 1 is replaced: its Python code has not run for 1 s in enter of acme 1.0, call CA1",
    ]
    if "enable" in how:
        assert "in wait\n" in (one.folder / "stacks").read_text(encoding="utf-8")


def test_a_worker_without_a_slot_file_is_not_replaced():
    """If the heartbeat of a worker is unknown, the worker stays."""
    assert not heartbeat.Heartbeat(1.0).stops_now(None)


def test_time_in_which_the_machine_stood_still_does_not_count(monkeypatch):
    """After the machine was suspended, a worker has the whole time again."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    beat = heartbeat.Heartbeat(20.0)
    now = 1100.0
    assert not beat.stops_now(1000.0)
    for now in range(1101, 1121):  # noqa: B007
        assert not beat.stops_now(1000.0)
    now = 1121.0
    assert beat.stops_now(1000.0)
    assert not beat.must_be_killed()
    assert not beat.stops_now(1000.0), "it stops once"
    now = 1121.0 + heartbeat.DUMP_TIME + 1
    assert beat.must_be_killed()


def test_an_abandoned_worker_that_has_reported_finishes_its_responses(bench):
    """A worker whose report nobody has read may answer requests already, so it is not killed."""
    one = bench("serve()")
    with one.listener:
        python = [str(one.folder / "python"), "-c", WORKER + "serve()", str(one.folder)]
        abandoned = processes.Worker(python, dict(os.environ), one.listener.fileno())
        wait_until(one.noted("ready"))
        abandoned.abandon()
        wait_until(abandoned.has_ended)
    assert (abandoned.process.returncode, abandoned.was_killed) == (0, False)
    assert one.notes == ["started", "ready", "ended"]
