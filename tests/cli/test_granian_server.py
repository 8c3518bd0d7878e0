"""The private parts of granian on which the workers of ``ivrkit serve`` rely."""

import inspect
import socket

import pytest

pytest.importorskip("granian")

import granian
from granian.net import SocketHolder

HINT = f"granian {granian.__version__} has changed; adapt ivrkit/cli/server/granian_server.py"

pytestmark = pytest.mark.server


def test_granian_runs_a_worker_in_this_process():
    """The function that makes a worker takes its number, its target and its callback; the worker has a process."""
    spawn = granian.Granian._spawn_worker
    assert list(inspect.signature(spawn).parameters) == ["self", "idx", "target", "callback_loader"], HINT
    assert "self._ssp, self._shd), self._sso" in inspect.getsource(spawn), HINT
    assert callable(granian.Granian._spawn_rsgi_worker), HINT
    server = granian.Granian("ivrkit")
    server._ssp = server._shd = server._sso = None
    worker = server._spawn_worker(0, granian.Granian._spawn_rsgi_worker, lambda: None)
    assert callable(worker.inner.run), HINT
    assert worker.inner.pid is None, HINT


def test_a_socket_holder_takes_an_inherited_socket():
    """A socket holder takes a file descriptor, whether it is a Unix socket, and the backlog."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.detach()
        holder = SocketHolder(descriptor, False, 128)
        assert (holder.get_fd(), holder.is_uds()) == (descriptor, False), HINT
