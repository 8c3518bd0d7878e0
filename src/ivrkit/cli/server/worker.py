"""A worker of the server. It loads the phone tree, reports the result, and then answers requests.

The supervisor runs it as ``python -m ivrkit.cli.server.worker JOB``. JOB is a :class:`~ivrkit.cli.server.jobs.Job` as
JSON.
"""

from __future__ import annotations

import atexit
import contextlib
import faulthandler
import os
import signal
import sys
import threading

from ivrkit.cli.server.jobs import Job
from ivrkit.cli.server.loading import load_app
from ivrkit.cli.server.processes import GRACE
from ivrkit.host.workers.slots import process_slots

#: A worker without a supervisor ends by itself after this time, in seconds. A supervisor kills it before.
ALONE = GRACE + 1


def run(job: Job) -> None:
    """Load the phone tree and serve it until the lifeline is closed. If the phone tree has problems, return at once."""
    # If a plugin crashes the process, the stacks of all threads are printed. SIGABRT of the supervisor prints them too.
    faulthandler.enable()
    slots = process_slots()
    assert slots is not None  # noqa: S101  the supervisor sets the environment variable
    slots.start_heartbeat()
    app = load_app(job)
    if app is None:
        return
    slots.mark_ready()
    from ivrkit.cli.server.granian_server import serve
    from ivrkit.web.front.front import Front

    threading.Thread(target=_end_with_the_lifeline, args=(job.lifeline,), daemon=True).start()
    serve(Front(app), job.listener)
    app.extensions["ivrkit"].sessions.close()
    _end_process()


def _end_process() -> None:
    """Run the exit functions, and end the process while other threads still run.

    Python would finalize the interpreter first. A thread of granian that needs the interpreter then panics, and the
    process dies with a signal.
    """
    with contextlib.ExitStack() as last_steps:  # the last one comes first, also if an exit function fails
        last_steps.callback(os._exit, 0)
        last_steps.callback(sys.stderr.flush)
        last_steps.callback(sys.stdout.flush)
        atexit._run_exitfuncs()  # `os._exit` leaves them out: the functions of plugins, the log, the slot file


def _end_with_the_lifeline(lifeline: int) -> None:
    """Wait until the lifeline is closed, and then let the server finish its responses and end."""
    os.read(lifeline, 1)
    faulthandler.dump_traceback_later(ALONE, exit=True)
    main_thread = threading.main_thread().ident
    assert main_thread is not None  # noqa: S101  the main thread has started
    signal.pthread_kill(main_thread, signal.SIGTERM)


if __name__ == "__main__":
    run(Job.from_json(sys.argv[1]))
