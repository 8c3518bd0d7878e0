"""The servers under attack: ``ivrkit serve`` and gunicorn, each in a folder with the files of a phone tree."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from tests.calls.servers import children_of, resident_memory
from tests.processes import DEPLOY, TOKEN, Running, environment, free_port
from tests.watchdog import kill_session

SERVERS = ("serve", "gunicorn")
CHECKOUT = Path(__file__).parents[2]
TREES = Path(__file__).parent / "trees"


class Server:
    """A running server.

    :param name: one of ``SERVERS``.
    :param folder: its working folder.
    :param settings: the text of ``ivrkit.toml``.
    :param plugins: files of ``TREES`` that it loads, or name of a file -> its text.
    :param environ: more environment variables.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        *,
        settings: str = "",
        plugins: Mapping[str, str] | None = None,
        **environ: str,
    ) -> None:
        self.name = name
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.base}/webhook"
        (folder / "ivrkit.toml").write_text(f'plugins_dir = "trees"\n{settings}', encoding="utf-8")
        (folder / "trees").mkdir()
        for file, text in (plugins or {}).items():
            (folder / "trees" / file).write_text(text, encoding="utf-8")
        commands = {
            "serve": ["ivrkit", "serve", "--port", str(self.port), "--workers", "2"],
            "gunicorn": ["gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py"), "--bind", f"127.0.0.1:{self.port}"],
        }
        # The plugins of these tests import modules of the checkout.
        values = {"TWILIO_AUTH_TOKEN": TOKEN, "PYTHONPATH": str(CHECKOUT), "WEB_CONCURRENCY": "2", **environ}
        self.running = Running(commands[name], folder, environment(**values), f"{self.base}/healthz")

    @property
    def output(self) -> str:
        """The text that it has printed."""
        return self.running.output

    def wait_for_exit(self, patience: float) -> int:
        """Wait until it ends by itself, and return its exit code."""
        return self.running.process.wait(patience)

    def workers(self) -> dict[int, float]:
        """Return the processes that answer requests: process id -> age in seconds."""
        parent = self.running.process.pid
        return _leaves(parent)

    def memory(self) -> int:
        """Return the resident memory of all its processes, in bytes."""
        return sum(resident_memory(pid) for pid in self.running.processes)


def _leaves(parent: int) -> dict[int, float]:
    """Return the descendants of a process that have no children."""
    found: dict[int, float] = {}
    for pid, age in children_of(parent).items():
        found |= _leaves(pid) or {pid: age}
    return found


def tree(name: str) -> dict[str, str]:
    """Return a file of ``TREES`` as a plugin: name of the file -> its text."""
    return {name: (TREES / name).read_text(encoding="utf-8")}


@contextlib.contextmanager
def server_starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server and waits until it answers; end all its servers at the end."""
    servers: list[Server] = []

    def start(name: str, *, wait: bool = True, **options: object) -> Server:
        server = Server(name, tmp_path_factory.mktemp("server"), **options)
        servers.append(server)
        if wait:
            server.running.wait()
        return server

    try:
        yield start
    finally:
        for each in servers:  # at once: a server that drains would take its time
            kill_session(each.running.process.pid)
            each.running.process.wait()
