"""Programs that a test starts: servers and proxies, each in a session of its own, so that all of it can be found."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
TOKEN = "12345"
#: How long a busy machine may take for what a test waits for, in seconds.
PATIENCE = 60.0
#: Where proxies are that are not on everybody's PATH.
_MORE_PATH = "/usr/sbin:/sbin:/usr/local/sbin"


def shipped(name: str, fill: Mapping[str, str] | None = None) -> str:
    """Return a file of deploy/ with what a reader is told to change filled in.

    :param fill: what stands in the file -> what comes in its place, everywhere. All of it must be there.
    """
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in (fill or {}).items():
        assert old in text, f"deploy/{name} has no {old!r} to fill in"
        text = text.replace(old, new)
    return text


def program(name: str, package: str = "") -> str:
    """Return the path of a program; skip the test where the machine has none."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:{_MORE_PATH}")
    if found is None:
        pytest.skip(f"{name} is not installed: apt-get install {package or name}")
    return found


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def wait_until(true: Callable[[], bool], told: Callable[[], str] = str) -> None:
    """Wait for something, for a while.

    :param told: what to show when it does not come.
    """
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"it did not come: {told()}"
        time.sleep(0.1)


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a program: this one without settings, its commands first on the PATH."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IVRKIT_", "TWILIO_", "FLASK_", "GUNICORN_", "WEB_CONCURRENCY"))
    }
    return {**ours, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **more}


def ask(url: str, params: Mapping[str, str] | None = None, **headers: str) -> tuple[int, str]:
    """Return status and text of a page; status 0 where nobody answers.

    :param params: of a form; left out, the page is asked for by GET.
    :param headers: with ``_`` for ``-``.
    """
    body = None if params is None else urllib.parse.urlencode(params).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named)
    direct = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=ssl.create_default_context())
    )
    try:
        with direct.open(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _read(error)
    except OSError:
        return 0, ""


def _read(answer: urllib.error.HTTPError) -> str:
    """Return the text of a refusal, as much as came: who refuses a large body may end the connection as well."""
    try:
        return answer.read().decode()
    except (http.client.IncompleteRead, OSError):
        return ""


class Running:
    """A program that runs, with all that it started.

    :param command: its command line.
    :param folder: where it runs; what it prints is kept there too.
    :param environ: its environment.
    :param health: a URL that answers 200 when it is ready; whether it answers itself or for another.
    """

    def __init__(self, command: Sequence[str], folder: Path, environ: Mapping[str, str], health: str) -> None:
        self.health = health
        self._told = folder / f"told-{free_port()}"
        with self._told.open("wb") as told:
            self.process = subprocess.Popen(
                command, cwd=folder, env=dict(environ), stdout=told, stderr=told, start_new_session=True
            )

    @property
    def told(self) -> str:
        """What it printed."""
        return self._told.read_text(encoding="utf-8")

    @property
    def processes(self) -> set[int]:
        """All processes that it has by now."""
        return {pid for pid, session in sessions() if session == self.process.pid}

    def is_well(self) -> bool:
        """Return whether it answers."""
        assert self.process.poll() is None, self.told
        return ask(self.health)[0] == 200

    def wait(self) -> "Running":
        """Wait until it answers."""
        wait_until(self.is_well, lambda: self.told)
        return self

    def end(self, patience: float = PATIENCE) -> int:
        """End it as a service manager does, and return its code."""
        self.process.terminate()
        return self.process.wait(patience)

    def clear(self) -> None:
        """End what is left of it."""
        try:
            if self.process.poll() is None:
                self.end()
        finally:
            for pid in self.processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait(PATIENCE)


def sessions() -> Iterator[tuple[int, int]]:
    """Return each process of this machine that runs, with the session that it belongs to."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            if fields[0] != "Z":
                yield int(entry.name), int(fields[3])
