"""The start of a worker: it loads the phone tree, and reports the result to the main process of the server."""

from __future__ import annotations

import faulthandler
import io
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ivrkit.cli.server.jobs import PREFIX, Job, Report
from ivrkit.errors import IvrkitError
from ivrkit.host.logging_setup import configure_logging
from ivrkit.settings import Settings
from ivrkit.settings.load import try_load_settings

#: After this time, a worker that still loads the phone tree prints which code it runs, in seconds.
SLOW_LOAD = 30.0


def load_app(
    job: Job,
    *,
    sources: Callable[[Settings], Mapping[str, Sequence[str]]] = lambda _: {},
    prepare: Callable[[], str] = str,
) -> Any:
    """Load the phone tree of the working folder and the environment, and report the result.

    :param job: the job of this worker.
    :param sources: a function that returns the files to watch.
    :param prepare: a function that prepares the listening socket. It returns a problem, or ``""``.
    :returns: the Flask app, or ``None`` if the phone tree cannot be served.
    """
    settings = try_load_settings().settings
    handler = configure_logging(settings)
    # The log of the start is held back. Nobody needs it if the tree is not served or if another worker serves it too.
    held = io.StringIO()
    handler.setStream(held)
    app, problem = _create_app()
    problem = problem or prepare()
    if problem:
        job.send(Report(problem, sources=sources(settings)))
        return None
    if job.log_start:
        sys.stderr.write(job.banner.replace(PREFIX, settings.url_prefix) + held.getvalue())
        sys.stderr.flush()
    handler.setStream(sys.stderr)
    job.send(Report(worker_timeout=settings.worker_timeout, sources=sources(settings)))
    return app


def _create_app() -> tuple[Any, str]:
    """Return the Flask app, or ``None`` with a text that describes the problems."""
    # An import can hang. This runs in a thread of its own, so it also works if the import holds the GIL.
    faulthandler.dump_traceback_later(SLOW_LOAD)
    try:
        from ivrkit.web import create_app

        return create_app(), ""
    except IvrkitError as error:
        return None, str(error)
    except Exception:  # an error of ivrkit itself, whose traceback is needed
        return None, traceback.format_exc()
    finally:
        faulthandler.cancel_dump_traceback_later()
