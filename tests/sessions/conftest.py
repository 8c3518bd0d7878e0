"""Fixtures for the tests of the session stores."""

from pathlib import Path

import pytest
from tests.sessions.servers import TcpProxy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of an SQLite file that does not exist yet."""
    return tmp_path / "calls.sqlite3"


@pytest.fixture
def make_proxy():
    """Return a function that starts a TCP proxy in front of a port."""
    proxies: list[TcpProxy] = []

    def make(port: int) -> TcpProxy:
        proxies.append(TcpProxy(port))
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.close()


@pytest.fixture
def open_url():
    """Return a function that opens a store: its class and its URL. The store is closed after the test."""
    stores = []

    def open_url(store_class, url: str):
        stores.append(store_class(url))
        return stores[-1]

    yield open_url
    for store in stores:
        store.close()
