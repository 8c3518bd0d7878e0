"""The targets of the Makefile that change files."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ivrkit import Settings

CHECKOUT = Path(__file__).parents[1]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_clean_removes_the_sessions_of_make_run(tmp_path):
    """``make clean`` removes the session file that ``make run`` leaves, with SQLite's files beside it."""
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    session_file = Settings().session_url.removeprefix("sqlite:///")
    for name in (session_file, f"{session_file}-wal", f"{session_file}-shm", "ivrkit.toml"):
        (tmp_path / name).touch()
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Makefile", "ivrkit.toml"]
