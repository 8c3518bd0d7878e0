"""Fixtures that install distributions with real metadata, and hide all plugins except the core."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.plugins.packages import entry_points_text, metadata_text
from tests.plugins.trees import Folder

from ivrkit.testing import installed_plugins


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in an empty folder, without environment variables that are settings."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("IVRKIT_", "TWILIO_")):
            monkeypatch.delenv(name)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Return a function that installs a distribution for one test.

    The distribution is a folder with its metadata and modules. The folder comes first on ``sys.path``.
    """
    installed: list[str] = []

    def install(name, version="1.0", *, states=None, plugins=None, metadata=None, **modules):
        folder = tmp_path / f"site-{name}"
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        metadata = metadata_text(name, version) if metadata is None else metadata
        if metadata:
            (info / "METADATA").write_text(metadata, encoding="utf-8")
        (info / "entry_points.txt").write_text(entry_points_text(states, plugins), encoding="utf-8")
        for module, code in modules.items():
            (folder / f"{module}.py").write_text(code, encoding="utf-8")
            installed.append(module)
        monkeypatch.syspath_prepend(str(folder))
        return folder

    yield install
    for module in installed:
        sys.modules.pop(module, None)
    importlib.invalidate_caches()


@pytest.fixture
def core_only(install: Callable[..., Path]) -> None:
    """Hide all installed plugins but the core, so that a test loads only the plugins that it installs.

    Python finds only the first of two distributions with the same name, so an empty distribution hides another.
    """
    for name in installed_plugins():
        install(name, "0")


@pytest.fixture
def folder(tmp_path: Path, core_only: None) -> Iterator[Folder]:
    """Return the working folder of a test that has only the core installed."""
    yield Folder(tmp_path)
    for module in [name for name in sys.modules if name.startswith("ivrkit_file_")]:
        del sys.modules[module]
