"""What tests of every kind share: the servers that stores need, started where a test first asks for one."""

import shutil
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.sessions.servers import PostgreSQL, Redis


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
def address_of(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Return a function that gives the URL of an empty store of a kind, its server started where it has one."""

    def address(kind: str) -> str:
        if kind == "redis":
            return str(request.getfixturevalue("redis").url())
        if kind == "postgresql":
            server, database = request.getfixturevalue("postgresql"), request.getfixturevalue("database")
            return f"{server.url()}/{database}"
        return {"sqlite": f"sqlite:///{tmp_path}/shared.sqlite3", "cookie": "cookie:"}[kind]

    return address
