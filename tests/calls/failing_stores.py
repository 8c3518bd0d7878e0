"""Session stores with failures on request: a full disk, a lock, refused connections.

A server that is killed (``gone``) or suspended (``stopped``) is in ``tests/sessions/servers.py``.
"""

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
    """SQLite in a file.

    :param folder: the folder of the file; it is on a small disk of its own if :meth:`full` is used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "calls.sqlite3"
        self.session_url = f"sqlite:///{self.path}"

    def clear(self) -> None:
        """Do nothing: SQLite has no process to end."""

    def full(self) -> contextlib.AbstractContextManager[None]:
        """Fill its disk.

        The write-ahead log is truncated first. Otherwise SQLite could write into the space that the log already has.
        """
        with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return full_disk(self.folder)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the file from another process."""
        lock = (
            "import sqlite3, sys; connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None);"
            "connection.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); sys.stdin.read()"
        )
        command = [sys.executable, "-c", lock, str(self.path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == b"locked\n"
            yield
            assert other.stdin is not None
            other.stdin.close()


class Redis(servers.Redis):
    """A Redis server that writes nothing to the disk, so that it is empty after a restart."""

    keeps = False

    @property
    def session_url(self) -> str:
        """The setting ``session_url`` for this server."""
        return f"{self.url()}/0"

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Close all connections, and refuse new ones."""
        with self.client().client() as client:
            client.execute_command("ACL", "SETUSER", servers.USER, "off")
            client.execute_command("CLIENT", "KILL", "USER", servers.USER, "SKIPME", "yes")
            yield
            client.execute_command("ACL", "SETUSER", servers.USER, "on")

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Limit its memory to less than it uses, and let it evict nothing."""
        with self.client() as client:
            client.config_set("maxmemory-policy", "noeviction")
            client.config_set("maxmemory", "1mb")
            yield
            client.config_set("maxmemory", "0")


class PostgreSQL(servers.PostgreSQL):
    """A PostgreSQL server with the sessions in a tablespace of their own, so that only this one can be full.

    :param folder: the folder of its files, which the operating system's user ``postgres`` must be able to enter.
    """

    most = 100

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.small = folder / "small"
        self.small.mkdir()

    @property
    def session_url(self) -> str:
        """The setting ``session_url`` for this server."""
        return f"{self.url()}/calls"

    def begin(self) -> None:
        """Start it, and create the database in a tablespace in the folder ``small``, which may be a small disk."""
        from psycopg import sql

        self.start()
        self.give(self.small)
        self.execute(sql.SQL("CREATE TABLESPACE small LOCATION {}").format(str(self.small)))
        self.execute("CREATE DATABASE calls TABLESPACE small")

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Close all connections to the database, and refuse new ones."""
        self.execute("ALTER DATABASE calls ALLOW_CONNECTIONS false")
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'calls'")
        yield
        self.execute("ALTER DATABASE calls ALLOW_CONNECTIONS true")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock its tables from another connection."""
        from psycopg import sql

        with self.connect("calls") as connection, connection.transaction():
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (name,) in tables:
                connection.execute(sql.SQL("LOCK TABLE {}").format(sql.Identifier(name)))
            yield

    def full(self) -> contextlib.AbstractContextManager[None]:
        """Fill the disk of the tablespace."""
        return full_disk(self.small)

    def execute(self, statement: "Query") -> None:
        """Run one statement in the database ``postgres``."""
        with self.connect() as connection:
            connection.execute(statement)


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Fill a disk to its last page with one file, which is deleted at the end."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        filler.unlink()
