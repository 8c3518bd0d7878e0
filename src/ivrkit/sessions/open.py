"""Opening of the session store that the setting ``session_url`` names."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from ivrkit.errors import SessionError, StoreUnavailable, nearest
from ivrkit.session_store import SharedStore
from ivrkit.sessions.encryption import SessionCipher
from ivrkit.sessions.manager import CHECK_SID, SessionManager
from ivrkit.settings.redaction import redact_url

#: The URL scheme of sessions that are only in cookies.
COOKIE_SCHEME = "cookie"
#: The secret in dev mode without a token. It protects nothing, and need not: only this machine can reach the server.
_DEV_MODE_SECRETS = ("ivrkit in dev mode",)

#: URL scheme -> the function that opens the store of a URL.
StoreFactories = Mapping[str, Callable[[str], SharedStore]]

log = logging.getLogger("ivrkit.sessions")


def open_sessions(url: str, stores: StoreFactories, tokens: Sequence[str], language: str) -> SessionManager:
    """Open the store of a URL, and return the session manager that uses the store.

    If the store is temporarily unavailable, the error is logged and not raised. The calls continue with their cookies
    in the meantime, so a worker that restarts must be able to start.

    :param url: the URL of a store, such as ``sqlite:///calls.sqlite3``, or ``cookie:`` for no store.
    :param stores: dict of URL scheme -> function that opens a store. Plugins register these functions.
    :param tokens: the auth tokens, from which the keys of the encryption are derived: see
        :class:`~ivrkit.sessions.encryption.SessionCipher`.
    :param language: the language in which a new call starts.
    :raises SessionError: if the URL is invalid, or if the store cannot be opened for a permanent reason.
    """
    sessions = make_sessions(url, stores, tokens, language)
    try:
        sessions.load(CHECK_SID)
    except StoreUnavailable as error:
        log.error("the session store is unavailable: calls go on with their cookies until it is back: %s", error)
    return sessions


def make_sessions(url: str, stores: StoreFactories, tokens: Sequence[str], language: str) -> SessionManager:
    """Return the session manager for a URL, without a request to the store.

    The parameters are the parameters of :func:`open_sessions`.

    :raises SessionError: if the URL is invalid, or if the file of the store cannot be opened.
    """
    scheme, colon, rest = url.partition(":")
    if scheme == COOKIE_SCHEME and colon and not rest.strip("/"):
        store = None
    elif scheme in stores and colon:
        store = stores[scheme](url)
    else:
        schemes = [*stores, COOKIE_SCHEME]
        shown = redact_url(url) if "/" in url or "@" in url else url  # a plain word has no password
        raise SessionError(
            f"session_url must start with the scheme of a session store, not {shown!r}{nearest(scheme, schemes)}",
            hint=f"use one of these schemes: {', '.join(f'{each}:' for each in schemes)}",
        )
    return SessionManager(store, SessionCipher(tokens or _DEV_MODE_SECRETS), language)
