"""The hook ``ivrkit_register_stores``: which stores there are, and what is refused, with the plugin and the mend."""

import importlib_metadata
import pytest

from ivrkit import LoadError, Problem, Settings, hookimpl
from ivrkit.plugins.load import load

pytestmark = pytest.mark.usefixtures("core_only")

OWN = f"ivrkit {importlib_metadata.version('ivrkit')}"


class Selection:
    """A plugin that offers stores."""

    def __init__(self, offered):
        self.offered = offered

    @hookimpl
    def ivrkit_register_stores(self):
        """Offer them, or raise."""
        if isinstance(self.offered, Exception):
            raise self.offered
        return self.offered


def open_it(url):
    """Open no store: it is never called when a host only starts with another."""
    raise AssertionError(url)


def test_stores_are_offered_by_their_schemes():
    """Beside the core's own."""
    stores = load(Settings(), {"mine": Selection({"folder": open_it})}).stores
    assert stores["folder"] is open_it
    assert list(stores) == ["sqlite", "redis", "rediss", "unix", "postgresql", "postgres", "folder"]


@pytest.mark.parametrize(
    ("offered", "message", "hint"),
    [
        (
            [1],
            "plugin mine: its hook ivrkit_register_stores failed: it must return a dict, not [1]",
            "return a dict: scheme -> function (url) -> store",
        ),
        (
            KeyError("x"),
            "plugin mine: its hook ivrkit_register_stores failed: KeyError: 'x'",
            'leave it out: block = ["mine"] in ivrkit.toml, or --block mine',
        ),
        (
            {"Folder:": open_it},
            "plugin mine: its store must have the scheme of a URL, not 'Folder:'",
            'write the scheme in small letters and without the colon: {"redis": ...}',
        ),
        (
            {7: open_it},
            "plugin mine: its store must have the scheme of a URL, not 7",
            'write the scheme in small letters and without the colon: {"redis": ...}',
        ),
        (
            {"redis": open_it},
            f"the store for redis: is offered by two plugins: {OWN} and mine",
            'leave it out: block = ["mine"] in ivrkit.toml, or --block mine',
        ),
        (
            {"folder": "a folder"},
            "plugin mine: its store for folder: must be a function, not 'a folder'",
            "write a function (url) -> store",
        ),
    ],
)
def test_what_is_no_store_is_refused(offered, message, hint):
    """Who offers it, what it is, and what to write; without ``strict`` the others are there."""
    with pytest.raises(LoadError) as caught:
        load(Settings(), {"mine": Selection(offered)})
    assert caught.value.problems == (Problem(message, hint, owner="mine"),)
    assert "sqlite" in load(Settings(strict=False), {"mine": Selection(offered)}).stores
