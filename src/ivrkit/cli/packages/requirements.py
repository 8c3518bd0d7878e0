"""What is installed, as lines of a ``requirements.txt``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import importlib_metadata

from ivrkit.plugins.entry_points import FILE
from ivrkit.plugins.loaded import Plugin


def requirements(plugins: Iterable[Plugin]) -> Iterator[str]:
    """Return a line for each plugin, ivrkit's own first; what is no package is a comment.

    Where a package came from is what its installer wrote down:
    https://packaging.python.org/en/latest/specifications/direct-url/.
    """
    for plugin in plugins:
        name = plugin.owner.plugin
        if plugin.source == FILE:
            yield f"# {name}: a file, and no package"
            continue
        try:
            dist = importlib_metadata.distribution(name)
        except importlib_metadata.PackageNotFoundError:
            yield f"# {name}: the host's own code, and no package"
            continue
        yield _line(name, dist.version, json.loads(dist.read_text("direct_url.json") or "{}"))


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
