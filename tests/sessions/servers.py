"""The servers that stores need, each on a port and in a folder of its own, and a wire to them that can be cut."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from urllib.parse import quote

from tests.processes import Running, environment, free_port, program, wait_until

USER = "ivr"
#: With every character that has a meaning in a URL.
PASSWORD = "open/se?s#a@m%e"
HIDDEN = quote(PASSWORD, safe="")


class Server(Running):
    """A server that is ready when somebody may connect."""

    port: int

    def is_ready(self) -> bool:
        """Return whether it takes connections."""
        assert self.process.poll() is None, self.output
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    @property
    def family(self) -> list[int]:
        """Its process and all that came of it, the oldest first."""
        parents = dict(_parents())
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def signal(self, number: int) -> None:
        """Send a signal to all its processes."""
        for pid in self.family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """End it as a failing machine does."""
        family = self.family
        self.signal(signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))


class Servers:
    """A server's folder, and the server when it runs."""

    scheme: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.running: Server | None = None

    def command(self) -> list[str]:
        """Return its command line."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, where it does not run, and wait until it is ready."""
        if self.running is None:
            self.running = type("Started", (Server,), {"port": self.port})(
                self.command(), self.folder, environment(LC_ALL="C.UTF-8"), ""
            )
            self.running.wait()
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it does its work."""

    def kill(self) -> None:
        """End it as a failing machine does."""
        assert self.running is not None
        self.running.kill()
        self.running = None

    @contextlib.contextmanager
    def gone(self):
        """Let it be killed, and started again at the end."""
        self.kill()
        yield
        self.start()

    @contextlib.contextmanager
    def stopped(self):
        """Let it stand still: it has its connections, and takes new ones, and answers nothing."""
        assert self.running is not None
        self.running.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.running.signal(signal.SIGCONT)

    def clear(self) -> None:
        """End it."""
        if self.running is not None:
            self.kill()

    def url(self, password: str = PASSWORD, port: int = 0) -> str:
        """Return a URL of it, without a database."""
        return f"{self.scheme}://{USER}:{quote(password, safe='')}@127.0.0.1:{port or self.port}"


class Redis(Servers):
    """A Redis that writes everything down, as one has it for calls; or nothing, so that it has forgotten all."""

    scheme = "redis"
    keeps = True

    def command(self) -> list[str]:
        """Return its command line; who may use it can be told in a file alone."""
        users = self.folder / "users.conf"
        users.write_text(f"user {USER} on >{PASSWORD} ~* &* +@all\nuser default off\n", encoding="utf-8")
        return [
            *(program("redis-server"), str(users)),
            *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)),
            *("--appendonly", "yes" if self.keeps else "no", "--appendfsync", "always", "--save", ""),
            *("--unixsocket", str(self.socket)),
        ]

    @property
    def socket(self) -> Path:
        """Where it listens besides its port."""
        return self.folder / "redis.sock"

    def client(self):
        """Return a client of its own kind."""
        import redis

        return redis.Redis(host="127.0.0.1", port=self.port, username=USER, password=PASSWORD, decode_responses=True)

    def wait_until_ready(self) -> None:
        """Wait until it has read what was written down."""
        import redis

        def ready() -> bool:
            with self.client() as client, contextlib.suppress(redis.exceptions.RedisError):
                return client.ping()
            return False

        wait_until(ready)


class PostgreSQL(Servers):
    """A PostgreSQL; as root it is run by the user postgres, because it refuses to be run by root."""

    scheme = "postgresql"
    most = 30

    def _as_owner(self, *command: str) -> list[str]:
        if os.getuid() != 0:
            return list(command)
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]

    def _binary(self, name: str) -> str:
        """Return the path of one of its programs; Debian has them beside the PATH."""
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        return str(found[-1]) if found and shutil.which(name) is None else program(name, "postgresql")

    def make(self) -> None:
        """Make its folder."""
        self.folder.mkdir(mode=0o755, exist_ok=True)
        secret = self.folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        self.give(self.folder, secret)
        made = self._as_owner(
            *(self._binary("initdb"), "-D", str(self.folder / "data"), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8"),
            *("--no-sync", "-A", "scram-sha-256", "--pwfile", str(secret)),
        )
        subprocess.run(made, cwd=self.folder, check=True, capture_output=True)

    def give(self, *paths: Path) -> None:
        """Let whoever runs it have some files or folders."""
        for each in paths if os.getuid() == 0 else ():
            shutil.chown(each, "postgres", "postgres")

    def command(self) -> list[str]:
        """Return its command line; it writes to no disk before it must, for no machine fails in a test."""
        if not (self.folder / "data").exists():
            self.make()
        return self._as_owner(
            *(self._binary("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), "-h", "127.0.0.1"),
            *("-k", "", "-c", "fsync=off", "-c", f"max_connections={self.most}", "-c", "shared_buffers=16MB"),
        )

    def connect(self, database: str = "postgres"):
        """Return a connection of its own kind."""
        import psycopg

        return psycopg.connect(f"{self.url()}/{database}", autocommit=True)

    def wait_until_ready(self) -> None:
        """Wait until it has begun, and has mended itself."""
        import psycopg

        def ready() -> bool:
            with contextlib.suppress(psycopg.OperationalError), self.connect():
                return True
            return False

        wait_until(ready)


class Wire:
    """A way to a server that counts how often it is asked, and can be slow, or cut.

    :param port: of the server.
    """

    def __init__(self, port: int) -> None:
        self.asked = 0
        self.delay = 0.0
        #: Cut it when the next answer comes: the question was heard, and nobody hears the answer.
        self.cut_at_answer = False
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._listening.accept()
                theirs = socket.create_connection(("127.0.0.1", self._to))
                self._open += [ours, theirs]
                turn = {"asks": False}
                threading.Thread(target=self._carry, args=(ours, theirs, turn, True), daemon=True).start()
                threading.Thread(target=self._carry, args=(theirs, ours, turn, False), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, turn: dict[str, bool], asks: bool) -> None:
        """Carry bytes one way; whoever asks again after an answer has gone round once more."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if asks and not turn["asks"]:
                    self.asked += 1
                turn["asks"] = asks
                if not asks and self.cut_at_answer:
                    self.cut_at_answer = False
                    break
                if not asks:
                    time.sleep(self.delay)
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut everything."""
        for each in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _parents():
    """Give each process of this machine with the one that it came of."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            yield int(entry.name), int(fields[1])
