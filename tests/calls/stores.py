"""The session stores of these tests: started on demand, on a small disk if the test fills it."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.calls.failing_stores import PostgreSQL, Redis, SQLite
from tests.processes import wait_until

STORES = ("sqlite", "redis", "postgresql", "cookie")
#: The sizes of the small disks.
_DISK_SIZES = {"sqlite": "16m", "postgresql": "32m"}

Store = SQLite | Redis | PostgreSQL


class Stores:
    """All stores, each started at its first use.

    :param folder: the folder for files of SQLite.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: dict[str, Store] = {}
        self._mounted: list[Path] = []
        # pytest's own folders are private, and PostgreSQL runs as another user.
        self._public_folder = Path(tempfile.mkdtemp(prefix="ivrkit-calls-", dir="/tmp"))
        self._public_folder.chmod(0o755)

    def url(self, name: str) -> str:
        """Return the setting ``session_url`` for a store; each call returns a new file of SQLite."""
        if name == "cookie":
            return "cookie:"
        if name == "sqlite":
            return SQLite(Path(tempfile.mkdtemp(dir=self._folder))).session_url
        return self.get(name).session_url

    def get(self, name: str) -> Store:
        """Return a store, started at its first use. SQLite and PostgreSQL are on small disks if we may mount them."""
        if name not in self._started:
            self._started[name] = self._start(name)
        return self._started[name]

    def can_be_full(self, name: str) -> bool:
        """Return whether the test can fill a store: its small disk could be mounted, or it has none."""
        return name not in _DISK_SIZES or any(each.is_relative_to(self._public_folder / name) for each in self._mounted)

    def _start(self, name: str) -> Store:
        folder = self._public_folder / name
        folder.mkdir()
        if name == "sqlite":
            self._mount(folder, _DISK_SIZES[name])
            return SQLite(folder)
        if name == "redis":
            redis = Redis(folder)
            redis.start()
            return redis
        postgresql = PostgreSQL(folder)
        self._mount(postgresql.small, _DISK_SIZES[name])
        postgresql.begin()
        return postgresql

    def _mount(self, folder: Path, size: str) -> None:
        """Mount a small disk at a folder; only root may do this."""
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        if os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0:
            self._mounted.append(folder)

    def clear(self) -> None:
        """End all stores, and remove their files."""
        for each in self._started.values():
            each.clear()
        for folder in self._mounted:
            _unmount(folder)
        shutil.rmtree(self._public_folder, ignore_errors=True)


def _unmount(folder: Path) -> None:
    """Unmount a disk once none of its files is open."""
    wait_until(lambda: subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0)
