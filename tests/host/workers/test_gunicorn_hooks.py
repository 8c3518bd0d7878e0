"""The hooks of gunicorn's main process, where a real gunicorn is not needed or takes too long.

tests/deploy/test_deaths.py runs them in a real gunicorn.
"""

import logging
import os
from types import SimpleNamespace

import pytest

from ivrkit import State
from ivrkit.flow.model.state import Owner
from ivrkit.flow.run.plugin_code import PluginCode
from ivrkit.host.workers import gunicorn_hooks
from ivrkit.host.workers.slots import WorkerSlots


@pytest.fixture
def server(tmp_path):
    """Return the attributes of gunicorn's main process that the hooks use."""
    return SimpleNamespace(
        log=logging.getLogger("gunicorn.error"), ivrkit_folder=str(tmp_path), ivrkit_ended={}, ivrkit_failed_starts=0
    )


def test_an_unknown_end_is_logged_with_the_state(server, tmp_path, caplog):
    """A system that cannot say how a process has ended still logs the state in which the worker died."""
    slots = WorkerSlots(tmp_path)
    slots.enter(PluginCode("enter", Owner("acme"), State("x", name="sales")), "CA1")
    gunicorn_hooks.child_exit(server, SimpleNamespace(pid=os.getpid()))
    pid = os.getpid()
    assert [each.message for each in caplog.records] == [f"Worker (pid:{pid}) ended in state 'sales' of acme, call CA1"]
    slots.close()


def test_a_system_without_waitid_knows_no_exit_code(monkeypatch):
    """Old versions of Python on macOS have no ``waitid``."""
    monkeypatch.delattr(os, "waitid")
    assert gunicorn_hooks._returncode(os.getpid()) is None


def test_a_process_that_another_thread_has_waited_for_has_no_exit_code():
    """The process id of a process that is no child is no error."""
    assert gunicorn_hooks._returncode(1) is None


def test_an_app_that_is_not_loaded_in_time_is_a_problem(monkeypatch, tmp_path):
    """The check before a reload ends, even if the import of the app does not."""
    (tmp_path / "hanging.py").write_text("import threading; threading.Event().wait()", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gunicorn_hooks, "_CHECK_TIMEOUT", 0.5)
    assert gunicorn_hooks._check_app("hanging:app") == "it was not loaded after 0.5 s"


def test_an_app_with_an_error_of_its_own_is_reported_with_its_traceback(monkeypatch, tmp_path):
    """An error that is not ivrkit's has no hint, so its traceback is the report."""
    (tmp_path / "broken.py").write_text("1 / 0", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    problem = gunicorn_hooks._check_app("broken:app")
    assert problem.startswith("Traceback (most recent call last):\n")
    assert problem.endswith("ZeroDivisionError: division by zero")
