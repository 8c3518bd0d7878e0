"""Session stores of plugins, from the hook ``ivrkit_register_stores``."""

import importlib_metadata
import pytest

from ivrkit import LoadError, Problem, SessionError, Settings, StoreUnavailable, hookimpl
from ivrkit.flow.model.state import Owner
from ivrkit.plugins.load import load
from ivrkit.plugins.plugin_store import PluginStoreError, StoreOpener
from ivrkit.session_store import StoredSession
from ivrkit.testing import Phone
from ivrkit.web import create_app

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
    assert stores["folder"] == StoreOpener(Owner("mine"), "folder", open_store)
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


class MemoryStore:
    """A store that keeps the sessions in a dict."""

    remote = False
    is_closed = False

    def __init__(self):
        self.sessions = {}

    def load(self, sid):
        """Return the session of a call."""
        return self.sessions.get(sid)

    def save(self, session, expected_turn):
        """Save a session."""
        self.sessions[session.sid] = session
        return True

    def remove_expired(self, now):
        """Remove nothing."""
        return 0

    def close(self):
        """Record the call."""
        self.is_closed = True


class PanicException(BaseException):
    """The error that a panic of an extension in Rust is in Python."""


def raise_error(error):
    """Raise an error."""
    raise error


URL = "folder://ivr:canary@drive/calls"
FIX = "fix the store of the plugin, or set session_url to another store"


@pytest.mark.parametrize(
    ("function", "reason", "hint"),
    [
        (
            lambda url: raise_error(OSError(f"cannot open {url}")),
            "OSError: cannot open folder://...@drive/calls (test_stores.py, line ",
            FIX,
        ),
        (lambda url: raise_error(PanicException("no")), "PanicException: no (test_stores.py, line ", FIX),
        (
            lambda url: raise_error(SessionError("the drive is full", hint="empty it")),
            "the drive is full (test_stores.py, line ",
            "empty it",
        ),
        (
            lambda url: 5,
            "it must return a session store, not 5 without 'load'",
            "return an object with the methods of ivrkit.session_store.SharedStore",
        ),
    ],
)
def test_a_store_that_cannot_be_opened(function, reason, hint):
    """An error of a plugin's store names the plugin. Without strict, the sessions are only in cookies."""
    plugins = {"mine": OffersStores({"folder": function})}
    with pytest.raises(PluginStoreError) as caught:
        create_app(dev=True, session_url=URL, plugins=plugins)
    assert caught.value.message.startswith(f"plugin mine: its store for folder: cannot be opened: {reason}")
    assert caught.value.hint == hint
    assert caught.value.owner == Owner("mine")
    assert caught.value.__suppress_context__, "the message of the first error may have the password"
    app = create_app(dev=True, session_url=URL, plugins=plugins, strict=False)
    tree = app.extensions["ivrkit"]
    assert tree.loaded.problems == (Problem(caught.value.message, hint, owner="mine"),)
    assert [each.status for each in tree.loaded.plugins if each.owner == Owner("mine")] == ["faulty"]
    assert tree.sessions.store is None
    call = Phone(app).call()
    assert call.state == "menu"


def test_a_store_that_is_unavailable_at_the_start(caplog):
    """A function that raises StoreUnavailable does not prevent the start, and the store is opened later."""
    store, is_up = MemoryStore(), False

    def open_later(url):
        if not is_up:
            raise StoreUnavailable("no connection yet", hint="start the database")
        return store

    app = create_app(dev=True, session_url=URL, plugins={"mine": OffersStores({"folder": open_later})})
    assert "plugin mine: its store for folder: cannot be opened: no connection yet" in caplog.text
    sessions = app.extensions["ivrkit"].sessions
    assert sessions.store.remote
    call = Phone(app).call()
    assert call.state == "menu"
    assert not store.sessions
    sessions.store.close()
    is_up = True
    assert sessions.store.save(StoredSession(call.sid, 9, "x", 1e12), 8)
    assert sessions.store.load(call.sid).turn == 9
    assert not sessions.store.remote
    assert sessions.store.remove_expired(0.0) == 0
    sessions.store.close()
    assert store.is_closed


@pytest.mark.parametrize(
    ("method", "answer", "reason"),
    [
        ("load", lambda *args: raise_error(PanicException("lost")), "cannot be read: PanicException: lost ("),
        (
            "load",
            lambda *args: "a session",
            "cannot be read: its load() must return a StoredSession or None, not 'a se",
        ),
        ("save", lambda *args: None, "cannot be written: its save() must return True or False, not None"),
        ("save", lambda *args: raise_error(StoreUnavailable("busy")), "cannot be written: busy ("),
    ],
)
def test_a_store_that_fails_during_a_call(caplog, method, answer, reason):
    """If a plugin's store fails during a call, the log names the plugin, and the call goes on with its cookie."""
    store = MemoryStore()
    app = create_app(dev=True, session_url=URL, plugins={"mine": OffersStores({"folder": lambda url: store})})
    setattr(store, method, answer)
    call = Phone(app).call()
    assert call.state == "menu"
    assert f"plugin mine: its store for folder: {reason}" in caplog.text


def test_the_other_methods_of_a_store():
    """The errors of all methods name the plugin, and StoreUnavailable stays what it is."""
    store = MemoryStore()
    opened = StoreOpener(Owner("mine", "1.0"), "folder", lambda url: store)(URL)
    assert (opened.remove_expired(1.0), opened.close(), opened.remote) == (0, None, False)
    session = StoredSession("CA1", 1, 2.0, "{}")
    assert opened.save(session, 0) is True
    assert opened.load("CA1") is session
    store.remove_expired = store.close = lambda *args: raise_error(StoreUnavailable("busy", hint="wait"))
    for action, run in (("written", lambda: opened.remove_expired(1.0)), ("closed", opened.close)):
        with pytest.raises(StoreUnavailable) as caught:
            run()
        assert caught.value.message.startswith(f"plugin mine 1.0: its store for folder: cannot be {action}: busy (")
        assert caught.value.hint == "wait"
    del MemoryStore.remote
    try:
        with pytest.raises(PluginStoreError, match=r"MemoryStore object at .* without 'remote'"):
            StoreOpener(Owner("mine", "1.0"), "folder", lambda url: store)(URL)
    finally:
        MemoryStore.remote = False
