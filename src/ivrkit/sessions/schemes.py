"""The plugin by which ivrkit's own stores may be named by a URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ivrkit.errors import SessionError
from ivrkit.hookspecs import hookimpl
from ivrkit.session_store import SharedStore
from ivrkit.sessions.postgresql import PostgreSQLStore
from ivrkit.sessions.redis import RedisStore
from ivrkit.sessions.sqlite import SQLiteStore


@hookimpl
def ivrkit_register_stores() -> Mapping[str, Callable[[str], SharedStore]]:
    """Offer all own stores."""
    redis = dict.fromkeys(("redis", "rediss", "unix"), RedisStore)
    postgresql = dict.fromkeys(("postgresql", "postgres"), PostgreSQLStore)
    return {"sqlite": open_sqlite, **redis, **postgresql}


def open_sqlite(url: str) -> SQLiteStore:
    """Return the store in a file: ``sqlite:///`` and its path.

    :raises SessionError: for a URL that names no file, and a file that can't be opened.
    """
    path = url.removeprefix("sqlite:///")
    if path in ("", url, ":memory:"):
        raise SessionError(
            f"session_url {url!r} names no file",
            hint="use sqlite:/// and a path: sqlite:///calls.sqlite3, or sqlite:////var/lib/ivr/calls.sqlite3",
        )
    return SQLiteStore(path)
