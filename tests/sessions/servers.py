"""The servers of the session stores, each on its own port and in its own folder, and a TCP proxy that can fail."""

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
#: A password with every character that has a meaning in a URL.
PASSWORD = "open/se?s#a@m%e"
QUOTED_PASSWORD = quote(PASSWORD, safe="")


class ServerProcess(Running):
    """A running server. It is ready when it accepts connections."""

    port: int

    def is_ready(self) -> bool:
        """Return whether it accepts connections."""
        assert self.process.poll() is None, self.output
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False

    @property
    def family(self) -> list[int]:
        """The ids of its process and of all descendants, the oldest first."""
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
        """Kill all its processes without a warning, as a power cut does."""
        family = self.family
        self.signal(signal.SIGKILL)
        self.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))


class StoreServer:
    """A database server with its folder. It can be started and killed several times.

    :param folder: the folder of its data.
    """

    scheme: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.running: ServerProcess | None = None

    def command(self) -> list[str]:
        """Return its command line."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it if it is not running, and wait until it is ready."""
        if self.running is None:
            self.running = type("Started", (ServerProcess,), {"port": self.port})(
                self.command(), self.folder, environment(LC_ALL="C.UTF-8"), ""
            )
            self.running.wait()
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it accepts commands."""

    def kill(self) -> None:
        """Kill it without a warning, as a power cut does."""
        assert self.running is not None
        self.running.kill()
        self.running = None

    @contextlib.contextmanager
    def gone(self):
        """Kill the server, and start it again at the end of the block."""
        self.kill()
        yield
        self.start()

    @contextlib.contextmanager
    def stopped(self):
        """Stop the server's processes: it keeps and accepts connections but answers nothing until the block ends."""
        assert self.running is not None
        self.running.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.running.signal(signal.SIGCONT)

    def clear(self) -> None:
        """Kill it if it is running."""
        if self.running is not None:
            self.kill()

    def url(self, password: str = PASSWORD, port: int = 0) -> str:
        """Return its URL without a database."""
        return f"{self.scheme}://{USER}:{quote(password, safe='')}@127.0.0.1:{port or self.port}"


class Redis(StoreServer):
    """A Redis server that writes each command to its disk; without ``keeps``, it is empty after a restart."""

    scheme = "redis"
    keeps = True

    def command(self) -> list[str]:
        """Return its command line. Users can only be configured in a file."""
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
        """Its Unix socket."""
        return self.folder / "redis.sock"

    def client(self):
        """Return a redis-py client."""
        import redis

        return redis.Redis(host="127.0.0.1", port=self.port, username=USER, password=PASSWORD, decode_responses=True)

    def wait_until_ready(self) -> None:
        """Wait until it has loaded its data."""
        import redis

        def ready() -> bool:
            with self.client() as client, contextlib.suppress(redis.exceptions.RedisError):
                return client.ping()
            return False

        wait_until(ready)


class PostgreSQL(StoreServer):
    """A PostgreSQL server. It refuses to run as root, so root runs it as the user postgres."""

    scheme = "postgresql"
    #: The largest number of connections.
    most = 30

    def _as_owner(self, *command: str) -> list[str]:
        if os.getuid() != 0:
            return list(command)
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]

    def _binary(self, name: str) -> str:
        """Return the path of one of its programs; Debian installs them outside the PATH."""
        found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        return str(found[-1]) if found and shutil.which(name) is None else program(name, "postgresql")

    def make(self) -> None:
        """Create its data folder."""
        self.folder.mkdir(mode=0o755, exist_ok=True)
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD, encoding="utf-8")
        self.give(self.folder, password_file)
        initdb = self._as_owner(
            *(self._binary("initdb"), "-D", str(self.folder / "data"), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8"),
            *("--no-sync", "-A", "scram-sha-256", "--pwfile", str(password_file)),
        )
        subprocess.run(initdb, cwd=self.folder, check=True, capture_output=True)

    def give(self, *paths: Path) -> None:
        """Make the user that runs the server the owner of files and folders."""
        for path in paths if os.getuid() == 0 else ():
            shutil.chown(path, "postgres", "postgres")

    def command(self) -> list[str]:
        """Return its command line. ``fsync`` is off because no test needs the data after a power cut."""
        if not (self.folder / "data").exists():
            self.make()
        return self._as_owner(
            *(self._binary("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), "-h", "127.0.0.1"),
            *("-k", "", "-c", "fsync=off", "-c", f"max_connections={self.most}", "-c", "shared_buffers=16MB"),
        )

    def connect(self, database: str = "postgres"):
        """Return a psycopg connection."""
        import psycopg

        return psycopg.connect(f"{self.url()}/{database}", autocommit=True)

    def wait_until_ready(self) -> None:
        """Wait until it has started and recovered."""
        import psycopg

        def ready() -> bool:
            with contextlib.suppress(psycopg.OperationalError), self.connect():
                return True
            return False

        wait_until(ready)


class TcpProxy:
    """A TCP proxy in front of a server. It counts round trips, and can slow replies down or cut them off.

    :param port: the server's port.
    """

    def __init__(self, port: int) -> None:
        #: How many round trips there were: a request after a reply is a new one.
        self.round_trips = 0
        #: How long each piece of a reply waits, in seconds.
        self.delay = 0.0
        #: The size of a piece of a reply, in bytes.
        self.piece_size = 65536
        #: Cut the connection at the next reply: the server has done the request, and the client does not know.
        self.cut_at_reply = False
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                self._sockets += [client, server]
                last = {"is_request": False}
                threading.Thread(target=self._forward, args=(client, server, last, True), daemon=True).start()
                threading.Thread(target=self._forward, args=(server, client, last, False), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, last: dict[str, bool], is_request: bool) -> None:
        """Forward the bytes of one direction.

        :param last: whether the last bytes of the connection, in any direction, were a request.
        """
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_request and not last["is_request"]:
                    self.round_trips += 1
                last["is_request"] = is_request
                if is_request:
                    target.sendall(data)
                    continue
                if self.cut_at_reply:
                    self.cut_at_reply = False
                    break
                for start in range(0, len(data), self.piece_size):
                    time.sleep(self.delay)
                    target.sendall(data[start : start + self.piece_size])
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close all connections."""
        for each in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _parents():
    """Yield the id of each process on this machine with the id of its parent."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            yield int(entry.name), int(fields[1])
