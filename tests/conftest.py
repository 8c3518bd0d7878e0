"""Fixtures for all tests: only the named plugins, and the servers of session stores, started when they are needed."""

import logging
import shutil
import signal
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.installed_plugins import only_named_plugins  # noqa: F401  pytest finds fixtures by their names
from tests.sessions.servers import PostgreSQL, Redis


def pytest_configure() -> None:
    """Handle Ctrl-C (SIGINT) as usual, here and in the programs that tests start.

    A shell starts a command in the background with SIGINT ignored, and all processes of the command inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def restore_log() -> Iterator[None]:
    """Restore the handlers, the level and the propagation of the logger ``ivrkit`` after each test.

    A server or a command that runs in the process of the tests sets them for the whole process.
    """
    logger = logging.getLogger("ivrkit")
    handlers, level, propagate = [*logger.handlers], logger.level, logger.propagate
    yield
    logger.handlers, logger.propagate = handlers, propagate
    logger.setLevel(level)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Return an event that is set at the end of the test, so that code that hangs ends."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory):
    """Return a Redis server for all tests of this worker process."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.clear()


@pytest.fixture
def redis(redis_server: Redis):
    """Return a running Redis server without any keys."""
    redis_server.start()
    with redis_server.client() as client:
        client.flushall()
    return redis_server


@pytest.fixture(scope="session")
def postgresql_server():
    """Return a PostgreSQL server for all tests of this worker process.

    Its folder is outside of pytest's folders, which the user postgres may not enter.
    """
    folder = Path(tempfile.mkdtemp(prefix="ivrkit-postgresql-"))
    server = PostgreSQL(folder)
    yield server
    server.clear()
    shutil.rmtree(folder)


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL):
    """Return a running PostgreSQL server."""
    postgresql_server.start()
    return postgresql_server


@pytest.fixture
def database(postgresql: PostgreSQL):
    """Return the name of a new database."""
    name = f"calls_{uuid.uuid4().hex}"
    with postgresql.connect() as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield name
    postgresql.start()
    with postgresql.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def session_url_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Return a function that returns the URL of an empty store, and starts the store's server if it has one.

    The stores are "sqlite", "redis", "postgresql" and "cookie".
    """

    def session_url(store: str) -> str:
        if store == "redis":
            return str(request.getfixturevalue("redis").url())
        if store == "postgresql":
            server, database = request.getfixturevalue("postgresql"), request.getfixturevalue("database")
            return f"{server.url()}/{database}"
        return {"sqlite": f"sqlite:///{tmp_path}/shared.sqlite3", "cookie": "cookie:"}[store]

    return session_url


@pytest.fixture
def no_store_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every store take a minute for a request.

    On a busy machine a store can miss its two seconds. Then calls go on with their cookies, and two copies of a webhook
    both count: a test of races would fail although nothing is wrong.
    """
    # Imported here: the environment `scaffold` runs tests without ivrkit.
    from tests.calls.trees.patient_stores import TIME_LIMITS

    for path, value in TIME_LIMITS.items():
        monkeypatch.setattr(path, value)
