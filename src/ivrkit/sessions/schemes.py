"""The plugin that registers ivrkit's own session stores by their URL schemes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ivrkit.errors import SessionError
from ivrkit.hookspecs import hookimpl
from ivrkit.session_store import SharedStore
from ivrkit.sessions.postgresql import PostgreSQLStore
from ivrkit.sessions.redis import RedisStore
from ivrkit.sessions.sqlite import SQLiteStore
from ivrkit.settings.redaction import SESSION_URL, redact_value


@hookimpl
def ivrkit_register_stores() -> Mapping[str, Callable[[str], SharedStore]]:
    """Return the functions that open the stores in SQLite, Redis and PostgreSQL, by URL scheme."""
    redis = dict.fromkeys(("redis", "rediss", "unix"), RedisStore)
    postgresql = dict.fromkeys(("postgresql", "postgres"), PostgreSQLStore)
    return {"sqlite": open_sqlite, **redis, **postgresql}


def open_sqlite(url: str) -> SQLiteStore:
    """Open the store in an SQLite file.

    :param url: ``sqlite:///`` and the path of the file.
    :raises SessionError: if the URL has no path of a file, or if the file cannot be opened.
    """
    path = url.removeprefix("sqlite:///")
    # An in-memory database would be another one in each thread.
    if path in ("", url, ":memory:"):
        raise SessionError(
            f"session_url must be sqlite:/// and the path of a file, not {redact_value(SESSION_URL, url)!r}",
            hint="for example sqlite:///calls.sqlite3, or sqlite:////var/lib/ivr/calls.sqlite3",
        )
    return SQLiteStore(path)
