"""Where the examples of one page are run: its folder, its packages, its commands and its server."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ivrkit
from ivrkit.web import create_app

ROOT = Path(__file__).parent.parent
#: Commands of a reader's shell that change nothing for the examples.
DONE_ELSEWHERE = ("git", ".", "python3")
#: The port that the pages name.
PORT = 5000
PATIENCE = 60.0

_IVRKIT = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')"]
_PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly"]
_NUMBERS = count(1)


class Desk:
    """Where one page is run: a folder, what is installed, the environment, and the server.

    :param folder: a new and empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self.site = folder / "site"
        self.site.mkdir()
        self.exported: dict[str, str] = {}
        self.server: _Server | None = None

    def write(self, name: str, source: str) -> None:
        """Write a file of the page."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")

    def package(
        self,
        name: str,
        version: str = "1.0",
        *,
        states: Mapping[str, str] | None = None,
        plugins: Mapping[str, str] | None = None,
        **modules: str,
    ) -> None:
        """Install a package as an installer leaves it: its modules, and what tells of its entry points."""
        told = self.site / f"{name.replace('-', '_')}-{version}.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        groups = {"ivrkit.states": states or {}, "ivrkit.plugins": plugins or {}}
        lines = [line for group, points in groups.items() for line in (f"[{group}]", *map(" = ".join, points.items()))]
        (told / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, source in modules.items():
            (self.site / f"{module}.py").write_text(source)

    def forget(self) -> None:
        """Remove every package that this page installed."""
        shutil.rmtree(self.site)
        self.site.mkdir()

    def call(self, **states: Any) -> Callable[..., tuple[str, str]]:
        """Begin a call to a tree that has these states as well; what is returned answers its webhooks.

        :returns: a function that takes Twilio's parameters and gives the state that the caller is in, and the document.
        """
        register = ivrkit.hookimpl(specname="ivrkit_register_states")(lambda settings: states)
        client = create_app(dev=True, plugins={"example": SimpleNamespace(register=register)}).test_client()
        fixed = {"CallSid": f"CA{next(_NUMBERS)}", "CallStatus": "in-progress", "From": "+15550123"}

        def webhook(**params: str) -> tuple[str, str]:
            answer = client.post("/webhook", data={**fixed, **params})
            assert answer.status_code == 200, answer.text
            return answer.headers.get("Ivrkit-State", ""), answer.text

        webhook()
        return webhook

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a command: the tests' own without settings, and what the page exported."""
        editable = [line for path in self.site.glob("*.pth") for line in path.read_text().splitlines()]
        return {
            **{name: value for name, value in os.environ.items() if not is_setting(name)},
            "PYTHONPATH": os.pathsep.join([str(self.site), *editable]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "80",
            "IVRKIT_SESSION_URL": f"sqlite:///{self.site.parent}/sessions.sqlite3",  # TEMPORARY
            **self.exported,
            **more,
        }

    def run(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Run one command of the page; return what it printed and its exit code."""
        name, *rest = words
        if name in DONE_ELSEWHERE:
            return "", 0
        if words[:2] in (["make", "run"], ["ivrkit", "serve"], ["flask", "run"]) and "--help" not in rest:
            return self._serve(words, more)
        if name in ("ivrkit", "pytest"):
            return self._printed([*(_IVRKIT if name == "ivrkit" else _PYTEST), *rest], more)
        return getattr(self, f"_{name}")(rest)

    def _serve(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Start a server, in place of the one that ran; return what it printed until it listens, or ended."""
        self.close()
        command = [*_IVRKIT, *words[1:]]
        if words[0] == "make":
            self.write("ivrkit.toml", (ROOT / "ivrkit.toml").read_text())
            command = [*_IVRKIT, "serve", "--dev"]
        elif words[0] == "flask":
            command = [sys.executable, "-m", "flask", *words[1:]]
        self.server = _Server(command, self.folder, self.environ(more))
        return self.server.said, 0

    def _curl(self, words: list[str]) -> tuple[str, int]:
        assert self.server is not None, "the page calls a server that it did not start"
        return self.server.curl(words), 0

    def _cd(self, words: list[str]) -> tuple[str, int]:
        self.folder = (self.folder / words[0]).resolve()
        return "", 0

    def _mkdir(self, words: list[str]) -> tuple[str, int]:
        (self.folder / words[-1]).mkdir(parents=True, exist_ok=True)
        return "", 0

    def _export(self, words: list[str]) -> tuple[str, int]:
        self.exported.update(word.split("=", 1) for word in words)
        return "", 0

    def close(self) -> None:
        """End the server."""
        if self.server is not None:
            self.server.close()
            self.server = None

    def _pip(self, words: list[str]) -> tuple[str, int]:
        if words[0] == "uninstall":
            for path in self.site.glob(f"{words[-1].replace('-', '_')}-*.dist-info"):
                shutil.rmtree(path)
            return "", 0
        if not words[-1].startswith(".") or "[" in words[-1]:
            return "", 0  # it is a tool or an extra, and here already
        target = ["--python", sys.executable, "--target", str(self.site)]
        return self._printed(["uv", "pip", "install", "--quiet", "--no-deps", *target, *words[1:]], {})

    def _printed(self, command: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        done = subprocess.run(  # noqa: S603  the commands that our own pages show
            command,
            cwd=self.folder,
            env=self.environ(more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout, done.returncode


class _Server:
    """A server on a free port, as a page starts it."""

    def __init__(self, command: list[str], folder: Path, environ: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(  # noqa: S603  the commands that our own pages show
            [*command, "--port", str(self.port)],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        until = time.monotonic() + PATIENCE
        while not self._listens() and self._process.poll() is None:
            assert time.monotonic() < until, f"the server did not come up: {self.printed()}"
            time.sleep(0.05)
        self.said = self.printed()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def _listens(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                return True
        except urllib.error.HTTPError as answer:
            answer.close()
            return True
        except OSError:
            return False

    def printed(self) -> str:
        """Return what the server printed since this was last asked, with the port that the pages name."""
        if self._process.poll() is not None:
            self._reader.join(PATIENCE)
        lines = []
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self._lines.get_nowait())
        # granian's own remarks are about the machine, not about what the page shows.
        said = "".join(line for line in lines if not line.startswith("["))
        return said.replace(str(self.port), str(PORT))

    def curl(self, words: list[str]) -> str:
        """Ask as curl would, with those of its options that the pages use; return what it would print."""
        fields: list[tuple[str, str]] = []
        headers, formats, url = {}, "", ""
        arguments = iter(words)
        for word in arguments:
            if word in ("-d", "--data", "--data-urlencode"):
                name, _, value = next(arguments).partition("=")
                fields.append((name, value if word == "--data-urlencode" else urllib.parse.unquote_plus(value)))
            elif word in ("-H", "--header"):
                name, _, value = next(arguments).partition(":")
                headers[name] = value.strip()
            elif word in ("-w", "--write-out"):
                formats = next(arguments).replace("\\n", "\n")
            elif word.startswith("http"):
                url = word.replace(f":{PORT}/", f":{self.port}/")
            else:
                assert word in ("-s", "--silent"), f"nothing here knows curl's {word}"
        body = urllib.parse.urlencode(fields).encode() if fields else None
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  our own server
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                code, text, told = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                code, text, told = error.code, error.read().decode(), error.headers
        formats = re.sub(r"%header\{([\w-]+)\}", lambda found: str(told.get(found[1], "")), formats)
        return text + formats.replace("%{http_code}", str(code))

    def close(self) -> None:
        """End the server and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def is_setting(variable: str) -> bool:
    """Return whether a variable of the environment would change what an example does."""
    return variable.startswith(("IVRKIT_", "TWILIO_", "FLASK_", "COV_CORE_", "PYTHONPATH"))


@contextlib.contextmanager
def at_a_desk() -> Iterator[Desk]:
    """Give a desk of its own, and clear it away afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        desk = Desk(Path(folder))
        try:
            yield desk
        finally:
            desk.close()
