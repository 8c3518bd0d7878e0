"""Programs that tests start: servers, proxies, databases.

Each program runs in a session of its own, so that all of its processes can be found. They end with the tests even if
the tests are killed: a watchdog process (``tests/watchdog.py``) ends them then.
"""

import functools
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.watchdog import kill_session, processes_of

DEPLOY = Path(__file__).parents[1] / "deploy"
TOKEN = "12345"
#: How long a test waits for something on a busy machine, in seconds.
PATIENCE = 60.0
#: Folders with proxies that an ordinary user's PATH does not have.
_SYSTEM_PATH = "/usr/sbin:/sbin:/usr/local/sbin"


def shipped(name: str, fill: Mapping[str, str] | None = None) -> str:
    """Return the text of a file in deploy/, with the reader's changes filled in.

    :param name: the file's name.
    :param fill: text in the file -> its replacement, everywhere. The file must contain each text.
    """
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in (fill or {}).items():
        assert old in text, f"deploy/{name} has no {old!r} to fill in"
        text = text.replace(old, new)
    return text


def program(name: str, package: str = "") -> str:
    """Return the path of a program; skip the test where the machine has none."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:{_SYSTEM_PATH}")
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {package or name}")
    return found


def free_port() -> int:
    """Return a port that is not in use."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], details: Callable[[], str] = str) -> None:
    """Wait until a condition is true, for :data:`PATIENCE` seconds at most.

    :param condition: is called ten times a second.
    :param details: returns the text of the failure, if the condition does not become true.
    """
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"the condition did not become true: {details()}"
        time.sleep(0.1)


def environment(**more: str) -> dict[str, str]:
    """Return the environment for a program: this one without settings, and this Python's commands first on the PATH."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IVRKIT_", "TWILIO_", "FLASK_", "GUNICORN_", "WEB_CONCURRENCY"))
    }
    return {**inherited, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **more}


def ask(url: str, params: Mapping[str, str] | None = None, **headers: str) -> tuple[int, str]:
    """Request a page and return its status and text; status 0 if nothing answers.

    :param params: the fields of a form; left out, the request is a GET.
    :param headers: with ``_`` in place of ``-``.
    """
    body = None if params is None else urllib.parse.urlencode(params).encode()
    sent_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, sent_headers)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl.create_default_context())
    )
    try:
        with opener.open(request, timeout=PATIENCE) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _read(error)
    except OSError:
        return 0, ""


def _read(response: urllib.error.HTTPError) -> str:
    """Return the text of a refusal, or "": a server that refuses a large body may also close the connection."""
    try:
        return response.read().decode()
    except (http.client.IncompleteRead, OSError):
        return ""


class Running:
    """A running program with all of its child processes.

    :param command: its command line.
    :param folder: its working folder; its output is written there too.
    :param environ: its environment.
    :param health: a URL that answers 200 when the program is ready.
    """

    def __init__(self, command: Sequence[str], folder: Path, environ: Mapping[str, str], health: str) -> None:
        self.health = health
        self._output = folder / f"output-{free_port()}"
        with self._output.open("wb") as output:
            self.process = start(command, cwd=folder, env=dict(environ), stdout=output, stderr=output)

    @property
    def output(self) -> str:
        """The text that it has printed."""
        return self._output.read_text(encoding="utf-8")

    @property
    def processes(self) -> set[int]:
        """The ids of all its processes."""
        return processes_of(self.process.pid)

    def is_ready(self) -> bool:
        """Return whether it answers."""
        assert self.process.poll() is None, self.output
        return ask(self.health)[0] == 200

    def wait(self) -> "Running":
        """Wait until it answers."""
        wait_until(self.is_ready, lambda: self.output)
        return self

    def end(self, patience: float = PATIENCE) -> int:
        """End it as a service manager does, and return its exit code."""
        self.process.terminate()
        return self.process.wait(patience)

    def clear(self) -> None:
        """End it, and kill all processes that are left."""
        try:
            if self.process.poll() is None:
                self.end()
        finally:
            kill_session(self.process.pid)
            self.process.wait(PATIENCE)


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
    """Start a program in a session of its own that ends, at the latest, when this process ends.

    :param command: its command line.
    :param options: as for :class:`subprocess.Popen`.
    """
    process = subprocess.Popen(command, start_new_session=True, **options)
    _watchdog().watch(process.pid)
    return process


class Watchdog:
    """A process that kills the watched sessions when its standard input is closed: when this process ends in any way.

    It sits in a session of its own, so that Ctrl-C in a terminal and the end of a process group do not reach it.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("watchdog.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, session: int) -> None:
        """Kill the processes of a session when this process ends."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{session}\n".encode())
        self._process.stdin.flush()


@functools.cache
def _watchdog() -> Watchdog:
    """Return the one watchdog of this process."""
    return Watchdog()
