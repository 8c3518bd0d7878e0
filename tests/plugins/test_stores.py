"""Session stores of plugins, from the hook ``ivrkit_register_stores``."""

import importlib_metadata
import pytest

from ivrkit import LoadError, Problem, Settings, hookimpl
from ivrkit.plugins.load import load

pytestmark = pytest.mark.usefixtures("core_only")

CORE = f"ivrkit {importlib_metadata.version('ivrkit')}"


class OffersStores:
    """A plugin that offers stores."""

    def __init__(self, result):
        self.result = result

    @hookimpl
    def ivrkit_register_stores(self):
        """Return the given result, or raise it if it is an exception."""
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def open_store(url):
    """Fail the test, because the loader must not open a store."""
    raise AssertionError(url)


def test_a_plugin_offers_a_store_under_its_scheme():
    """The loader adds the stores of a plugin after those of the core, each under its scheme."""
    stores = load(Settings(), {"mine": OffersStores({"folder": open_store})}).stores
    assert stores["folder"] is open_store
    assert list(stores) == ["sqlite", "redis", "rediss", "unix", "postgresql", "postgres", "folder"]


@pytest.mark.parametrize(
    ("result", "message", "hint"),
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
            f"the store for redis: is offered by two plugins: {CORE} and mine",
            'leave it out: block = ["mine"] in ivrkit.toml, or --block mine',
        ),
        (
            {"folder": "a folder"},
            "plugin mine: its store for folder: must be a function, not 'a folder'",
            "write a function (url) -> store",
        ),
    ],
)
def test_an_invalid_store_is_a_problem(result, message, hint):
    """An invalid store is a problem with the plugin as owner, and non-strict loading keeps the stores of the core."""
    with pytest.raises(LoadError) as caught:
        load(Settings(), {"mine": OffersStores(result)})
    assert caught.value.problems == (Problem(message, hint, owner="mine"),)
    assert "sqlite" in load(Settings(strict=False), {"mine": OffersStores(result)}).stores
