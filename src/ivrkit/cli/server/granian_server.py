"""The HTTP server granian in a worker: it answers on a listening socket that the supervisor has made.

The command of granian has no option for an inherited socket. On Linux, each of its workers makes a socket of its own,
which dies with the worker. So this module uses two private parts of granian: the attributes with the socket, and the
function that runs a worker in the present process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from granian import Granian
from granian.constants import Interfaces, RuntimeModes
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]  # not in its list of public names

#: A slow handler blocks its thread, so a worker needs several threads to answer other callers meanwhile.
MAX_THREADS = 8


class _WorkerServer(Granian):  # type: ignore[misc,valid-type]  # granian has no types for its base class
    """A server of one worker, which runs in this process.

    :param listener: the file descriptor of the listening socket.
    """

    def __init__(self, listener: int) -> None:
        super().__init__(
            "ivrkit",
            interface=Interfaces.WSGI,
            runtime_mode=RuntimeModes.mt,
            blocking_threads=min(MAX_THREADS, 2 * (os.cpu_count() or 1) + 1),
            websockets=False,
            log_level=LogLevels.warning,
        )
        self._ssp, self._sso = None, None
        self._shd = SocketHolder(listener, False, self.backlog)  # type: ignore[call-arg]  # its stub lacks them

    def run(self, app: Callable[..., Any]) -> None:
        """Answer requests until SIGTERM. Requests that are being answered are finished."""
        self._spawn_worker(0, self._spawn_wsgi_worker, lambda: app).inner.run()


def serve(app: Callable[..., Any], listener: int) -> None:
    """Answer requests until SIGTERM. Requests that are being answered are finished.

    :param app: a WSGI application.
    :param listener: the file descriptor of a listening socket. It is closed at the end.
    """
    _WorkerServer(listener).run(app)
