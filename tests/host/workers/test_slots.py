"""The slot file of a worker: other processes read the code of plugins that the worker runs."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from ivrkit import State
from ivrkit.flow.model.state import Owner
from ivrkit.flow.run.plugin_code import PluginCode
from ivrkit.host.workers.reports import WORKER_DIR, RunningCode, read_slots, slot_path
from ivrkit.host.workers.slots import WorkerSlots, mark_process_ready, process_slots

ACME = Owner("acme-states", "1.0")
SALES = PluginCode("enter", ACME, State("Sales.", name="sales", owner=ACME))
HOOK = PluginCode("ivrkit_call_ended", ACME, None)
SID = "CA" + "1" * 32

#: A worker that runs the line of its argument inside of the code of a plugin.
WORKER = """
import os, sys
from ivrkit import State
from ivrkit.flow.model.state import Owner
from ivrkit.flow.run.plugin_code import PluginCode
from ivrkit.host.workers.slots import process_slots
slots = process_slots()
slots.mark_ready()
slots.enter(PluginCode("enter", Owner("acme-states", "1.0"), State("Sales.", name="sales")), "CA123")
exec(sys.argv[1])
"""


class FasterThread:
    """A lock of slots: while a thread waits for it, another thread creates the slot file."""

    def __init__(self, slots: WorkerSlots) -> None:
        self._slots = slots
        self._lock = slots._lock

    def __enter__(self) -> None:
        self._slots._lock = self._lock
        thread = threading.Thread(target=self._slots.beat)
        thread.start()
        thread.join()
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()


@pytest.fixture
def slots(tmp_path):
    """Return the slots of this process in a folder of the test."""
    slots = WorkerSlots(tmp_path)
    yield slots
    slots.close()


def read(folder):
    """Return the report of this process."""
    return read_slots(slot_path(folder, os.getpid()))


def run_worker(folder, line):
    """Run a worker until its end, and return its exit code and the report that it left behind."""
    environ = {**os.environ, WORKER_DIR: str(folder)}
    with subprocess.Popen([sys.executable, "-c", WORKER, line], env=environ) as worker:
        code = worker.wait()
    return code, read_slots(slot_path(folder, worker.pid))


def test_the_running_code_is_in_the_file(slots, tmp_path):
    """While the code of a state runs, the file has its function, state, owner, call and start."""
    before = time.monotonic()
    slots.enter(SALES, SID)
    report = read(tmp_path)
    assert report.pid == os.getpid()
    (running,) = report.running
    assert running[:5] == ("enter", "sales", "acme-states", "1.0", SID)
    assert before <= running.started <= time.monotonic()
    assert str(report) == f"state 'sales' of acme-states 1.0, call {SID}"
    slots.leave(SALES, SID, None)
    assert read(tmp_path).running == ()
    assert str(read(tmp_path)) == ""


def test_a_hook_has_no_state(slots, tmp_path):
    """The record of a hook implementation names the hook."""
    slots.enter(HOOK, SID)
    assert str(read(tmp_path)) == f"ivrkit_call_ended of acme-states 1.0, call {SID}"


def test_nested_code_has_a_slot_of_its_own(slots, tmp_path):
    """A hook that runs inside of a state leaves the record of the state."""
    slots.enter(SALES, SID)
    slots.enter(HOOK, SID)
    assert [each.function for each in read(tmp_path).running] == ["enter", "ivrkit_call_ended"]
    slots.leave(HOOK, SID, ValueError("an error changes nothing"))
    assert [each.function for each in read(tmp_path).running] == ["enter"]


def test_each_thread_has_a_slot_of_its_own(slots, tmp_path):
    """The file has the code of all threads, and the code that runs in more threads than slots is not recorded."""
    entered, end = threading.Semaphore(0), threading.Event()

    def call(number):
        slots.enter(SALES, f"CA{number}")
        entered.release()
        end.wait()
        slots.leave(SALES, f"CA{number}", None)

    threads = [threading.Thread(target=call, args=(number,)) for number in range(150)]
    for each in threads:
        each.start()
    for _ in threads:
        entered.acquire()
    sids = {each.sid for each in read(tmp_path).running}
    assert len(sids) == 128
    end.set()
    for each in threads:
        each.join()
    assert read(tmp_path).running == ()


def test_a_long_name_is_cut_off(slots, tmp_path):
    """A text that is too long for the slot does not change the next slot, and the report has the texts that fit."""
    long = PluginCode("enter", Owner("p" * 400, "1.0"), State("x", name="s" * 400))
    slots.enter(long, SID)
    slots.enter(SALES, SID)
    first, second = read(tmp_path).running
    assert (first.state, first.version, first.sid) == ("s" * 400, "", "")
    assert set(first.plugin) == {"p"}
    assert (second.state, second.sid) == ("sales", SID)


def test_a_hostile_callsid_stays_in_its_line(slots, tmp_path):
    """Control characters of a CallSid are escaped in the log, and a NUL does not mix up the texts."""
    slots.enter(SALES, "CA\n1\0x\ud800")
    assert str(read(tmp_path)) == "state 'sales' of acme-states 1.0, call CA\\n1\\x00x?"


def test_the_worker_says_when_it_is_ready(slots, tmp_path):
    """The file says that the worker answers requests, with the time of its heartbeat."""
    slots.enter(SALES, SID)
    assert not read(tmp_path).is_ready
    slots.mark_ready()
    first = read(tmp_path)
    assert first.is_ready
    slots.beat()
    assert first.heartbeat < read(tmp_path).heartbeat <= time.monotonic()


def test_the_heartbeat_goes_on_by_itself(slots, tmp_path):
    """A thread of the worker writes the heartbeat again and again."""
    slots.start_heartbeat(0.001)
    slots.mark_ready()
    first = read(tmp_path).heartbeat
    while read(tmp_path).heartbeat <= first:
        time.sleep(0.001)


@pytest.mark.parametrize(
    ("line", "code"),
    [("os.abort()", -signal.SIGABRT), ("os._exit(3)", 3), ("os.kill(os.getpid(), 9)", -signal.SIGKILL)],
)
def test_a_killed_worker_leaves_its_file(tmp_path, line, code):
    """After the death of a worker, its file says in which code and call it was."""
    found, report = run_worker(tmp_path, line)
    assert found == code
    assert report.is_ready
    assert report.running[0][:5] == ("enter", "sales", "acme-states", "1.0", "CA123")


def test_a_worker_that_ends_normally_removes_its_file(tmp_path):
    """A worker that ends by itself leaves no file, even if a daemon thread still runs the code of a plugin."""
    assert run_worker(tmp_path, "sys.exit(0)") == (0, None)
    assert list(tmp_path.iterdir()) == []


def test_a_forked_process_has_a_file_of_its_own(tmp_path):
    """The code that goes on in a forked process changes the file of its parent in no way."""
    line = """
