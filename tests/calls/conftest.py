"""What these tests share: servers that end with the test, and stores."""

from collections.abc import Callable, Iterator
from pathlib import Path

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


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory, stores: Stores) -> Iterator[StartServer]:
    """Return what starts a server and waits until it answers; all are ended with the module, and before its stores."""
    started: list[Server] = []

    def start(kind: str, session_url: str = "", folder: Path | None = None, **more: object) -> Server:
        where = folder or tmp_path_factory.mktemp("server")
        started.append(Server(kind, where, session_url or f"sqlite:///{where}/calls.sqlite3", **more))
        started[-1].running.wait()
        return started[-1]

    yield start
    for each in reversed(started):
        each.running.clear()
