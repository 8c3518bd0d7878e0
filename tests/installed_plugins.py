"""Hides installed plugins that the tests do not name, so that the tests pass with any package in their environment."""

import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

GROUPS = ("ivrkit.states", "ivrkit.plugins")
#: The distributions that the tests name.
NAMED = ("ivrkit", "acme-states")


@pytest.fixture(scope="session", autouse=True)
def only_named_plugins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Hide every installed plugin besides ivrkit and acme-states, from this process and from its children.

    Python finds only the first of two distributions with the same name, so an empty distribution hides another.
    """
    entry_points = (each for group in GROUPS for each in importlib.metadata.entry_points(group=group))
    others = {each.dist.name for each in entry_points if each.dist is not None} - set(NAMED)
    folder = tmp_path_factory.mktemp("hidden-plugins")
    for name in others:
        write_metadata(folder, name, "0", "")
    with pytest.MonkeyPatch.context() as patch:
        if others:
            patch.syspath_prepend(str(folder))
            patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield


def write_metadata(folder: Path, name: str, version: str, entry_points: str) -> None:
    """Write the metadata of a distribution, as an installer does."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
