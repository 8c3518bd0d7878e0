"""What the tests of the stores share."""

from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a SQLite file is to be."""
    return tmp_path / "calls.sqlite3"
