"""The deaths of workers: the code that was running when a worker died is not run again."""

import itertools
import os
import signal
import subprocess
import sys

import pytest
from tests.web.sample_trees import RecordingPlugin

from ivrkit import State
from ivrkit.flow.model.state import Owner
from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode
from ivrkit.host.gates import process_gates
from ivrkit.host.workers.deaths import Deaths, FatalCode, process_deaths
from ivrkit.host.workers.reports import WORKER_DIR, forget_deaths, make_worker_dir, record_death, slot_path
from ivrkit.host.workers.slots import WorkerSlots, process_slots
from ivrkit.settings.load import load_settings

ACME = Owner("acme-states", "1.0")
HOOK = PluginCode("ivrkit_call_started", ACME, None)
ABORTED = -signal.SIGABRT
_pids = itertools.count(100)


def code(state, function="enter"):
    """Return the code of a state."""
    return PluginCode(function, ACME, State("x", name=state, owner=ACME))


def die(folder, *running, returncode=ABORTED, hung=False):
    """Leave the files of a worker that died in the given code and calls, and return its report."""
    slots = WorkerSlots(folder)
    for each, sid in running:
        slots.enter(each, sid)
    pid = next(_pids)
    content = bytearray(slot_path(folder, os.getpid()).read_bytes()) if running else None
    slots.close()
    if content:
        content[8:16] = pid.to_bytes(8, "little")
        slot_path(folder, pid).write_bytes(content)
    return record_death(folder, pid, returncode, hung=hung)


def is_refused(deaths, code, sid):
    """Return whether the code is refused for a call."""
    try:
        deaths.enter(code, sid)
    except CodeRefused:
        return True
    deaths.leave(code, sid, None)
    return False


@pytest.fixture
def deaths(tmp_path):
    """Return the gate for a folder of the test."""
    return Deaths(tmp_path)


def test_without_a_death_all_code_runs(deaths):
    """Nothing is refused as long as no worker has died."""
    assert not is_refused(deaths, code("sales"), "CA1")
    assert deaths.fatal_code() == {}


def test_code_that_killed_a_worker_is_refused_for_its_call(deaths, tmp_path):
    """All functions of the state are refused for the call that died in it, and for no other call or state."""
    assert not is_refused(deaths, code("sales"), "CA1")
    die(tmp_path, (code("sales"), "CA1"))
    with pytest.raises(CodeRefused, match=r"^a worker died in it in this call$"):
        deaths.enter(code("sales"), "CA1")
    assert is_refused(deaths, code("sales", "exit"), "CA1")
    assert not is_refused(deaths, code("sales"), "CA2")
    assert not is_refused(deaths, code("help"), "CA1")
    assert not is_refused(deaths, PluginCode("enter", Owner("other"), State("x", name="sales")), "CA1")


def test_code_that_killed_two_workers_is_refused_for_all_calls(deaths, tmp_path):
    """After two deaths in a state, no call runs its code, and the state is reported with its deaths."""
    die(tmp_path, (code("sales"), "CA1"))
    assert deaths.fatal_code() == {}
    die(tmp_path, (code("sales", "exit"), "CA2"))
    with pytest.raises(CodeRefused, match=r"^2 workers died in it$"):
        deaths.enter(code("sales"), "CA3")
    assert not is_refused(deaths, code("help"), "CA1")
    assert deaths.fatal_code() == {FatalCode("acme-states", "sales", ""): 2}


def test_a_hook_that_kills_workers_is_refused_too(deaths, tmp_path):
    """A hook implementation that killed two workers is not called again; the other hooks of the plugin are."""
    die(tmp_path, (HOOK, "CA1"))
    assert is_refused(deaths, HOOK, "CA1")
    assert not is_refused(deaths, HOOK, "CA2")
    die(tmp_path, (HOOK, "CA2"))
    assert is_refused(deaths, HOOK, "CA3")
    assert not is_refused(deaths, HOOK._replace(function="ivrkit_call_ended"), "CA3")


