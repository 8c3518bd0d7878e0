"""The stores that the contract is put to; each is opened anew, on what was kept, by calling ``open_again``."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ivrkit import Session
from ivrkit.sessions import SessionStore, open_store

#: Scheme -> the URL of a store in a folder. A new store is one line here, and has the whole contract to keep.
URLS: dict[str, Callable[[Path], str]] = {"sqlite": lambda folder: f"sqlite:///{folder / 'calls.sqlite3'}"}


@pytest.fixture(params=URLS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of a store that holds nothing yet."""
    return URLS[request.param](tmp_path)


@pytest.fixture
def store(url: str):
    """Return an empty store."""
    store = open_store(url)
    yield store
    store.close()


@pytest.fixture
def open_again(url: str):
    """Return what opens the same store once more, as another process of the host would."""
    opened: list[SessionStore] = []

    def open_again() -> SessionStore:
        opened.append(open_store(url))
        return opened[-1]

    yield open_again
    for each in opened:
        each.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a SQLite file is to be."""
    return tmp_path / "calls.sqlite3"


@pytest.fixture
def kept() -> Session:
    """Return a session at its first turn, with something in it that JSON could spoil."""
    return Session("CA1", turn=1, state="menu", waits="Gather", data={"name": "Zoë", "ids": [1, None]}, expires=1000.0)
