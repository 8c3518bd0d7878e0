"""The stores that the contract is put to; each is opened anew, on what was kept, by calling ``open_again``."""

import shutil
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.sessions.servers import PostgreSQL, Redis, Wire

from ivrkit import Session
from ivrkit.sessions import SessionStore, open_store

#: Scheme -> the URL of a store in a folder. A new store is one line here, and has the whole contract to keep.
URLS: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite:///{folder / 'calls.sqlite3'}"}


@pytest.fixture(params=URLS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a store that holds nothing yet."""
    return URLS[request.param](tmp_path)


@pytest.fixture
def store(url: str):
    """Return an empty store."""
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def open_again(url: str):
    """Return what opens the same store once more, as another process of the host would."""
    opened: list[SessionStore] = []

    def open_again() -> SessionStore:
        opened.append(open_store(url))
        return opened[-1]

    yield open_again
    for each in opened:
        each.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a SQLite file is to be."""
    return tmp_path / "calls.sqlite3"


@pytest.fixture
def kept() -> Session:
    """Return a session at its first turn, with something in it that JSON could spoil."""
    return Session("CA1", turn=1, state="menu", waits="Gather", data={"name": "Zoë", "ids": [1, None]}, expires=1000.0)


# The servers of stores that need one


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory):
    """Return a Redis for all tests of this worker."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.clear()


@pytest.fixture
def redis(redis_server: Redis):
    """Return a Redis that runs, and holds nothing."""
    redis_server.start()
    with redis_server.client() as client:
        client.flushall()
    return redis_server


@pytest.fixture(scope="session")
def postgresql_server():
    """Return a PostgreSQL for all tests of this worker, in a folder that its own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="ivrkit-postgresql-"))
    server = PostgreSQL(folder)
    yield server
    server.clear()
    shutil.rmtree(folder)


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL):
    """Return a PostgreSQL that runs."""
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
def wire():
    """Return what makes a wire to the port of a server."""
    made: list[Wire] = []

    def wire(port: int) -> Wire:
        made.append(Wire(port))
        return made[-1]

    yield wire
    for each in made:
        each.close()


@pytest.fixture
def use():
    """Return what makes a store that is closed with the test."""
    made = []

    def use(kind, url: str):
        made.append(kind(url))
        return made[-1]

    yield use
    for each in made:
        each.close()
