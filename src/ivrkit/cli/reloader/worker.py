"""A process of the development server. It loads the phone tree, reports the result, and then answers requests.

The reloader runs it as ``python -m ivrkit.cli.reloader.worker JOB``. JOB is a
:class:`~ivrkit.cli.server.jobs.Job` as JSON.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from dataclasses import asdict
from typing import Any

from ivrkit.cli.reloader.sources import sources
from ivrkit.cli.server.jobs import Job
from ivrkit.cli.server.loading import load_app

#: How often a server looks whether it must end, in seconds.
POLL_INTERVAL = 0.05
#: How many connections may wait until a process accepts them.
_BACKLOG = 128


def run(job: Job) -> None:
    """Load the phone tree and serve it until the lifeline is closed. If the phone tree has problems, return at once."""
    listener = socket.socket(fileno=job.listener)
    app = load_app(
        job,
        sources=lambda settings: asdict(sources(settings)),
        prepare=lambda: _listen(listener),
    )
    if app is not None:
        _serve(app, listener, job.lifeline)


def _listen(listener: socket.socket) -> str:
    """Start to listen, and return the error, or ``""``. The port can be taken since the socket was bound to it."""
    try:
        listener.listen(_BACKLOG)
    except OSError as error:
        return f"can't listen on port {listener.getsockname()[1]}: {error.strerror}"
    return ""


def _serve(app: Any, listener: socket.socket, lifeline: int) -> None:
    """Answer requests until the lifeline is closed. Requests that are being answered are finished.

    :param app: the Flask app.
    :param listener: the listening socket.
    :param lifeline: the file descriptor of the pipe that the reloader closes to end this process.
    """
    from ivrkit.web.dev_server import DevServer

    with listener:
        server = DevServer(app, listener)

    def wait_for_the_end() -> None:
        os.read(lifeline, 1)
        server.shutdown()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    server.serve_forever(POLL_INTERVAL)
    app.extensions["ivrkit"].sessions.close()


if __name__ == "__main__":
    run(Job.from_json(sys.argv[1]))
