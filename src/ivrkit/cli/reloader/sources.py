"""The sources of a phone tree: the files that decide which phone tree is loaded.

These are the settings and plugin files, the packages of all plugins, the modules that these packages have imported, and
the metadata of installed plugins. The plugins may have problems, so nothing here needs a phone tree that was loaded.
"""

from __future__ import annotations

import glob
import importlib.util
import itertools
import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from ivrkit.cli.reloader.watch import WatchList
from ivrkit.errors import IvrkitError, Problems
from ivrkit.plugins.entry_points import find_entry_points
from ivrkit.settings import Settings
from ivrkit.settings.load import ENV_FILE, FILE, FILE_VARIABLE

#: The metadata of installed distributions, below a folder of ``sys.path``. A new plugin has a new file here.
_METADATA = ("*.dist-info/entry_points.txt", "*.egg-info/entry_points.txt")
#: The folders with installed packages, on any system.
_INSTALLED = ("site-packages", "dist-packages")


def sources(settings: Settings) -> WatchList:
    """Return the files to watch for a phone tree.

    Call this in the process that has loaded the phone tree, or has tried to load it.

    :param settings: the settings of the phone tree.
    """
    here = Path.cwd()
    folder = settings.folder or here
    folders, files = {str(here)}, {str(here / ENV_FILE), str(here / os.environ.get(FILE_VARIABLE, FILE))}
    if settings.plugins_dir:
        folders.add(str(folder / settings.plugins_dir))
    for path in (*_plugin_packages(), *_own_modules()):
        (folders if path.is_dir() else files).add(str(path))
    # The settings file may have another name, and may be in another folder.
    patterns = [os.path.join(glob.escape(str(folder)), pattern) for pattern in ("*.toml", *settings.flows)]
    patterns += [os.path.join(glob.escape(each), name) for each in sys.path if each for name in _METADATA]
    return WatchList(tuple(sorted(folders)), tuple(sorted(files)), tuple(patterns))


def _plugin_packages() -> Iterator[Path]:
    """Yield the folder or file of each top-level package that an entry point of ivrkit names."""
    try:
        names = {point.package for point in find_entry_points(Problems())}
    except IvrkitError:  # the metadata of ivrkit itself is missing
        return
    for name in names:
        yield from _locations(name)


def _locations(name: str) -> list[Path]:
    """Return the folders of a top-level package, or the file of a top-level module. Nothing is imported."""
    try:
        spec = importlib.util.find_spec(name)
    except (ValueError, ImportError):  # an invalid name, or a module that was made by hand
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(each) for each in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.has_location and spec.origin else []


def _own_modules() -> Iterator[Path]:
    """Yield the files of all imported modules that are neither installed packages nor in the standard library.

    For a module in a package, yield the folder of its top-level package, because a file with a syntax error is not
    imported.
    """
    found = {}
    for name, module in list(sys.modules.items()):
        path = Path(getattr(module, "__file__", None) or "")
        if path.suffix == ".py" and not _is_library(path):
            package = name.partition(".")[0]
            found[package] = _locations(package) or [path]
    return itertools.chain.from_iterable(found.values())


def _is_library(path: Path) -> bool:
    return not {*_INSTALLED}.isdisjoint(path.parts) or path.is_relative_to(sysconfig.get_path("stdlib"))
