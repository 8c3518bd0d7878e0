"""The stores that calls are kept in, as programs of the test's own: started on demand, and done harm to."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.calls.servers import children_of
from tests.deploy.running import environment, free_port, program, wait_until

STORES = ("sqlite", "redis", "postgresql", "cookie")
#: How large the disk of a store is that has one of its own.
_DISKS = {"sqlite": "16m", "postgresql": "32m"}
#: PostgreSQL refuses to be run by root.
_AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")


class Program:
    """A store that is a program of its own.

    :param folder: what it keeps is there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Return what starts it."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Return whether it can be asked."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and wait until it can be asked."""
        with (self.folder / "told").open("ab") as told:
            self._process = subprocess.Popen(
                self.command(), cwd=self.folder, env=environment(), stdout=told, stderr=told, start_new_session=True
            )
        wait_until(self.is_ready, lambda: (self.folder / "told").read_text(encoding="utf-8"))

    def kill(self) -> None:
        """Kill it with all that it started, in the middle of whatever it does."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    @contextlib.contextmanager
    def gone(self) -> Iterator[None]:
        """Let it be killed, and started again at the end."""
        self.kill()
        yield
        self.start()

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Let it accept connections and answer nothing."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        for pid in (self._process.pid, *children_of(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


class SQLite:
    """A file.

    :param folder: where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "calls.sqlite3"
        self.url = f"sqlite:///{self.path}"

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


class Redis(Program):
    """Redis, which keeps nothing on the disk: whoever is started again has forgotten all."""

    @property
    def url(self) -> str:
        """What the setting ``session_url`` is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Return what starts it."""
        server = program("redis-server")
        return [server, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]

    def is_ready(self) -> bool:
        """Return whether it can be asked."""
        return self._ask("PING").strip() == "PONG"

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Let it refuse everybody who is there, and who comes."""
        self._ask("CONFIG", "SET", "requirepass", "another")
        self._ask("CLIENT", "KILL", "TYPE", "normal", password="another")
        yield
        self._ask("CONFIG", "SET", "requirepass", "", password="another")

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Let it have no more memory, and throw nothing away."""
        self._ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        self._ask("CONFIG", "SET", "maxmemory", "1mb")
        assert "OOM" in self._ask("SET", "more", "of it")
        yield
        self._ask("CONFIG", "SET", "maxmemory", "0")

    def _ask(self, *words: str, password: str = "") -> str:
        who = ["-a", password, "--no-auth-warning"] if password else []
        command = [program("redis-cli", "redis-tools"), "-p", str(self.port), *who, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout


class PostgreSQL(Program):
    """PostgreSQL, with a database in a tablespace of its own, so that this can be full and the rest is not.

    :param folder: what it keeps is there; whoever runs it must be able to enter.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._who = _AS_POSTGRES if os.geteuid() == 0 else ()
        self._programs = Path(
            subprocess.run(
                [program("pg_config", "postgresql"), "--bindir"], capture_output=True, text=True, check=True
            ).stdout.strip()
        )
        self.small = folder / "small"
        self.small.mkdir()
        self._give(folder, self.small)

    @property
    def url(self) -> str:
        """What the setting ``session_url`` is."""
        return f"postgresql://calls@127.0.0.1:{self.port}/calls"

    def make(self) -> None:
        """Make the database; its tablespace is made where the folder ``small`` is, whatever disk that is by now."""
        self._give(self.small)
        self._run("initdb", "--auth=trust", "--username=calls", "--no-sync", "-D", str(self.folder / "data"))
        self.start()
        self.ask(f"CREATE TABLESPACE small LOCATION '{self.small}'", "postgres")
        self.ask("CREATE DATABASE calls TABLESPACE small", "postgres")

    def command(self) -> list[str]:
        """Return what starts it."""
        where = ["-D", str(self.folder / "data"), "-k", str(self.folder), "-h", "127.0.0.1", "-p", str(self.port)]
        return [*self._who, str(self._programs / "postgres"), *where]

    def is_ready(self) -> bool:
        """Return whether it can be asked."""
        command = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Let it refuse everybody who is there, and who comes."""
        self.ask("ALTER DATABASE calls ALLOW_CONNECTIONS false", "postgres")
        self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'calls'", "postgres")
        yield
        self.ask("ALTER DATABASE calls ALLOW_CONNECTIONS true", "postgres")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let somebody hold its tables for themselves."""
        names = self.ask("SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = 'public'")
        command = [*self._psql("calls"), "-c", f"BEGIN; LOCK TABLE {names}; SELECT pg_sleep(600)"]
        other = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield
        self.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'", "postgres")
        other.wait()

    def full(self) -> contextlib.AbstractContextManager[None]:
        """Let the disk of its tables be full."""
        return filled(self.small)

    def ask(self, statement: str, database: str = "calls") -> str:
        """Run one statement, and return what it found."""
        done = subprocess.run([*self._psql(database), "-c", statement], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def _psql(self, database: str) -> list[str]:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "calls", "-d", database]
        return [str(self._programs / "psql"), *where, "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"]

    def _run(self, name: str, *words: str) -> None:
        subprocess.run(
            [*self._who, str(self._programs / name), *words], cwd=self.folder, capture_output=True, check=True
        )

    def _give(self, *folders: Path) -> None:
        """Let whoever runs it have some folders."""
        for each in folders if self._who else ():
            shutil.chown(each, "postgres", "postgres")


class Stores:
    """All stores, each started when it is first asked for. A store is one for all tests of a module.

    :param folder: what the tests keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, SQLite | Redis | PostgreSQL] = {}
        self._mounted: list[Path] = []
        # Not below pytest's own folders, where nobody else may go: PostgreSQL is run by somebody else.
        self._open = Path(tempfile.mkdtemp(prefix="ivrkit-calls-", dir="/tmp"))
        self._open.chmod(0o755)

    def url(self, name: str) -> str:
        """Return what the setting ``session_url`` is; a file is a new one each time."""
        if name == "cookie":
            return "cookie:"
        if name == "sqlite":
            return SQLite(Path(tempfile.mkdtemp(dir=self._folder))).url
        return self.get(name).url

    def get(self, name: str) -> SQLite | Redis | PostgreSQL:
        """Return a store, started. What is a file, or keeps files, has a small disk of its own, where it can."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def can_be_full(self, name: str) -> bool:
        """Return whether a store could be given what can be full: a disk takes root."""
        return name not in _DISKS or any(each.is_relative_to(self._open / name) for each in self._mounted)

    def _make(self, name: str) -> SQLite | Redis | PostgreSQL:
        folder = self._open / name
        folder.mkdir()
        if name == "sqlite":
            self._mount(folder, _DISKS[name])
            return SQLite(folder)
        if name == "redis":
            redis = Redis(folder)
            redis.start()
            return redis
        postgresql = PostgreSQL(folder)
        self._mount(postgresql.small, _DISKS[name])
        postgresql.make()
        return postgresql

    def _mount(self, folder: Path, size: str) -> None:
        """Give a folder a disk of its own, where this may be done."""
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0:
            self._mounted.append(folder)

    def clear(self) -> None:
        """End and remove them all."""
        for each in self._made.values():
            if isinstance(each, Program):
                each.kill()
        for folder in self._mounted:
            _unmount(folder)
        shutil.rmtree(self._open, ignore_errors=True)


def _unmount(folder: Path) -> None:
    """Unmount a disk, as soon as nobody has a file of it any more."""
    wait_until(lambda: subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0)


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
