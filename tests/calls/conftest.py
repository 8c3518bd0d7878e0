"""What these tests share: servers that end with the test, and stores."""

import contextlib
import functools
from collections.abc import Callable, Iterator

import pytest
from tests.calls.servers import Server
from tests.calls.stores import Stores

StartServer = Callable[..., Server]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """The stores that calls are kept in, each started when it is asked for."""
    made = Stores(tmp_path_factory.mktemp("stores"))
    yield made
    made.clear()


@pytest.fixture
def start_server(tmp_path_factory: pytest.TempPathFactory, stores: Stores) -> Iterator[StartServer]:
    """Return what starts a server and waits until it answers; all are ended with the test, and before their stores."""
    with started(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="module")
def server_on(tmp_path_factory: pytest.TempPathFactory, stores: Stores) -> Iterator[Callable[[str], Server]]:
    """Return what gives the server on a store: one for all tests of the module."""
    with started(tmp_path_factory) as start:
        yield functools.cache(lambda store: start("serve", stores.get(store).session_url))


@contextlib.contextmanager
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Return what starts a server; all are ended in the end."""
    servers: list[Server] = []

    def start(kind: str, session_url: str = "", **more: object) -> Server:
        folder = tmp_path_factory.mktemp("server")
        servers.append(Server(kind, folder, session_url or f"sqlite:///{folder}/calls.sqlite3", **more))
        servers[-1].running.wait()
        return servers[-1]

    try:
        yield start
    finally:
        for each in servers:
            each.running.clear()
