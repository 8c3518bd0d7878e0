"""The two servers that serve the phone trees of these tests: ``ivrkit serve`` and gunicorn, each on a free port."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from tests.calls.transport import DelayedHttpTransport
from tests.calls.trees.counting import SERVED
from tests.processes import DEPLOY, TOKEN, Running, environment, free_port

from ivrkit.simulator import Simulator

SERVERS = ("serve", "gunicorn")
TREES = Path(__file__).parent / "trees"
_PHONE_TREES = ("counting.py", "crashing.py", "departments.py", "hanging.py", "slow.py")
#: The phone numbers of the other trees. All other numbers reach the counting tree.
CRASHING, MENU, SLOW, HANGING = "+15005550007", "+15005550008", "+15005550009", "+15005550010"
_SETTINGS = f"""\
start = "count"
plugins_dir = "trees"
block = ["acme-states"]
max_turns = 1000

[numbers."{CRASHING}"]
start = "choice"

[numbers."{MENU}"]
start = "menu"

[numbers."{SLOW}"]
start = "slow"

[numbers."{HANGING}"]
start = "hanging"
"""
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Server:
    """A running server.

    :param name: one of ``SERVERS``.
    :param folder: its working folder.
    :param session_url: the setting ``session_url``.
    :param workers: the number of worker processes.
    :param plugins: files of ``TREES`` that it loads besides the phone trees.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        session_url: str,
        workers: int = 2,
        plugins: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.folder = folder
        self.size = workers
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.url = f"{self.base}/webhook"
        (folder / "ivrkit.toml").write_text(_SETTINGS, encoding="utf-8")
        for file in (*_PHONE_TREES, *plugins):
            self.deploy(file)
        commands = {
            "serve": ["ivrkit", "serve", "--port", str(port), "--workers", str(workers)],
            "gunicorn": ["gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py"), "--bind", f"127.0.0.1:{port}"],
        }
        environ = environment(TWILIO_AUTH_TOKEN=TOKEN, IVRKIT_SESSION_URL=session_url, WEB_CONCURRENCY=str(workers))
        self.running = Running(commands[name], folder, environ, f"{self.base}/healthz")

    def deploy(self, file: str, name: str = "") -> None:
        """Copy a file of ``TREES`` to the server's folder of plugins; the server reads it at its next start or reload.

        :param name: the name of the copy; by default the same name.
        """
        (self.folder / "trees").mkdir(exist_ok=True)
        shutil.copyfile(TREES / file, self.folder / "trees" / (name or file))

    def simulator(self) -> Simulator:
        """Return a phone number with this server's webhook and fallback URL, as the docs on deployment recommend."""
        return Simulator(DelayedHttpTransport(), self.url, token=TOKEN, fallback_url="/webhook/fallback")

    def workers(self) -> dict[int, float]:
        """Return the worker processes: process id -> age in seconds."""
        return children_of(self.running.process.pid)

    def has_served(self, worker: int) -> bool:
        """Return whether a worker has counted a caller's key."""
        return (self.folder / SERVED / str(worker)).exists()

    def memory(self) -> int:
        """Return the resident memory of all its processes, in bytes."""
        return sum(resident_memory(pid) for pid in self.running.processes)


def children_of(parent: int) -> dict[int, float]:
    """Return the running child processes of a process: process id -> age in seconds."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(parent) and fields[0] != "Z":
            found[int(entry.name)] = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / _TICKS_PER_SECOND
    return found


def resident_memory(pid: int) -> int:
    """Return the resident memory of a process in bytes; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * _PAGE_SIZE
    except OSError:
        return 0
