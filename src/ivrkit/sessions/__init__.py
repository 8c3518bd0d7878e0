"""Where calls are kept between their webhooks: what a store is, the stores that there are, and how both are used."""

from ivrkit.sessions.cookie import CookieStore
from ivrkit.sessions.keeper import Place, Sessions
from ivrkit.sessions.opening import open_sessions
from ivrkit.sessions.postgresql import PostgreSQLStore
from ivrkit.sessions.redis import RedisStore
from ivrkit.sessions.seal import Seal
from ivrkit.sessions.sqlite import SQLiteStore
from ivrkit.store import Kept, SharedStore, Store

__all__ = [
    "CookieStore",
    "Kept",
    "Place",
    "PostgreSQLStore",
    "RedisStore",
    "SQLiteStore",
    "Seal",
    "Sessions",
    "SharedStore",
    "Store",
    "open_sessions",
]
