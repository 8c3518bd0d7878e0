"""From a URL to the sessions of a tree."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from ivrkit.errors import SessionError, StoreUnavailable, nearest
from ivrkit.session_store import SharedStore
from ivrkit.sessions.encryption import SessionCipher
from ivrkit.sessions.manager import SessionManager
from ivrkit.sessions.remote import shown

#: The scheme of calls that are kept in their cookies alone.
COOKIE = "cookie"
#: What seals where there is no token: in dev mode, where this machine alone may ask, and may ask for anything.
NO_TOKEN = ("ivrkit in dev mode",)

#: Scheme -> what opens the store of a URL.
Stores = Mapping[str, Callable[[str], SharedStore]]

log = logging.getLogger("ivrkit.sessions")


def open_sessions(url: str, stores: Stores, tokens: Sequence[str], language: str) -> SessionManager:
    """Return the sessions that a URL names.

    :param url: such as ``sqlite:///calls.sqlite3``; ``cookie:`` to keep nothing on the server.
    :param stores: the stores that plugins offer.
    :param tokens: what cookies and secrets are sealed with, see :class:`~ivrkit.sessions.encryption.SessionCipher`.
    :param language: the language that a call begins in.
    :raises SessionError: for a URL that names no store, and a store that cannot be opened. One that is only not
        available at the moment is logged: calls are carried by their cookies until it is.
    """
    scheme, colon, rest = url.partition(":")
    if scheme == COOKIE and colon and not rest.strip("/"):
        store = None
    elif scheme in stores and colon:
        store = stores[scheme](url)
    else:
        known = [*stores, COOKIE]
        raise SessionError(
            f"session_url {(shown(url) if '/' in url or '@' in url else url)!r} names no store{nearest(scheme, known)}",
            hint=f"it begins with one of: {', '.join(f'{each}:' for each in known)}",
        )
    sessions = SessionManager(store, SessionCipher(tokens or NO_TOKEN), language)
    try:
        sessions.load("healthz")
    except StoreUnavailable:
        log.exception("the session store is away: calls are carried by their cookies until it is back")
    return sessions