if os.fork() == 0:
    hook = PluginCode("ivrkit_call_ended", Owner("acme-states"), None)
    slots.leave(None, "CA123", None)
    slots.enter(hook, "CA456")
    slots.leave(hook, "CA456", None)
    slots.leave(None, "CA123", None)
    os._exit(0)
os.wait()
os.abort()
"""
    _, report = run_worker(tmp_path, line)
    assert [each.sid for each in report.running] == ["CA123"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"ivrkit-1", b"ivrkit-2".ljust(70_000, b"\0")])
def test_another_file_has_no_report(tmp_path, content):
    """A file that is incomplete, has another format or does not exist is no error."""
    (tmp_path / "worker-1").write_bytes(content)
    assert read_slots(tmp_path / "worker-1") is None
    assert read_slots(tmp_path / "worker-2") is None


def test_without_the_folder_the_code_runs(tmp_path, caplog):
    """If the folder does not exist, one warning is logged, and the code runs without a record."""
    slots = WorkerSlots(tmp_path / "missing")
    slots.mark_ready()
    slots.enter(SALES, SID)
    slots.leave(SALES, SID, None)
    slots.close()
    (record,) = caplog.records
    assert record.message == (
        f"the state in which a worker dies cannot be recorded: [Errno 2] No such file or directory: "
        f"'{tmp_path}/missing/worker-{os.getpid()}'\n"
        "  hint: IVRKIT_WORKER_DIR must be a folder that the workers may write"
    )


def test_all_phone_trees_of_a_process_share_the_slots(tmp_path, monkeypatch):
    """The environment variable names the folder; without the variable there are no slots."""
    monkeypatch.delenv(WORKER_DIR, raising=False)
    assert process_slots() is None
    mark_process_ready()
    monkeypatch.setenv(WORKER_DIR, str(tmp_path))
    assert process_slots() is process_slots() is not None
    mark_process_ready()
    assert read(tmp_path).is_ready
    process_slots().close()


def test_an_app_records_the_state_that_a_call_is_in(tmp_path, monkeypatch, new_call):
    """While a handler of an app runs, the slot file names the state and the call."""
    monkeypatch.setenv(WORKER_DIR, str(tmp_path))
    found = []
    states = {"info": State(lambda call: found.append(str(read(tmp_path))) or "Hello.")}
    call = new_call(tree=states, start="info", sid=SID)
    call.dial()
    assert found == [f"state 'info' of shop, call {SID}"]
    process_slots().close()


def test_code_is_described_without_a_version():
    """A plugin file has no version."""
    assert str(RunningCode("enter", "sales", "sales.py", "", "CA1")) == "state 'sales' of sales.py, call CA1"


def test_two_threads_create_one_file(slots, tmp_path):
    """If another thread creates the file first, this thread writes into that file."""
    slots._lock = FasterThread(slots)
    slots.enter(SALES, SID)
    created = slots._file
    (running,) = read(tmp_path).running
    assert running.state == "sales"
    slots.beat()
    assert slots._file is created
