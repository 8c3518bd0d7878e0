"""The hook ``ivrkit_register_stores``: the stores of plugins, and the problems of invalid ones."""

import importlib_metadata
import pytest

from ivrkit import LoadError, Problem, Settings, hookimpl
from ivrkit.plugins.load import load

pytestmark = pytest.mark.usefixtures("core_only")

OWN = f"ivrkit {importlib_metadata.version('ivrkit')}"


class OffersStores:
    """Plugin that offers stores."""

    def __init__(self, offered):
        self.offered = offered

    @hookimpl
    def ivrkit_register_stores(self):
        """Return the stores, or raise the error given in their place."""
        if isinstance(self.offered, Exception):
            raise self.offered
        return self.offered


def open_store(url):
    """Fail: a host that uses another store must not open this one."""
    raise AssertionError(url)


def test_a_plugin_offers_a_store_by_its_scheme():
    """The stores of a plugin are added to those of the core, by their schemes."""
    stores = load(Settings(), {"mine": OffersStores({"folder": open_store})}).stores
    assert stores["folder"] is open_store
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
            {"Folder:": open_store},
            "plugin mine: its store must have the scheme of a URL, not 'Folder:'",
            'write the scheme in small letters and without the colon: {"redis": ...}',
        ),
        (
            {7: open_store},
            "plugin mine: its store must have the scheme of a URL, not 7",
            'write the scheme in small letters and without the colon: {"redis": ...}',
        ),
        (
            {"redis": open_store},
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
def test_an_invalid_store_is_a_problem(offered, message, hint):
    """An invalid store is a problem that names the plugin; without strict, the other stores stay available."""
    with pytest.raises(LoadError) as caught:
        load(Settings(), {"mine": OffersStores(offered)})
    assert caught.value.problems == (Problem(message, hint, owner="mine"),)
    assert "sqlite" in load(Settings(strict=False), {"mine": OffersStores(offered)}).stores
