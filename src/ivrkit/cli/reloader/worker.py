"""A process of the development server. It loads the phone tree, reports the result, and then answers requests.

The reloader runs it as ``python -m ivrkit.cli.reloader.worker JOB``. JOB is a :class:`Job` as JSON.
"""

from __future__ import annotations

import io
import json
import os
import socket
import sys
import threading
import traceback
from dataclasses import asdict, dataclass, field
from typing import Any

from ivrkit.cli.reloader.sources import sources
from ivrkit.cli.reloader.watch import WatchList
from ivrkit.errors import IvrkitError
from ivrkit.host.logging_setup import configure_logging
from ivrkit.settings.load import try_load_settings

#: How often a server looks whether it must end, in seconds.
POLL_INTERVAL = 0.05
#: How many connections may wait until a process accepts them.
_BACKLOG = 128


@dataclass(frozen=True)
class Job:
    """The parameters of a process of the development server.

    :param listener: the file descriptor of the socket on which the process answers.
    :param lifeline: the file descriptor of a pipe. The reloader closes its other end to end the process. The other end
        is closed as well if the reloader is killed.
    :param report: the file descriptor of a pipe for a :class:`Report` as JSON. ``None`` if another process already
        serves the same phone tree: this process then does not log the start again.
    :param address: the URL of the server without a path, to print the URL of the webhook, or ``""`` to print nothing.
    """

    listener: int
    lifeline: int
    report: int | None = None
    address: str = ""

    def to_json(self) -> str:
        """Return the job as JSON."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Report:
    """The result of loading a phone tree in a process.

    :param problem: the reason why the phone tree cannot be served, or ``""`` if the process answers requests.
    :param sources: the files to watch.
    """

    problem: str = ""
    sources: WatchList = field(default_factory=WatchList)

    def to_json(self) -> str:
        """Return the report as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Return the report of a JSON text that :meth:`to_json` made."""
        fields: dict[str, Any] = json.loads(text)
        lists = {name: tuple(paths) for name, paths in fields["sources"].items()}
        return cls(fields["problem"], WatchList(**lists))


def run(job: Job) -> None:
    """Load the phone tree and serve it until the lifeline is closed. If the phone tree has problems, return at once."""
    settings = try_load_settings().settings
    handler = configure_logging(settings)
    # The log of the start is held back. Nobody needs it if the tree is not served or if another process serves it too.
    held = io.StringIO()
    handler.setStream(held)
    listener = socket.socket(fileno=job.listener)
    app, problem = _load()
    if app is not None:
        problem = _listen(listener)
    if app is None or problem:
        _send(job, Report(problem, sources(settings)))
        return
    if job.report is not None:
        url = f"Serving {job.address}{settings.url_prefix}/webhook in dev mode (stop with Ctrl-C)\n"
        sys.stderr.write((url if job.address else "") + held.getvalue())
    handler.setStream(sys.stderr)
    _send(job, Report(sources=sources(settings)))
    _serve(app, listener, job.lifeline)


def _send(job: Job, report: Report) -> None:
    if job.report is not None:
        with os.fdopen(job.report, "w", encoding="utf-8") as pipe:
            pipe.write(report.to_json())


def _load() -> tuple[Any, str]:
    """Return the Flask app, or ``None`` with a text that describes the problems."""
    try:
        from ivrkit.web import create_app

        return create_app(), ""
    except IvrkitError as error:
        return None, str(error)
    except Exception:  # an error of ivrkit itself, whose traceback is needed
        return None, traceback.format_exc()


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
    run(Job(**json.loads(sys.argv[1])))
