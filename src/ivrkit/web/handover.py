"""A WSGI middleware: on a server whose threads read the requests, it hands webhooks over to the threads for turns.

The thread of the server then waits with a time limit, so that a caller is answered even if the code of a plugin hangs.
The server of ``ivrkit serve`` does the same itself, so its requests pass through.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask

from ivrkit.host.deadlines.answering import Answering, NoAnswerError
from ivrkit.host.deadlines.attempt import Attempt
from ivrkit.web.extension import mounted_trees
from ivrkit.web.paths import STATUS_PATH, WEBHOOK_PATH
from ivrkit.web.wsgi_call import ATTEMPT, NO_ANSWER, WsgiApp, WsgiCall, WsgiResponse

log = logging.getLogger("ivrkit.web")


class Handover:
    """Hands the webhooks of phone trees over to their threads. Other requests pass through.

    :param app: the WSGI app with the phone trees.
    :param threads: path of an endpoint that runs the code of plugins -> the threads of its phone tree.
    """

    def __init__(self, app: WsgiApp, threads: Mapping[str, Answering]) -> None:
        self._app = app
        self._threads = dict(threads)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, as WSGI defines it."""
        answering = self._threads.get(environ.get("PATH_INFO", "").rstrip("/"))
        if answering is None or ATTEMPT in environ or not _has_server(environ):
            return self._app(environ, start_response)
        response = self._answer(environ, answering)
        start_response(response.status, response.headers)
        return [response.body]

    def _answer(self, environ: dict[str, Any], answering: Answering) -> WsgiResponse:
        """Return the response of a thread for turns, which runs in a copy of the context of the current thread."""
        call, context = WsgiCall(self._app, environ), contextvars.copy_context()

        def answer(attempt: Attempt) -> WsgiResponse:
            return context.copy().run(call.answer, attempt)

        try:
            return answering.wait(answer)
        except NoAnswerError as error:
            log.error("%s %s: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], error.message)
            return NO_ANSWER


def _has_server(environ: dict[str, Any]) -> bool:
    """Return whether a server called the app. In a test or in the simulator, the app runs in the thread of its caller.

    A test can then use a debugger, and objects that belong to one thread.
    """
    keys = ("SERVER_SOFTWARE", "wsgi.multithread", "wsgi.multiprocess")
    return any(environ.get(key) for key in keys)


def with_deadlines(app: Flask) -> WsgiApp:
    """Return a WSGI app that answers the webhooks of an app's phone trees, even if the code of a plugin hangs.

    The server's thread hands a webhook over to a thread for turns. The whole request runs in that thread, with the
    app's own functions before and after the request. If the code of a plugin misses its deadline, the request runs
    again in another thread, without this code.

    :param app: the app. Its phone trees must be mounted already.
    """
    trees = mounted_trees(app).values()
    threads = {
        tree.settings.url_prefix + path: tree.answering for tree in trees for path in (WEBHOOK_PATH, STATUS_PATH)
    }
    return Handover(app.wsgi_app, threads)
