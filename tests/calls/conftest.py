"""Fixtures for tests with servers and stores, which end with the tests."""

import contextlib
import functools
from collections.abc import Callable, Iterator

import pytest
from tests.calls.servers import Server
from tests.calls.stores import Stores

StartServer = Callable[..., Server]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    """Return the session stores; each starts at its first use, and all end with the module."""
    stores = Stores(tmp_path_factory.mktemp("stores"))
    yield stores
    stores.clear()


@pytest.fixture
def start_server(tmp_path_factory: pytest.TempPathFactory, stores: Stores) -> Iterator[StartServer]:
    """Return a function that starts a server and waits until it answers. The servers end with the test."""
    # The fixture `stores` is requested here so that the servers end before their stores do.
    with server_starter(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="module")
def server_on(tmp_path_factory: pytest.TempPathFactory, stores: Stores) -> Iterator[Callable[[str], Server]]:
    """Return a function that returns ``ivrkit serve`` on a store: the same server for all tests of the module."""
    with server_starter(tmp_path_factory) as start:
        yield functools.cache(lambda store_name: start("serve", stores.get(store_name).session_url))


@contextlib.contextmanager
def server_starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Return a function that starts a server and waits until it answers; end all its servers at the end."""
    servers: list[Server] = []

    def start(name: str, session_url: str = "", **options: object) -> Server:
        folder = tmp_path_factory.mktemp("server")
        servers.append(Server(name, folder, session_url or f"sqlite:///{folder}/calls.sqlite3", **options))
        servers[-1].running.wait()
        return servers[-1]

    try:
        yield start
    finally:
        for each in servers:
            each.running.clear()
