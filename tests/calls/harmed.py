"""The stores that calls are kept in, each with what harm can be done to it besides its end."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sessions import servers

if TYPE_CHECKING:
    from psycopg.abc import Query


class SQLite:
    """SQLite in a file, which has a disk of its own where it can be full.

    :param folder: where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "calls.sqlite3"
        self.session_url = f"sqlite:///{self.path}"

    def clear(self) -> None:
        """There is nothing to end."""

    def full(self) -> contextlib.AbstractContextManager[None]:
        """Let its disk be full. The file's log is emptied before, for what it has once been it can be again."""
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return filled(self.folder)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let another process hold the file for itself."""
        hold = (
            "import sqlite3, sys; kept = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None);"
            "kept.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", hold, str(self.path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"held\n"
            yield
            assert other.stdin is not None
            other.stdin.close()


class Redis(servers.Redis):
    """A Redis that keeps nothing on the disk: whoever is started again has forgotten all."""

    keeps = False

    @property
    def session_url(self) -> str:
        """What the setting ``session_url`` is."""
        return f"{self.url()}/0"

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Let it refuse everybody who is there, and who comes."""
        with self.client().client() as insider:
            insider.execute_command("ACL", "SETUSER", servers.USER, "off")
            insider.execute_command("CLIENT", "KILL", "USER", servers.USER, "SKIPME", "yes")
            yield
            insider.execute_command("ACL", "SETUSER", servers.USER, "on")

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Let it have no more memory, and throw nothing away."""
        with self.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1mb")
            yield
            client.config_set("maxmemory", "0")


class PostgreSQL(servers.PostgreSQL):
    """A PostgreSQL with a database in a tablespace of its own, so that this can be full and the rest is not.

    :param folder: what it keeps is there; whoever runs it must be able to enter.
    """

    most = 100

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.small = folder / "small"
        self.small.mkdir()

    @property
    def session_url(self) -> str:
        """What the setting ``session_url`` is."""
        return f"{self.url()}/calls"

    def begin(self) -> None:
        """Start it, and make the database; its tablespace is where ``small`` is, whatever disk that is by now."""
        from psycopg import sql

        self.start()
        self.give(self.small)
        self.ask(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(self.small)))
        self.ask("CREATE DATABASE calls TABLESPACE small")

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Let it refuse everybody who is there, and who comes."""
        self.ask("ALTER DATABASE calls ALLOW_CONNECTIONS false")
        self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'calls'")
        yield
        self.ask("ALTER DATABASE calls ALLOW_CONNECTIONS true")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let somebody hold its tables for themselves."""
        from psycopg import sql

        with self.connect("calls") as connection, connection.transaction():
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (name,) in tables:
                connection.execute(sql.SQL("LOCK TABLE {}").format(sql.Identifier(name)))
            yield

    def full(self) -> contextlib.AbstractContextManager[None]:
        """Let the disk of its tables be full."""
        return filled(self.small)

    def ask(self, statement: "Query") -> None:
        """Run one statement, outside of the database of the calls."""
        with self.connect() as connection:
            connection.execute(statement)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Let a disk be full to its last page."""
    rest = folder / "rest"
    with rest.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        rest.unlink()
