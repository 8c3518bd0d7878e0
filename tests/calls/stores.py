"""All stores that calls are kept in: started on demand, with a small disk where it is to be full."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.calls.harmed import PostgreSQL, Redis, SQLite
from tests.processes import wait_until

STORES = ("sqlite", "redis", "postgresql", "cookie")
#: How large the disk of a store is that has one of its own.
_DISKS = {"sqlite": "16m", "postgresql": "32m"}

Store = SQLite | Redis | PostgreSQL


class Stores:
    """All stores, each started when it is first asked for. A store is one for all tests of a module.

    :param folder: what the tests keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Store] = {}
        self._mounted: list[Path] = []
        # Not below pytest's own folders, where nobody else may go: PostgreSQL is run by somebody else.
        self._open = Path(tempfile.mkdtemp(prefix="ivrkit-calls-", dir="/tmp"))
        self._open.chmod(0o755)

    def url(self, name: str) -> str:
        """Return what the setting ``session_url`` is; a file is a new one each time."""
        if name == "cookie":
            return "cookie:"
        if name == "sqlite":
            return SQLite(Path(tempfile.mkdtemp(dir=self._folder))).session_url
        return self.get(name).session_url

    def get(self, name: str) -> Store:
        """Return a store, started. What is a file, or keeps files, has a small disk of its own, where it can."""
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def can_be_full(self, name: str) -> bool:
        """Return whether a store could be given what can be full: a disk takes root."""
        return name not in _DISKS or any(each.is_relative_to(self._open / name) for each in self._mounted)

    def _make(self, name: str) -> Store:
        folder = self._open / name
        folder.mkdir()
        if name == "sqlite":
            self._mount(folder, _DISKS[name])
            return SQLite(folder)
        if name == "redis":
            redis = Redis(folder)
            redis.start()
            return redis
        postgresql = PostgreSQL(folder)
        self._mount(postgresql.small, _DISKS[name])
        postgresql.begin()
        return postgresql

    def _mount(self, folder: Path, size: str) -> None:
        """Give a folder a disk of its own, where this may be done."""
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0:
            self._mounted.append(folder)

    def clear(self) -> None:
        """End and remove them all."""
        for each in self._made.values():
            each.clear()
        for folder in self._mounted:
            _unmount(folder)
        shutil.rmtree(self._open, ignore_errors=True)


def _unmount(folder: Path) -> None:
    """Unmount a disk, as soon as nobody has a file of it any more."""
    wait_until(lambda: subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0)
