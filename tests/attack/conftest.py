"""Fixtures for attacks: servers that end with the tests."""

from collections.abc import Callable, Iterator

import pytest
from tests.attack.servers import Server, server_starter
from tests.web.conftest import make_app, session_file  # noqa: F401  pytest finds fixtures by their names


@pytest.fixture
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server and waits until it answers. The servers end with the test."""
    with server_starter(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="module")
def start_shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server for all tests of the module."""
    with server_starter(tmp_path_factory) as start:
        yield start
