"""Session stores of plugins. An error of such a store becomes a ``SessionError`` that names the plugin."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ivrkit.errors import SessionError, StoreUnavailable
from ivrkit.flow.model.state import Owner
from ivrkit.plugin_errors import describe_error, describe_value, hint_of_error, plugin_errors
from ivrkit.session_store import SharedStore, StoredSession

_METHODS = ("load", "save", "remove_expired", "close")
_HINT = "fix the store of the plugin, or set session_url to another store"


class PluginStoreError(SessionError):
    """A session store of a plugin cannot be opened, read or written.

    :param message: the message, with the plugin.
    :param owner: the plugin.
    """

    def __init__(self, message: str, owner: Owner, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.owner = owner


@dataclass(frozen=True, slots=True)
class StoreOpener:
    """The function of a plugin that opens the session store of a URL.

    :param owner: the plugin.
    :param scheme: the scheme of the URLs.
    :param function: the function, which takes a URL.
    """

    owner: Owner
    scheme: str
    function: Callable[[str], SharedStore]

    def __call__(self, url: str) -> SharedStore:
        """Open and return the store of a URL.

        If the store is unavailable for the moment, return a store that is opened later, so that the host can start.

        :raises SessionError: if the function fails, or does not return a session store.
        """
        try:
            return self.open(url)
        except StoreUnavailable:
            return _UnopenedStore(self, url)

    def open(self, url: str) -> SharedStore:
        """Open and return the store of a URL.

        :raises StoreUnavailable: if the store is unavailable for the moment.
        :raises SessionError: if the function fails, or does not return a session store.
        """
        with self.naming_owner("opened"):
            store = self.function(url)
            missing = [name for name in _METHODS if not callable(getattr(store, name, None))]
            if missing or not hasattr(store, "remote"):
                name = missing[0] if missing else "remote"
                raise SessionError(
                    f"it must return a session store, not {describe_value(store)} without {name!r}",
                    hint="return an object with the methods of ivrkit.session_store.SharedStore",
                )
            return _PluginStore(store, self)

    @contextmanager
    def naming_owner(self, action: str) -> Iterator[None]:
        """Replace any error of the ``with`` block with a ``SessionError`` that names the plugin.

        The original error is not part of the new one, because its message may have the password of the URL.

        :param action: a word for the message: the store cannot be ``opened``, ``read``, ``written`` or ``closed``.
        """
        try:
            yield
        except plugin_errors() as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            location = "" if last.filename == __file__ else f" ({Path(last.filename).name}, line {last.lineno})"
            reason = f"{describe_error(error)}{location}"
            message = f"plugin {self.owner}: its store for {self.scheme}: cannot be {action}: {reason}"
            if isinstance(error, StoreUnavailable):
                raise StoreUnavailable(message, hint=error.hint) from None
            raise PluginStoreError(message, self.owner, hint=hint_of_error(error) or _HINT) from None


class _PluginStore:
    """A session store of a plugin, whose errors and return values are checked.

    :param store: the store of the plugin.
    :param opener: the function that opened the store.
    """

    def __init__(self, store: SharedStore, opener: StoreOpener) -> None:
        self._store = store
        self._opener = opener
        self.remote = bool(store.remote)

    def load(self, sid: str) -> StoredSession | None:
        """Return the session of a call, or ``None`` if the store has no session of the call."""
        with self._opener.naming_owner("read"):
            session = self._store.load(sid)
            _check("load", session, StoredSession | None, "a StoredSession or None")
            return session

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session. Return ``False`` if the stored session has a later turn than ``expected_turn``."""
        with self._opener.naming_owner("written"):
            is_saved = self._store.save(session, expected_turn)
            _check("save", is_saved, bool, "True or False")
            return is_saved

    def remove_expired(self, now: float) -> int:
        """Remove the sessions that expired before ``now``, and return the number of removed sessions."""
        with self._opener.naming_owner("written"):
            return self._store.remove_expired(now)

    def close(self) -> None:
        """Close the open connections."""
        with self._opener.naming_owner("closed"):
            self._store.close()


class _UnopenedStore:
    """A session store of a plugin that could not be opened yet. Each use tries again to open the store.

    :param opener: the function that opens the store.
    :param url: the URL of the store.
    """

    def __init__(self, opener: StoreOpener, url: str) -> None:
        self._opener = opener
        self._url = url
        self._store: SharedStore | None = None
        #: Before the store is open, it must not be asked more often than needed.
        self.remote = True
        # Held while the store is opened, so that two threads do not open it twice.
        self._lock = threading.Lock()

    def load(self, sid: str) -> StoredSession | None:
        """Return the session of a call, or ``None`` if the store has no session of the call."""
        return self._opened().load(sid)

    def save(self, session: StoredSession, expected_turn: int) -> bool:
        """Save a session. Return ``False`` if the stored session has a later turn than ``expected_turn``."""
        return self._opened().save(session, expected_turn)

    def remove_expired(self, now: float) -> int:
        """Remove the sessions that expired before ``now``, and return the number of removed sessions."""
        return self._opened().remove_expired(now)

    def close(self) -> None:
        """Close the open connections, if the store was opened."""
        if self._store is not None:
            self._store.close()

    def _opened(self) -> SharedStore:
        """Return the store, and open it if it is not open yet.

        :raises SessionError: if the store cannot be opened.
        """
        with self._lock:
            if self._store is None:
                self._store = self._opener.open(self._url)
                self.remote = self._store.remote
            return self._store


def _check(method: str, result: object, expected: Any, words: str) -> None:
    """Raise an error if a method of a store does not return what it must return.

    :param method: the name of the method.
    :param result: the return value.
    :param expected: the type of a valid return value.
    :param words: the type in words.
    """
    if not isinstance(result, expected):
        raise SessionError(f"its {method}() must return {words}, not {describe_value(result)}")
