"""Where the examples of one page are run: its folder, its packages, its commands and its server."""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import importlib_metadata
import pytest
from click.testing import CliRunner
from docs.server import PATIENCE, PORT, Server

import ivrkit
from ivrkit.cli.main import main
from ivrkit.web import create_app

ROOT = Path(__file__).parent.parent
#: Commands of a reader's shell that change nothing for the examples.
DONE_ELSEWHERE = ("git", ".", "python3")

_IVRKIT = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')"]
_FLASK = [sys.executable, "-c", "from flask.cli import cli; cli.main(prog_name='flask')"]
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
        self.server: Server | None = None
        #: What is typed into the next command.
        self.typed: str | None = None

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
        return getattr(self, f"_{name}")(rest, more)

    def _serve(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Start a server, in place of the one that ran; return what it printed until it listens, or ended."""
        self.close()
        command = [*_IVRKIT, *words[1:]]
        if words[0] == "make":
            self.write("ivrkit.toml", (ROOT / "ivrkit.toml").read_text())
            command = [*_IVRKIT, "serve", "--dev"]
        elif words[0] == "flask":
            command = [sys.executable, "-m", "flask", *words[1:]]
        self.server = Server(command, self.folder, self.environ(more))
        return self.server.said, 0

    def _flask(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        return self._printed([*_FLASK, *words], more)

    def _ivrkit(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Run the command in this process, which has everything imported already; see only what the page installed."""
        if self.server is not None:
            words = [word.replace(f":{PORT}/", f":{self.server.port}/") for word in words]
        with self._as_if_started(more):
            done = CliRunner().invoke(main, words, prog_name="ivrkit", input=self.typed)
        return done.output, done.exit_code

    def _make(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Call the tree of the checkout, as its Makefile does."""
        assert words == ["phone"], f"nothing here knows make's {words}"
        if not (self.folder / "ivrkit.toml").exists():  # a server that watches it would start anew
            self.write("ivrkit.toml", (ROOT / "ivrkit.toml").read_text())
        return self._ivrkit(words, more)

    @contextlib.contextmanager
    def _as_if_started(self, more: Mapping[str, str]) -> Iterator[None]:
        """Make this process what a new one would be that is started in the page's folder."""
        with pytest.MonkeyPatch.context() as patch:
            environ = self.environ(more)
            patch.chdir(self.folder)
            for name in {*os.environ, *environ}:
                patch.setenv(name, environ[name]) if name in environ else patch.delenv(name)
            patch.setattr(sys, "path", [*sys.path, *environ["PYTHONPATH"].split(os.pathsep)])
            patch.setattr(sys, "dont_write_bytecode", True)
            importlib.invalidate_caches()
            importlib_metadata.MetadataPathFinder.invalidate_caches()
            known = set(sys.modules)
            try:
                yield
            finally:
                for name in set(sys.modules) - known:
                    if str(getattr(sys.modules[name], "__file__", "")).startswith(str(self.site.parent)):
                        del sys.modules[name]

    def _pytest(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        return self._printed([sys.executable, "-m", "pytest", "-p", "no:randomly", *words], more)

    def _python(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        return self._printed([sys.executable, *words], more)

    def apart(self, words: str, typed: str) -> str:
        """Run ``ivrkit`` as a process of its own, which has a log and a debugger of its own; return what it printed."""
        self.typed = typed
        return self._printed([*_IVRKIT, *words.split()], {})[0]

    def _curl(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        assert self.server is not None, "the page calls a server that it did not start"
        return self.server.curl(words), 0

    def _cd(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        self.folder = (self.folder / words[0]).resolve()
        return "", 0

    def _mkdir(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        (self.folder / words[-1]).mkdir(parents=True, exist_ok=True)
        return "", 0

    def _export(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        self.exported.update(word.split("=", 1) for word in words)
        return "", 0

    def close(self) -> None:
        """End the server."""
        if self.server is not None:
            self.server.close()
            self.server = None

    def _pip(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        if words[0] == "uninstall":
            for path in self.site.glob(f"{words[-1].replace('-', '_')}-*.dist-info"):
                shutil.rmtree(path)
            return "", 0
        if words[0] == "wheel":
            return self._printed(["uv", "build", "--quiet", "--wheel", "--out-dir", words[-2], words[-1]], more)
        target = ["--python", sys.executable, "--target", str(self.site)]
        if "--find-links" in words:
            return self._printed(["uv", "pip", "install", "--quiet", "--no-deps", *target, *words[1:]], more)
        if not words[-1].startswith(".") or "[" in words[-1] or words[-1].endswith("/plugins/acme_states"):
            return "", 0  # it is a tool, an extra or a part of the clone, and here already
        return self._printed(["uv", "pip", "install", "--quiet", "--no-deps", *target, *words[1:]], more)

    def _printed(self, command: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        done = subprocess.run(  # noqa: S603  the commands that our own pages show
            command,
            cwd=self.folder,
            env=self.environ(more),
            input=self.typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout, done.returncode


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
