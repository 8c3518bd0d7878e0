"""What the tests of the stores share."""

from pathlib import Path

import pytest
from tests.sessions.servers import Wire


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a SQLite file is to be."""
    return tmp_path / "calls.sqlite3"


@pytest.fixture
def wire():
    """Return what makes a wire to the port of a server."""
    made: list[Wire] = []

    def wire(port: int) -> Wire:
        made.append(Wire(port))
        return made[-1]

    yield wire
    for each in made:
        each.close()


@pytest.fixture
def use():
    """Return what makes a store that is closed with the test."""
    made = []

    def use(kind, url: str):
        made.append(kind(url))
        return made[-1]

    yield use
    for each in made:
        each.close()
