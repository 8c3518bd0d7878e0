"""The files that the development server watches. A scan reads the modification times of all these files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: The endings of the files in a watched folder. A file with another ending, such as the session store, is ignored.
SUFFIXES = (".py", ".toml", ".po", ".env")
#: Folders that have many files and no code of the user. Hidden folders and virtual environments are skipped too.
_SKIPPED_FOLDERS = ("__pycache__", "node_modules", "site-packages")
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"

#: How many changed files are named.
MAX_NAMES = 3

#: Path -> modification time in nanoseconds, and size in bytes.
Scan = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class WatchList:
    """The files to watch. New files are found too, because each scan reads the folders and patterns again.

    :param folders: folders whose code, settings and translations are watched, together with all subfolders.
    :param files: single files. A file does not have to exist yet.
    :param patterns: patterns of paths, as for ``glob``.
    """

    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    @classmethod
    def from_lists(cls, lists: Mapping[str, Sequence[str]]) -> WatchList:
        """Return the watch list of a dictionary that ``dataclasses.asdict`` has made."""
        return cls(**{name: tuple(paths) for name, paths in lists.items()})

    def __or__(self, other: WatchList) -> WatchList:
        """Return a list with the files of both lists."""
        return WatchList(
            tuple(dict.fromkeys((*self.folders, *other.folders))),
            tuple(dict.fromkeys((*self.files, *other.files))),
            tuple(dict.fromkeys((*self.patterns, *other.patterns))),
        )

    def scan(self) -> Scan:
        """Return the modification time and the size of each watched file that exists."""
        found = {}
        for path in self._paths():
            try:
                status = os.stat(path)
            except OSError:  # a file that does not exist yet, or was removed after it was listed
                continue
            found[path] = (status.st_mtime_ns, status.st_size)
        return found

    def describe(self, changes: Sequence[str]) -> str:
        """Return a text such as ``ivrkit.toml and acme_states/hours.py changed``.

        :param changes: the paths of the changed files.
        """
        names = [self._short_name(path) for path in changes[:MAX_NAMES]]
        if len(changes) > MAX_NAMES:
            names.append(f"{len(changes) - MAX_NAMES} more")
        return f"{' and '.join(filter(None, (', '.join(names[:-1]), names[-1])))} changed"

    def _short_name(self, path: str) -> str:
        """Return a path relative to the working folder, else with the name of the watched folder, else with one folder.

        :param path: the path of a watched file.
        """
        file = Path(path)
        parents = (Path.cwd(), *(Path(folder).parent for folder in self.folders), file.parent.parent)
        return str(file.relative_to(next(each for each in parents if file.is_relative_to(each))))

    def _paths(self) -> Iterator[str]:
        yield from self.files
        for pattern in self.patterns:
            yield from glob.iglob(pattern, recursive=True)
        for folder in self.folders:
            yield from _files_in(folder)


def _files_in(folder: str) -> Iterator[str]:
    """Yield the paths of the watched files in a folder and its subfolders."""
    for path, subfolders, files in os.walk(folder):
        if path != folder and _VIRTUAL_ENVIRONMENT in files:
            subfolders.clear()
            continue
        subfolders[:] = [each for each in subfolders if not each.startswith(".") and each not in _SKIPPED_FOLDERS]
        yield from (os.path.join(path, name) for name in files if name.endswith(SUFFIXES))


def changed_files(before: Scan, after: Scan) -> list[str]:
    """Return the paths of the files that were changed, added or removed between two scans."""
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
