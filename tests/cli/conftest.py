"""Fixtures of the command line's tests: an empty working folder, the plugins in it, and the command itself."""

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.installed_plugins import write_metadata

from ivrkit.cli.main import main
from ivrkit.testing import installed_plugins

#: A `sitecustomize.py` that hides the extra `server` from a process, as if it was never installed.
WITHOUT_GRANIAN = """
import sys
from importlib.machinery import PathFinder


class Hide(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name == "granian" else super().find_spec(name, path, target)


sys.meta_path[:] = [Hide if finder is PathFinder else finder for finder in sys.meta_path]
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to a folder without settings, in an environment without settings."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in os.environ:
        if name.startswith(("IVRKIT_", "TWILIO_", "FLASK_")):
            monkeypatch.delenv(name)
    return folder


@pytest.fixture
def ivrkit() -> Callable[..., Result]:
    """Return a function that runs the command in this process."""
    return lambda *arguments: CliRunner().invoke(main, arguments, prog_name="ivrkit", catch_exceptions=False)


@pytest.fixture
def run() -> Run:
    """Return a function that runs the command in a process of its own; keywords are environment variables."""

    def run(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')", *arguments]
        return subprocess.run(
            command, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=60
        )

    return run


@pytest.fixture
def in_terminal(folder: Path) -> Callable[..., str]:
    """Return a function that runs the command in a terminal of a given width, and returns all lines of the terminal."""

    def in_terminal(columns: int, *arguments: str, **environ: str) -> str:
        master, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        process = subprocess.Popen(
            [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')", *arguments],
            cwd=folder,
            env={**inherited, **environ},
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # Linux ends the terminal of an ended process with an error
            while chunk := os.read(master, 65536):
                shown += chunk
        os.close(master)
        process.wait(60)
        return shown.decode().replace("\r\n", "\n")

    return in_terminal


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that installs a package for this process: its folder is the first one on the path."""
    modules: list[str] = []

    def install(name: str, version: str, entry_points: str, **code: str) -> None:
        folder = tmp_path / f"site-{name}"
        write_metadata(folder, name, version, entry_points)
        for module, text in code.items():
            (folder / f"{module}.py").write_text(text, encoding="utf-8")
            modules.append(module)
        monkeypatch.syspath_prepend(str(folder))

    yield install
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def alone(install: Callable[..., None]) -> None:
    """Hide all other installed plugins, so that ivrkit is the only one."""
    for name in installed_plugins():
        install(name, "0", "")
