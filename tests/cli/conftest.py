"""What the tests of the command line share: a folder without settings, and the command as a user runs it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ivrkit.cli.main import main

#: Hides the extra `server` from a process, as on a machine where it was never installed.
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
    """Stand in a folder without settings, in an environment without any."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in os.environ:
        if name.startswith(("IVRKIT_", "TWILIO_", "FLASK_")):
            monkeypatch.delenv(name)
    return folder


@pytest.fixture
def ivrkit() -> Callable[..., Result]:
    """Return the command, run in this process."""
    return lambda *arguments: CliRunner().invoke(main, arguments, prog_name="ivrkit", catch_exceptions=False)


@pytest.fixture
def run() -> Run:
    """Return the command, run as a process of its own; what is given by name is put into its environment."""

    def run(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')", *arguments]
        return subprocess.run(
            command, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=60
        )

    return run


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return what installs a package for this process: its metadata and its modules, first on the path."""
    modules: list[str] = []

    def install(name: str, version: str, entry_points: str, **code: str) -> None:
        folder = tmp_path / f"site-{name}"
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
        for module, text in code.items():
            (folder / f"{module}.py").write_text(text, encoding="utf-8")
            modules.append(module)
        monkeypatch.syspath_prepend(str(folder))

    yield install
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def alone(install: Callable[..., None]) -> None:
    """Hide the plugin that may be installed beside the core: of two distributions of one name, the first is found."""
    install("acme-states", "0", "")
