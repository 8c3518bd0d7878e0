"""The HTTP server granian in a worker: it answers on a listening socket that the supervisor has made.

The command of granian has no option for an inherited socket. On Linux, each of its workers makes a socket of its own,
which dies with the worker. So this module uses two private parts of granian: the attributes with the socket, and the
function that runs a worker in the present process.
"""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces, RuntimeModes, TaskImpl
from granian.log import LogLevels
from granian.net import SocketHolder  # type: ignore[attr-defined]  # not in its list of public names

from ivrkit.web.front.front import Front


class _WorkerServer(Granian):  # type: ignore[misc,valid-type]  # granian has no types for its base class
    """A server of one worker, which runs in this process.

    :param listener: the file descriptor of the listening socket.
    """

    def __init__(self, listener: int) -> None:
        super().__init__(
            "ivrkit",
            interface=Interfaces.RSGI,
            runtime_mode=RuntimeModes.st,
            task_impl=TaskImpl.asyncio,  # the front cancels a task that waits for the body of a request for too long
            websockets=False,
            log_level=LogLevels.warning,
        )
        self._ssp, self._sso = None, None
        self._shd = SocketHolder(listener, False, self.backlog)  # type: ignore[call-arg]  # its stub lacks them

    def run(self, front: Front) -> None:
        """Answer requests until SIGTERM. Requests that are being answered are finished."""
        self._spawn_worker(0, self._spawn_rsgi_worker, lambda: front).inner.run()


def serve(front: Front, listener: int) -> None:
    """Answer requests until SIGTERM. Requests that are being answered are finished.

    :param front: the front of the app with the phone tree.
    :param listener: the file descriptor of a listening socket. It is closed at the end.
    """
    _WorkerServer(listener).run(front)
