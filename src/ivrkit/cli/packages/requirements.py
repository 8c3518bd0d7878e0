"""The installed plugins as lines of a ``requirements.txt``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import importlib_metadata

from ivrkit.plugins.entry_points import FILE
from ivrkit.plugins.loaded import Plugin


def requirements(plugins: Iterable[Plugin]) -> Iterator[str]:
    """Yield a line for each plugin. The line of a plugin that is not an installed package is a comment.

    An installer records the source of each package in ``direct_url.json``:
    https://packaging.python.org/en/latest/specifications/direct-url/.
    """
    for plugin in plugins:
        name = plugin.owner.plugin
        if plugin.source == FILE:
            yield f"# {name}: a file, not a package"
            continue
        try:
            distribution = importlib_metadata.distribution(name)
        except importlib_metadata.PackageNotFoundError:
            yield f"# {name}: part of the host's own code, not a package"
            continue
        yield _line(name, distribution.version, json.loads(distribution.read_text("direct_url.json") or "{}"))


def _line(name: str, version: str, origin: dict[str, Any]) -> str:
    url = origin.get("url")
    if url is None:
        return f"{name}=={version}"
    if origin.get("dir_info", {}).get("editable"):
        return f"-e {url}"
    vcs = origin.get("vcs_info")
    if vcs:
        url = f"{vcs['vcs']}+{url}@{vcs['commit_id']}"
    folder = origin.get("subdirectory")
    return f"{name} @ {url}" + (f"#subdirectory={folder}" if folder else "")
