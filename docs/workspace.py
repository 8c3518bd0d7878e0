"""The workspace in which the examples of one page run: its folder, packages, environment and server."""

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
#: Commands that change nothing for the examples.
IGNORED_COMMANDS = ("git", ".", "python3")

_IVRKIT = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')"]
_FLASK = [sys.executable, "-c", "from flask.cli import cli; cli.main(prog_name='flask')"]
_CALL_NUMBERS = count(1)


class Workspace:
    """The state of a reader's machine while the examples of one page run.

    :param folder: a new, empty folder.
    """

    def __init__(self, folder: Path) -> None:
        #: The working folder.
        self.folder = folder / "work"
        self.folder.mkdir()
        #: The folder of the packages that the page installs.
        self.site_packages = folder / "site"
        self.site_packages.mkdir()
        #: The environment variables that the page sets.
        self.exported: dict[str, str] = {}
        self.server: Server | None = None
        #: The standard input of the next command.
        self.typed: str | None = None

    def write(self, name: str, source: str) -> None:
        """Write a file in the working folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")

    def install(
        self,
        name: str,
        version: str = "1.0",
        *,
        states: Mapping[str, str] | None = None,
        plugins: Mapping[str, str] | None = None,
        **modules: str,
    ) -> None:
        """Install a package: write its modules and its metadata with the entry points.

        :param states: entry points of the group ``ivrkit.states``.
        :param plugins: entry points of the group ``ivrkit.plugins``.
        :param modules: name -> source.
        """
        metadata = self.site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        groups = {"ivrkit.states": states or {}, "ivrkit.plugins": plugins or {}}
        lines = [
            line for group, entries in groups.items() for line in (f"[{group}]", *map(" = ".join, entries.items()))
        ]
        (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, source in modules.items():
            (self.site_packages / f"{module}.py").write_text(source)

    def uninstall_all(self) -> None:
        """Uninstall every package that this page installed."""
        shutil.rmtree(self.site_packages)
        self.site_packages.mkdir()

    def call(self, **states: Any) -> Callable[..., tuple[str, str]]:
        """Start a call to a phone tree with more states.

        :param states: name -> state.
        :returns: a function that sends a webhook with Twilio's parameters, and returns the name of the caller's state
            and the TwiML document.
        """
        register = ivrkit.hookimpl(specname="ivrkit_register_states")(lambda settings: states)
        client = create_app(dev=True, plugins={"example": SimpleNamespace(register=register)}).test_client()
        fixed = {"CallSid": f"CA{next(_CALL_NUMBERS)}", "CallStatus": "in-progress", "From": "+15550123"}

        def webhook(**params: str) -> tuple[str, str]:
            response = client.post("/webhook", data={**fixed, **params})
            assert response.status_code == 200, response.text
            return response.headers.get("Ivrkit-State", ""), response.text

        webhook()
        return webhook

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a command: that of the tests without settings, and the variables of the page.

        :param more: the variables of this command.
        """
        inherited = filter(None, [os.environ.get("PYTHONPATH")])
        editable = [line for path in self.site_packages.glob("*.pth") for line in path.read_text().splitlines()]
        return {
            **{name: value for name, value in os.environ.items() if not is_setting(name)},
            "PYTHONPATH": os.pathsep.join([str(self.site_packages), *editable, *inherited]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "80",
            **self.exported,
            **more,
        }

    def run(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Run one command of the page, and return its output and its exit code."""
        name, *rest = words
        if name in IGNORED_COMMANDS:
            return "", 0
        if words[:2] in (["make", "run"], ["ivrkit", "serve"], ["flask", "run"]) and "--help" not in rest:
            return self._serve(words, more)
        return getattr(self, f"_{name}")(rest, more)

    def _serve(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Start a server in place of the running one, and return its output until it listens or has ended."""
        self.close()
        command = [*_IVRKIT, *words[1:]]
        if words[0] == "make":
            self.write("ivrkit.toml", (ROOT / "ivrkit.toml").read_text())
            command = [*_IVRKIT, "serve", "--dev"]
        elif words[0] == "flask":
            command = [sys.executable, "-m", "flask", *words[1:]]
        self.server = Server(command, self.folder, self.environ(more))
        return self.server.start_output, 0

    def _flask(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        return self._run_process([*_FLASK, *words], more)

    def _ivrkit(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Run ``ivrkit`` in this process, which is faster because everything is imported already."""
        if self.server is not None:
            words = [word.replace(f":{PORT}/", f":{self.server.port}/") for word in words]
        with self._like_a_new_process(more):
            done = CliRunner().invoke(main, words, prog_name="ivrkit", input=self.typed)
        return done.output, done.exit_code

    def _make(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Run ``make phone`` as the Makefile of the checkout does."""
        assert words == ["phone"], f"this module cannot run `make {' '.join(words)}`"
        if not (self.folder / "ivrkit.toml").exists():  # a running server would reload if the file were written again
            self.write("ivrkit.toml", (ROOT / "ivrkit.toml").read_text())
        return self._ivrkit(words, more)

    @contextlib.contextmanager
    def _like_a_new_process(self, more: Mapping[str, str]) -> Iterator[None]:
        """Give this process the folder, environment and packages of the page, and undo all that at the end."""
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
                    if str(getattr(sys.modules[name], "__file__", "")).startswith(str(self.site_packages.parent)):
                        del sys.modules[name]

    def _pytest(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        return self._run_process([sys.executable, "-m", "pytest", "-p", "no:randomly", *words], more)

    def _python(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        return self._run_process([sys.executable, *words], more)

    def run_process(self, words: str, typed: str) -> str:
        """Run ``ivrkit`` in a new process, which has its own log and debugger, and return its output."""
        self.typed = typed
        return self._run_process([*_IVRKIT, *words.split()], {})[0]

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
            for path in self.site_packages.glob(f"{words[-1].replace('-', '_')}-*.dist-info"):
                shutil.rmtree(path)
            return "", 0
        if words[0] == "wheel":
            return self._run_process(["uv", "build", "--quiet", "--wheel", "--out-dir", words[-2], words[-1]], more)
        target = ["--python", sys.executable, "--target", str(self.site_packages)]
        if "--find-links" in words:
            return self._run_process(["uv", "pip", "install", "--quiet", "--no-deps", *target, *words[1:]], more)
        if not words[-1].startswith(".") or "[" in words[-1] or words[-1].endswith("/plugins/acme_states"):
            return "", 0  # a tool, an extra or a part of the clone, which is installed already
        return self._run_process(["uv", "pip", "install", "--quiet", "--no-deps", *target, *words[1:]], more)

    def _run_process(self, command: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        done = subprocess.run(  # noqa: S603  commands from our own pages
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
    """Return whether an environment variable could change the result of an example."""
    return variable.startswith(("IVRKIT_", "TWILIO_", "FLASK_", "COV_CORE_"))


@contextlib.contextmanager
def new_workspace() -> Iterator[Workspace]:
    """Create a workspace, and remove it afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        workspace = Workspace(Path(folder))
        try:
            yield workspace
        finally:
            workspace.close()
