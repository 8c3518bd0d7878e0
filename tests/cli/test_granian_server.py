"""The private parts of granian on which the workers of ``ivrkit serve`` rely."""

import importlib
import inspect
import socket

import pytest

pytestmark = pytest.mark.server


@pytest.fixture
def granian():
    """Return the module, which is imported here because only the extra ``server`` installs it."""
    return importlib.import_module("granian")


@pytest.fixture
def hint(granian):
    """Return the message of a failure."""
    return f"granian {granian.__version__} has changed; adapt ivrkit/cli/server/granian_server.py"


def test_granian_runs_a_worker_in_this_process(granian, hint):
    """The function that makes a worker takes its number, its target and its callback; the worker has a process."""
    spawn = granian.Granian._spawn_worker
    assert list(inspect.signature(spawn).parameters) == ["self", "idx", "target", "callback_loader"], hint
    assert "self._ssp, self._shd), self._sso" in inspect.getsource(spawn), hint
    assert callable(granian.Granian._spawn_rsgi_worker), hint
    server = granian.Granian("ivrkit")
    server._ssp = server._shd = server._sso = None
    worker = server._spawn_worker(0, granian.Granian._spawn_rsgi_worker, lambda: None)
    assert callable(worker.inner.run), hint
    assert worker.inner.pid is None, hint


def test_a_socket_holder_takes_an_inherited_socket(granian, hint):
    """A socket holder takes a file descriptor, whether it is a Unix socket, and the backlog."""
    net = importlib.import_module("granian.net")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.detach()
        holder = net.SocketHolder(descriptor, False, 128)
        assert (holder.get_fd(), holder.is_uds()) == (descriptor, False), hint
