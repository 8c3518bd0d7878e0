"""The hooks of ``deploy/gunicorn.conf.py``: gunicorn's main process reports and survives the deaths of its workers.

gunicorn's main process loads this file by its path, without importing the package. Otherwise each worker would inherit
the modules of the main process, and a reload would go on with their old code. So this module imports only the standard
library.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_slots = runpy.run_path(str(Path(__file__).with_name("reports.py")), run_name="ivrkit.host.workers.reports")

#: gunicorn's own exit codes of a worker that cannot start.
_BOOT_ERROR, _LOAD_ERROR = 3, 4
#: Added to such an exit code, this makes a number that is no exit code. The worker still exits with the exit code.
_NO_EXIT_CODE = 256
#: How long a worker waits before it loads the phone tree, if the workers before it could not start, in seconds. The
#: wait doubles with each of these workers. It must be well below gunicorn's ``timeout``.
_MIN_WAIT, _MAX_WAIT = 0.5, 8.0
#: How long the check of the phone tree before a reload may take, in seconds.
_CHECK_TIMEOUT = 60.0
#: Loads the app as a worker does. The log of the check is not shown, because the workers write it again.
_CHECK = """
import sys, traceback
from gunicorn.util import import_app
try:
    import_app(sys.argv[1])
except Exception as error:
    print(error if hasattr(error, "hint") else traceback.format_exc(), file=sys.stdout)
    sys.exit(1)
"""


class _SurvivingArbiter:
    """The methods that are added to gunicorn's main process, which gunicorn calls the arbiter.

    gunicorn stops if a worker exits with 3 or 4, because its own code exits so if a worker cannot start. But the code
    of a plugin can end the process with any exit code. So these codes stop gunicorn only before the first worker has
    started.
    """

    log: Any
    cfg: Any
    WORKERS: dict[int, Any]
    #: The folder of the slot files.
    ivrkit_folder = ""
    #: Whether a worker has started.
    ivrkit_has_started = False
    #: The process ids of the workers that have answered requests.
    ivrkit_ready: frozenset[int] = frozenset()
    #: How many workers in a row could not start.
    ivrkit_failed_starts = 0
    #: Process id -> the exit code, or the negative number of the signal, of the workers that have just ended.
    ivrkit_ended: dict[int, int]

    @property
    def WORKER_BOOT_ERROR(self) -> int:  # noqa: N802  gunicorn's name
        """The exit code of a worker that cannot start, after which gunicorn stops."""
        return _BOOT_ERROR + _NO_EXIT_CODE * self.ivrkit_has_started

    @property
    def APP_LOAD_ERROR(self) -> int:  # noqa: N802  gunicorn's name
        """The exit code of a worker that cannot import the app, after which gunicorn stops."""
        return _LOAD_ERROR + _NO_EXIT_CODE * self.ivrkit_has_started

    def reap_workers(self) -> None:
        """Remember how the workers have ended, before gunicorn removes them."""
        ended = {pid: _returncode(pid) for pid in self.WORKERS}
        self.ivrkit_ended = {pid: returncode for pid, returncode in ended.items() if returncode is not None}
        ready = frozenset(filter(self._is_ready, self.WORKERS))
        if ready - self.ivrkit_ready:
            self.ivrkit_has_started, self.ivrkit_failed_starts = True, 0
        self.ivrkit_ready = ready
        super().reap_workers()  # type: ignore[misc]

    def _is_ready(self, pid: int) -> bool:
        report = _slots["read_slots"](_slots["slot_path"](self.ivrkit_folder, pid))
        return report is not None and report.is_ready

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        """Stop. The other workers that cannot start must not stop gunicorn again: it would end with a traceback."""
        self.ivrkit_has_started = True
        super().halt(reason, exit_status)  # type: ignore[misc]

    def handle_hup(self) -> None:
        """Reload only if the phone tree can be loaded. Otherwise the workers go on with the old phone tree."""
        problem = _check_app(self.cfg.wsgi_app)
        if problem:
            self.log.error("The reload is skipped, because the new phone tree cannot be served:\n%s", problem)
            return
        self.ivrkit_failed_starts = 0
        _slots["forget_deaths"](self.ivrkit_folder)
        super().handle_hup()  # type: ignore[misc]


def on_starting(server: Any) -> None:
    """Make the folder of the slot files, before the first worker is started.

    :param server: gunicorn's main process.
    """
    folder = _slots["make_worker_dir"]()
    with contextlib.suppress(PermissionError):  # only the superuser can start workers of another user
        os.chown(folder, server.cfg.uid, server.cfg.gid)
    os.environ[_slots["WORKER_DIR"]] = folder
    server.__class__ = type("Arbiter", (_SurvivingArbiter, type(server)), {})
    server.ivrkit_folder = folder


def post_fork(server: Any, worker: Any) -> None:
    """Let a new worker wait, if the workers before it could not start.

    :param server: the copy of gunicorn's main process in the worker.
    :param worker: the worker.
    """
    if server.ivrkit_failed_starts:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)  # gunicorn sets its own handlers later
        time.sleep(min(_MIN_WAIT * 2 ** (server.ivrkit_failed_starts - 1), _MAX_WAIT))


def post_worker_init(worker: Any) -> None:
    """Record that a worker has loaded the phone tree and answers requests.

    :param worker: the worker.
    """
    from ivrkit.host.workers.slots import mark_process_ready  # noqa: PLC0415  only the workers import the package

    mark_process_ready()


def child_exit(server: Any, worker: Any) -> None:
    """Log the state, the owner and the call in which a worker died, and leave a death record.

    :param server: gunicorn's main process.
    :param worker: the worker that has ended.
    """
    returncode = server.ivrkit_ended.get(worker.pid)
    report = _slots["record_death"](server.ivrkit_folder, worker.pid, returncode)
    if returncode and (report is None or not report.is_ready):
        server.ivrkit_failed_starts += 1
    if report is not None and report.running:
        server.log.error("Worker (pid:%s) %s in %s", worker.pid, _describe_end(returncode), report)


def on_exit(server: Any) -> None:
    """Remove the folder of the slot files.

    :param server: gunicorn's main process.
    """
    shutil.rmtree(server.ivrkit_folder, ignore_errors=True)


def _describe_end(returncode: int | None) -> str:
    """Return the words for the end of a worker, such as ``died (signal 6, Aborted)``."""
    if returncode is None:
        return "ended"
    return (
        f"exited with code {returncode}"
        if returncode >= 0
        else f"died (signal {-returncode}, {signal.strsignal(-returncode)})"
    )


def _returncode(pid: int) -> int | None:
    """Return the exit code of a process that has ended, or the negative number of its signal.

    :returns: ``None`` if the process has not ended, or if this system cannot tell.
    """
    if not hasattr(os, "waitid"):  # macOS with an old Python
        return None
    with contextlib.suppress(ChildProcessError):
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is not None:
            return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    return None


def _check_app(wsgi_app: str) -> str:
    """Load an app in a process of its own, and return the problem, or ``""`` if the app can be loaded.

    :param wsgi_app: the setting ``wsgi_app``.
    """
    command = [sys.executable, "-c", _CHECK, wsgi_app]
    environ = {name: value for name, value in os.environ.items() if name != _slots["WORKER_DIR"]}
    try:
        checked = subprocess.run(  # noqa: S603  our own command line
            command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_CHECK_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return f"it was not loaded after {_CHECK_TIMEOUT:g} s"
    return checked.stdout.decode(errors="replace").strip() if checked.returncode else ""
