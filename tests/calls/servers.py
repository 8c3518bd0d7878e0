"""The two servers that a tree is run behind, each on a port of its own, with the workers that it has at the moment."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from tests.calls.network import FarAway
from tests.calls.trees.counting import SERVED
from tests.processes import DEPLOY, TOKEN, Running, environment, free_port

from ivrkit.simulator import Simulator

SERVERS = ("serve", "gunicorn")
TREES = Path(__file__).parent / "trees"
#: Whom to call for what: the first numbers count.
DEADLY, MENU, SLOW = "+15005550007", "+15005550008", "+15005550009"
_SETTINGS = f"""\
start = "count"
plugins_dir = "trees"
block = ["acme-states"]
max_turns = 1000

[numbers."{DEADLY}"]
start = "choice"

[numbers."{MENU}"]
start = "menu"

[numbers."{SLOW}"]
start = "slow"
"""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A server with trees.

    :param kind: one of ``SERVERS``.
    :param folder: where it is run.
    :param session_url: where its calls are kept.
    :param workers: how many processes answer.
    :param trees: the files of ``TREES`` that it serves, in the beginning.
    """

    def __init__(
        self,
        kind: str,
        folder: Path,
        session_url: str,
        workers: int = 2,
        trees: Sequence[str] = ("counting.py", "deadly.py", "shop.py", "slow.py"),
    ) -> None:
        self.kind = kind
        self.folder = folder
        self.size = workers
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.url = f"{self.base}/webhook"
        (folder / "ivrkit.toml").write_text(_SETTINGS, encoding="utf-8")
        for tree in trees:
            self.release(tree)
        commands = {
            "serve": ["ivrkit", "serve", "--port", str(port), "--workers", str(workers)],
            "gunicorn": ["gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py"), "--bind", f"127.0.0.1:{port}"],
        }
        environ = environment(TWILIO_AUTH_TOKEN=TOKEN, IVRKIT_SESSION_URL=session_url, WEB_CONCURRENCY=str(workers))
        self.running = Running(commands[kind], folder, environ, f"{self.base}/healthz")

    def release(self, tree: str, name: str = "") -> None:
        """Put a file of ``TREES`` where the server finds it.

        :param name: the file's name there, its own when left out.
        """
        (self.folder / "trees").mkdir(exist_ok=True)
        shutil.copyfile(TREES / tree, self.folder / "trees" / (name or tree))

    def number(self) -> Simulator:
        """Return a telephone number that is answered here, set up as the pages on deploying say."""
        return Simulator(FarAway(), self.url, token=TOKEN, fallback_url="/webhook/fallback")

    def workers(self) -> dict[int, float]:
        """Return the processes that answer, each with the seconds that it has run."""
        above = self.running.process.pid
        if self.kind == "serve":  # that is the supervisor, whose only child is granian
            above = next(iter(children_of(above)), above)
        return children_of(above)

    def has_served(self, worker: int) -> bool:
        """Return whether a worker has counted a key of some caller."""
        return (self.folder / SERVED / str(worker)).exists()

    def memory(self) -> int:
        """Return the bytes that all its processes have in memory."""
        return sum(_resident(pid) for pid in self.running.processes)


def children_of(parent: int) -> dict[int, float]:
    """Return the processes that another one started and that still run, each with the seconds that it has run."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(parent) and fields[0] != "Z":
            found[int(entry.name)] = time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / _TICKS
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]) * _PAGE
    except OSError:
        return 0
