"""What the loader's tests share: distributions with real metadata, and a place where nothing else is installed."""

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.plugins.packages import entry_points_text, metadata_text
from tests.plugins.trees import Folder


@pytest.fixture(autouse=True)
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder without settings, in an environment without any."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("IVRKIT_", "TWILIO_")):
            monkeypatch.delenv(name)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Install distributions for this process alone: a folder of metadata and modules each, first on the path."""
    modules: list[str] = []

    def put(name, version="1.0", *, states=None, plugins=None, metadata=None, **code):
        folder = tmp_path / f"site-{name}"
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        metadata = metadata_text(name, version) if metadata is None else metadata
        if metadata:
            (info / "METADATA").write_text(metadata, encoding="utf-8")
        (info / "entry_points.txt").write_text(entry_points_text(states, plugins), encoding="utf-8")
        for module, text in code.items():
            (folder / f"{module}.py").write_text(text, encoding="utf-8")
            modules.append(module)
        monkeypatch.syspath_prepend(str(folder))
        return folder

    yield put
    for module in modules:
        sys.modules.pop(module, None)
    importlib.invalidate_caches()


@pytest.fixture
def bare(install: Callable[..., Path]) -> None:
    """Hide the plugin that may be installed beside the core: of two distributions of one name, the first is found."""
    install("acme-states", "0")


@pytest.fixture
def folder(tmp_path: Path, bare: None) -> Iterator[Folder]:
    """Give a working folder, where nothing but the core is installed."""
    yield Folder(tmp_path)
    for module in [name for name in sys.modules if name.startswith("ivrkit_file_")]:
        del sys.modules[module]