def test_of_one_call_only_the_innermost_code_is_blamed(deaths, tmp_path):
    """If a hook kills the worker while it is called for a state, the state is not blamed."""
    die(tmp_path, (code("sales"), "CA1"), (HOOK, "CA1"))
    assert is_refused(deaths, HOOK, "CA1")
    assert not is_refused(deaths, code("sales"), "CA1")


def test_two_calls_in_one_state_are_one_death(deaths, tmp_path):
    """A worker with two calls in the same state dies once: the state is refused for these two calls only."""
    die(tmp_path, (code("sales"), "CA1"), (code("sales"), "CA2"))
    assert is_refused(deaths, code("sales"), "CA1")
    assert is_refused(deaths, code("sales"), "CA2")
    assert not is_refused(deaths, code("sales"), "CA3")


def test_a_busy_state_is_not_blamed_for_the_deaths_of_another_state(deaths, tmp_path):
    """A slow state that is in two deaths by chance is not refused for all: the fatal state explains them."""
    for number in range(3):
        die(tmp_path, (code("fatal"), f"CA{number}"), *[(code("slow"), "CA9")] * (number < 2))
    assert deaths.fatal_code() == {FatalCode("acme-states", "fatal", ""): 3}
    assert is_refused(deaths, code("slow"), "CA9")
    assert not is_refused(deaths, code("slow"), "CA8")


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"])
def test_a_worker_that_is_killed_from_outside_blames_nobody(deaths, tmp_path, number):
    """A signal of an administrator or of the kernel is reported with the running code, which stays allowed."""
    report = die(tmp_path, (code("sales"), "CA1"), returncode=-signal.Signals[number])
    assert str(report) == "state 'sales' of acme-states 1.0, call CA1"
    assert not is_refused(deaths, code("sales"), "CA1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("returncode", "hung"), [(0, False), (3, False), (None, False), (-signal.SIGKILL, True)])
def test_other_ends_inside_of_the_code_are_deaths(deaths, tmp_path, returncode, hung):
    """An exit code, an unknown end, and the end of a worker whose Python code hung are blamed on the running code."""
    die(tmp_path, (code("sales"), "CA1"), returncode=returncode, hung=hung)
    assert is_refused(deaths, code("sales"), "CA1")


def test_a_worker_that_ended_normally_has_no_report(deaths, tmp_path):
    """A worker without a slot file, or without running code, leaves no death record."""
    assert record_death(tmp_path, next(_pids), 0) is None
    slots = WorkerSlots(tmp_path)
    slots.mark_ready()
    report = record_death(tmp_path, os.getpid(), 1)
    assert report.is_ready
    assert str(report) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_death_is_known_at_once(deaths, tmp_path):
    """The gate reads the folder again after each change, even if two changes have the same time."""
    for number in range(50):
        assert not is_refused(deaths, code(f"state{number}"), "CA1")
        die(tmp_path, (code(f"state{number}"), "CA1"))
        assert is_refused(deaths, code(f"state{number}"), "CA1")


def test_an_unchanged_folder_is_not_read_again(deaths, tmp_path, monkeypatch):
    """Without a new death, the gate asks only for the time of change of the folder."""
    die(tmp_path, (code("sales"), "CA1"))
    os.utime(tmp_path, (1, 1))  # long ago
    assert is_refused(deaths, code("sales"), "CA1")
    monkeypatch.setattr(os, "listdir", None)
    assert is_refused(deaths, code("sales"), "CA1")


def test_a_change_of_another_file_keeps_the_records(deaths, tmp_path):
    """The slot file of a new worker changes the folder, and not what is known."""
    die(tmp_path, (code("sales"), "CA1"))
    assert is_refused(deaths, code("sales"), "CA1")
    (tmp_path / "worker-1").touch()
    os.utime(tmp_path, (1, 1))
    assert is_refused(deaths, code("sales"), "CA1")


def test_a_record_that_disappears_is_forgotten(deaths, tmp_path):
    """The server may remove a record at any time, for example after a deploy."""
    die(tmp_path, (code("sales"), "CA1"))
    assert is_refused(deaths, code("sales"), "CA1")
    forget_deaths(tmp_path)
    (tmp_path / "died-1-1").symlink_to("removed-after-it-was-listed")
    assert not is_refused(deaths, code("sales"), "CA1")


def test_a_folder_that_disappears_changes_nothing(tmp_path):
    """When the server ends it removes the folder, while the last webhooks are answered."""
    folder = tmp_path / "workers"
    folder.mkdir()
    deaths = Deaths(folder)
    die(folder, (code("sales"), "CA1"))
    assert is_refused(deaths, code("sales"), "CA1")
    for record in folder.iterdir():
        record.unlink()
    folder.rmdir()
    assert is_refused(deaths, code("sales"), "CA1")


def test_the_caller_is_led_on_from_a_state_that_killed_a_worker(tmp_path, monkeypatch, new_call, caplog):
    """The caller hears the apology and goes to on_error, the hooks run, and the log names the state and the call."""
    monkeypatch.setenv(WORKER_DIR, str(tmp_path))
    ran = []
    plugin = RecordingPlugin(
        {"fatal": State(lambda call: ran.append(call) or "Never.", on_error="help"), "help": State("Help.")}
    )
    call = new_call(tree=plugin, start="fatal")
    die(tmp_path, (PluginCode("enter", Owner("shop"), State("x", name="fatal")), call.sid))
    assert call.dial().heard == "We are sorry, something went wrong. Help."
    assert ran == []
    line = f"state 'fatal' of shop was not run in call {call.sid}: a worker died in it in this call"
    assert line in [record.message for record in caplog.records]
    process_slots().close()


def test_the_gates_of_a_process_need_the_folder(tmp_path, monkeypatch):
    """Without the folder of a server, no gate is in the way of the code."""
    monkeypatch.delenv(WORKER_DIR, raising=False)
    assert process_deaths() is None
    assert process_gates() == ()
    monkeypatch.setenv(WORKER_DIR, str(tmp_path))
    assert process_gates() == (process_deaths(), process_slots())


def test_the_folder_is_for_this_user_only():
    """The folder is new and private. Its environment variable is not taken for a setting."""
    folder = make_worker_dir()
    try:
        assert os.stat(folder).st_mode & 0o777 == 0o700
        load_settings(environ={WORKER_DIR: folder})
    finally:
        os.rmdir(folder)


def test_without_a_folder_in_memory_the_temporary_folder_is_used(monkeypatch, tmp_path):
    """A system without /dev/shm has the files in its temporary folder."""
    monkeypatch.setattr("ivrkit.host.workers.reports._MEMORY_FOLDER", str(tmp_path / "missing"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert os.path.dirname(make_worker_dir()) == str(tmp_path)


def test_the_main_process_needs_only_the_standard_library():
    """The module of the slots can be loaded without the package, and does not import it."""
    program = (
        "import runpy, sys; names = runpy.run_path(sys.argv[1]); names['record_death']('/missing', 1, 3);"
        "assert not any(name.startswith('ivrkit') for name in sys.modules)"
    )
    path = sys.modules["ivrkit.host.workers.reports"].__file__
    subprocess.run([sys.executable, "-c", program, path], check=True)


@pytest.mark.parametrize("content", [b"", b"\x90\xe1", b"{", b"5", b"[5]", b'["x"]', b"[[]]", b"null"])
def test_a_damaged_death_record_is_ignored(tmp_path, deaths, content):
    """A death record that cannot be read refuses no code, and the other records still count."""
    (tmp_path / "died-1-1").write_bytes(content)
    assert not is_refused(deaths, code("sales"), "CA1")
    die(tmp_path, (code("sales"), "CA1"))
    assert is_refused(deaths, code("sales"), "CA1")


def test_two_states_that_kill_workers_are_both_refused(tmp_path, deaths):
    """Each state with two deaths of its own is refused for all calls, whatever their numbers of deaths are."""
    for state, count in (("often", 3), ("rarely", 2), ("once", 1)):
        for number in range(count):
            die(tmp_path, (code(state), f"CA{state}{number}"))
    assert deaths.fatal_code() == {
        FatalCode("acme-states", "often", ""): 3,
        FatalCode("acme-states", "rarely", ""): 2,
    }
    assert not is_refused(deaths, code("once"), "CA9")
